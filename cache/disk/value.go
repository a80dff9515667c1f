package disk

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"
)

// Values are kept beside the blocks: small things that took a request to get,
// such as the listing of a folder, each in a file of its own that is written
// whole or not at all.
//
// magic [8], identity [32], length uint64, checksum of all but the magic
// uint32, zero uint32, value. Numbers are little endian.
const (
	valueName  = ".value"
	valueMagic = "COvalue1"
	valueHead  = 56
	tempName   = ".tmp"

	// maxValues may wait to be written: more than any walk through folders
	// lists while the disk takes a breath.
	maxValues = 8192

	// valuePatience is how long a read of a value may take. The largest are
	// those that take the longest to ask for again.
	valuePatience = 5 * time.Second

	// valuesPart of the size allowed is for values, and theirs alone: to be of
	// use they must outlive the blocks of the files that they tell of.
	valuesPart = 16
)

// value is one to be written.
type value struct {
	key  string
	make func() []byte // nil to remove it
}

func valueID(key string) identity { return identify("value\x00"+key, -1) }

// Value gives what was kept under key, if it is there and right.
func (s *Store) Value(key string) ([]byte, bool) {
	read := make(chan []byte, 1)
	err := s.guardFor(valuePatience, func() error {
		root := s.directory()
		if root == nil {
			return fs.ErrNotExist
		}
		v, err := readValue(root, valueID(key))
		if err == nil {
			read <- v
		}
		return err
	})
	if !s.judge(err) {
		return nil, false
	}
	return <-read, true
}

// KeepValue has what make gives kept under key, in place of what was, by
// another goroutine. When too many wait already it is not kept.
func (s *Store) KeepValue(key string, make func() []byte) { s.queueValue(value{key, make}) }

// DropValue removes what is kept under key, likewise.
func (s *Store) DropValue(key string) { s.queueValue(value{key, nil}) }

func (s *Store) queueValue(v value) {
	select {
	case s.values <- v:
	default:
	}
}

// keepValues is the goroutine that writes values. At the end it writes those
// that still wait.
func (s *Store) keepValues() {
	for {
		select {
		case v := <-s.values:
			s.keepValue(v)
			continue
		default:
		}
		select {
		case v := <-s.values:
			s.keepValue(v)
		case <-s.stop:
			if len(s.values) == 0 {
				return
			}
		}
	}
}

func (s *Store) keepValue(v value) {
	root := s.directory()
	if root == nil {
		return
	}
	name := valueID(v.key).name() + valueName
	if v.make == nil {
		_ = root.Remove(name) // it may not be there
		return
	}
	raw := encodeValue(valueID(v.key), v.make())
	s.wrote(int64(len(raw)), writeValue(root, name, raw))
}

// writeValue makes the file whole, or not at all.
func writeValue(root *os.Root, name string, raw []byte) error {
	temp := name + "." + rand.Text() + tempName
	f, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Close()); err == nil {
		err = root.Rename(temp, name)
	}
	if err != nil {
		_ = root.Remove(temp)
	}
	return err
}

func readValue(root *os.Root, id identity) ([]byte, error) {
	name := id.name() + valueName
	f, err := openFile(root, name, os.O_RDONLY)
	if errors.Is(err, errForeign) {
		_ = root.RemoveAll(name)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	raw := make([]byte, info.Size())
	if _, err := io.ReadFull(f, raw); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	v, ok := decodeValue(id, raw)
	if !ok {
		_ = root.Remove(name)
		return nil, fmt.Errorf("value: %w", errCorrupt)
	}
	if now := time.Now(); now.Sub(info.ModTime()) > touchEvery {
		_ = root.Chtimes(name, now, now) // else it is taken for less wanted than it is
	}
	return v, nil
}

func encodeValue(id identity, v []byte) []byte {
	raw := append(make([]byte, 0, valueHead+len(v)), valueMagic...)
	raw = append(raw, id[:]...)
	raw = binary.LittleEndian.AppendUint64(raw, uint64(len(v)))
	sum := crc32.Update(crc32.Checksum(raw[len(valueMagic):], castagnoli), castagnoli, v)
	raw = binary.LittleEndian.AppendUint32(raw, sum)
	raw = append(raw, 0, 0, 0, 0)
	return append(raw, v...)
}

// decodeValue is the value in a file, if the file is right.
func decodeValue(id identity, raw []byte) ([]byte, bool) {
	if len(raw) < valueHead {
		return nil, false
	}
	v := raw[valueHead:]
	return v, string(encodeValue(id, v)[:valueHead]) == string(raw[:valueHead])
}

// orphaned is the age at which a temporary file cannot be one that is just
// being written.
const orphaned = time.Hour

// orphan tells whether a killed process has left the file.
func orphan(name string, info fs.FileInfo) bool {
	return strings.HasSuffix(name, tempName) && time.Since(info.ModTime()) > orphaned
}
