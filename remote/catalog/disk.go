package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	// fileMagic begins every catalog on disk. Its number changes with the
	// meaning of what follows; a change of the records' fields needs no new
	// one, since they are part of the key.
	fileMagic = "codeoceanfs catalog 1\n"

	// saveEvery spares the disk: a catalog of 100,000 assets is 60 MB, and
	// what a kill loses is found again by the first look at what is new.
	saveEvery = 5 * time.Minute

	// orphaned is the age at which a temporary file cannot be another mount's
	// that is being written.
	orphaned = time.Hour
)

// errDamaged is a file that is not as it was written.
var errDamaged = errors.New("damaged")

// diskKey is what a file must be of to be ours: deployment, user, the view, and
// the shape of a record in this build.
func (c *Catalog) diskKey() [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %#v",
		c.cfg.API.Host(), c.cfg.Identity, c.cfg.Types, c.cfg.Query, record{}))
}

// diskFile is where the catalog is kept, or "".
func (c *Catalog) diskFile() string {
	if c.cfg.Dir == "" || c.cfg.Identity == "" {
		return ""
	}
	key := c.diskKey()
	return filepath.Join(c.cfg.Dir, "catalog-"+hex.EncodeToString(key[:8]))
}

// OnDisk reports whether a catalog was kept that Run will begin with, unless it
// is damaged.
func (c *Catalog) OnDisk() bool {
	name := c.diskFile()
	if name == "" {
		return false
	}
	_, err := os.Stat(name)
	return err == nil
}

// saveIfDue writes the catalog to disk if it has changed and that has not been
// done just now.
func (c *Catalog) saveIfDue() {
	if c.saved == nil || time.Since(c.savedAt) >= saveEvery {
		c.save()
	}
}

// save writes the catalog to disk if it has changed. Run alone calls it.
//
// Once the token was replaced, what is known may be another user's, and is not
// what the next mount with the first token is to begin with; nor is it what one
// with the new token looks for.
func (c *Catalog) save() {
	s, name := c.snap.Load(), c.diskFile()
	if name == "" || s == nil || s == c.saved || c.cfg.API.TokenChanges() > 0 {
		return
	}
	c.saved, c.savedAt = s, time.Now()
	c.mu.Lock()
	swept := c.status.LastSweep
	c.mu.Unlock()
	if err := c.write(name, s, swept); err != nil {
		c.log.Warn("catalog not saved, the next mount will list everything", "file", name, "error", err)
	}
}

// write makes the file whole, or not at all: nobody ever sees a part of it.
func (c *Catalog) write(name string, s *snapshot, swept time.Time) (err error) {
	if err := os.MkdirAll(c.cfg.Dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(c.cfg.Dir, filepath.Base(name)+".*.tmp") // 0600
	if err != nil {
		return err
	}
	defer func() {
		_ = f.Close() // its error matters below, before the rename
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	if err := encode(f, c.diskKey(), s, swept); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// restore takes over what the last mount has left on disk. What it cannot use
// it ignores: the platform has it all.
func (c *Catalog) restore() {
	name := c.diskFile()
	if name == "" {
		return
	}
	c.sweepOrphans(name)
	start := time.Now()
	t, swept, err := c.read(name)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			c.log.Warn("catalog on disk not used", "file", name, "error", err)
		}
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rec := range c.table.byID { // what was found or put meanwhile
		t.put(rec)
	}
	t.trust, t.held, t.loaded = c.table.trust, c.table.held, nil
	c.table = t
	if swept.Before(start) {
		c.status.LastSweep = swept
	}
	s := t.snapshot(nil, nil)
	c.saved, c.savedAt = s, start
	c.snap.Store(s)
	close(c.first.done)
	c.log.Debug("catalog read from disk", "assets", len(t.byID), "took", time.Since(start))
}

// read reads the file into a new table.
func (c *Catalog) read(name string) (*table, time.Time, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, time.Time{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, time.Time{}, err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 || !ok || int(owner.Uid) != os.Geteuid() {
		return nil, time.Time{}, errors.New("not a file that only its owner, the caller, can touch")
	}
	key := c.diskKey()
	return decode(f, info.Size(), append([]byte(fileMagic), key[:]...))
}

// sweepOrphans removes what a killed process left half written.
func (c *Catalog) sweepOrphans(name string) {
	temps, _ := filepath.Glob(name + ".*.tmp") // only a bad pattern is an error
	for _, temp := range temps {
		if info, err := os.Lstat(temp); err == nil && time.Since(info.ModTime()) > orphaned {
			_ = os.Remove(temp)
		}
	}
}
