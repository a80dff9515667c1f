package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// locked runs do while no other process or goroutine uses the journal, after
// what the others wrote has been read.
func (j *Journal) locked(do func() error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for deadline := time.Now().Add(lockTime); ; time.Sleep(lockPoll) {
		if err := j.reopen(); err != nil {
			return fmt.Errorf("open the journal: %w", err)
		}
		err := syscall.Flock(int(j.file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil && j.replaced() {
			continue // it was compacted between our open and our lock
		}
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return fmt.Errorf("lock the journal: %w", err)
		}
		if time.Now().After(deadline) {
			return ErrBusy
		}
	}
	file := j.file // do may put another in its place
	defer func() { _ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN) }()
	if err := j.catchUp(); err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	return do()
}

// reopen opens the file that is there, if it is not the one that is open.
func (j *Journal) reopen() error {
	if j.file != nil && !j.replaced() {
		return nil
	}
	f, err := os.OpenFile(filepath.Join(j.dir, fileName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	j.use(f)
	return nil
}

func (j *Journal) use(f *os.File) {
	if j.file != nil {
		_ = j.file.Close()
	}
	j.file, j.read = f, 0
	clear(j.records)
}

// replaced reports whether another file has the name now.
func (j *Journal) replaced() bool {
	ours, err1 := j.file.Stat()
	there, err2 := os.Stat(filepath.Join(j.dir, fileName))
	return err1 != nil || err2 != nil || !os.SameFile(ours, there)
}

// catchUp reads the lines that others have added.
func (j *Journal) catchUp() error {
	st, err := j.file.Stat()
	if err != nil {
		return err
	}
	if st.Size() < j.read { // somebody cut it off: begin anew
		j.read = 0
		clear(j.records)
	}
	raw := make([]byte, st.Size()-j.read)
	if _, err := j.file.ReadAt(raw, j.read); err != nil {
		return err
	}
	replay(raw, j.records)
	j.read = st.Size()
	return nil
}

const (
	// keep is how long an ended request is remembered: longer than any script
	// that makes it again.
	keep = 180 * 24 * time.Hour
	// compactSize is when a journal is written anew at the next start: some
	// thousand requests.
	compactSize = 4 << 20
)

// compact writes a long journal anew, without what is overtaken or old.
func (j *Journal) compact() error {
	if j.read < compactSize {
		return nil
	}
	f, err := os.CreateTemp(j.dir, fileName+".*")
	if err != nil {
		return fmt.Errorf("compact the journal: %w", err)
	}
	defer os.Remove(f.Name()) // once renamed, it is not there
	e := json.NewEncoder(f)
	for _, r := range j.records {
		if r.Finished != nil && time.Since(*r.Finished) > keep {
			continue
		}
		err = errors.Join(err, e.Encode(line{Record: r}))
	}
	if err = errors.Join(err, f.Sync(), os.Rename(f.Name(), filepath.Join(j.dir, fileName))); err != nil {
		return fmt.Errorf("compact the journal: %w", errors.Join(err, f.Close()))
	}
	j.use(f)
	return j.catchUp()
}
