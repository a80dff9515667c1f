package catalog

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/gob"
	"fmt"
	"io"
	"time"

	"codeoceanfs/remote/api"
)

// A catalog on disk is: fileMagic, the key, one diskHead, then Records
// diskRecords, and the SHA-256 of all that. The raw records are in their pages,
// each with the first asset that needs it.

type diskHead struct {
	Records int
	Swept   time.Time
}

type diskRecord struct {
	Asset    api.Asset
	Sum      uint64
	Archived bool
	New      *page // the page after those that came before, or nil
	Page     int   // which of the pages so far holds the raw record
	Index    int   // and where
}

// ioBuffer makes reads and writes few; gob's own are of a few bytes.
const ioBuffer = 256 << 10

func encode(w io.Writer, key [sha256.Size]byte, s *snapshot, swept time.Time) error {
	sum := sha256.New()
	buf := bufio.NewWriterSize(io.MultiWriter(w, sum), ioBuffer)
	_, _ = buf.WriteString(fileMagic) // a bufio.Writer keeps its error for Flush
	_, _ = buf.Write(key[:])
	enc := gob.NewEncoder(buf)
	if err := enc.Encode(diskHead{len(s.byID), swept}); err != nil {
		return err
	}
	pages := map[*page]int{}
	for _, e := range s.byID {
		d := diskRecord{Asset: *e.Asset, Sum: e.sum, Archived: e.Archived, Index: e.raw.i}
		at, ok := pages[e.raw.page]
		if !ok {
			at = len(pages)
			pages[e.raw.page] = at
			d.New = e.raw.page
		}
		d.Page = at
		if err := enc.Encode(d); err != nil {
			return err
		}
	}
	if err := buf.Flush(); err != nil {
		return err
	}
	_, err := w.Write(sum.Sum(nil))
	return err
}

// decode reads a file of that size, which must begin with head.
func decode(r io.ReadSeeker, size int64, head []byte) (*table, time.Time, error) {
	fail := func(why string, err error) (*table, time.Time, error) {
		if err != nil {
			why = fmt.Sprintf("%s: %v", why, err)
		}
		return nil, time.Time{}, fmt.Errorf("%w: %s", errDamaged, why)
	}
	// First the sum: only what we wrote is decoded.
	body := size - sha256.Size
	if body < int64(len(head)) {
		return fail("too short", nil)
	}
	sum := sha256.New()
	if _, err := io.CopyN(sum, r, body); err != nil {
		return fail("read", err)
	}
	var want [sha256.Size]byte
	if _, err := io.ReadFull(r, want[:]); err != nil {
		return fail("read", err)
	}
	if !bytes.Equal(sum.Sum(nil), want[:]) {
		return fail("wrong checksum", nil)
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return fail("seek", err)
	}
	buf := bufio.NewReaderSize(io.LimitReader(r, body), ioBuffer)
	got := make([]byte, len(head))
	if _, err := io.ReadFull(buf, got); err != nil || !bytes.Equal(got, head) {
		return fail("another version, or of another user", err)
	}
	dec := gob.NewDecoder(buf)
	var h diskHead
	if err := dec.Decode(&h); err != nil {
		return fail("head", err)
	}
	t, intern := newTable(), interner{}
	var pages []*page
	for range h.Records {
		var d diskRecord
		if err := dec.Decode(&d); err != nil {
			return fail("record", err)
		}
		if d.New != nil {
			pages = append(pages, d.New)
		}
		if d.Asset.ID == "" || d.Page < 0 || d.Page >= len(pages) || d.Index < 0 || d.Index >= len(pages[d.Page].Ends) {
			return fail("record", nil)
		}
		t.put(&record{
			asset: intern.slim(&d.Asset), sum: d.Sum, archived: d.Archived,
			raw: packed{pages[d.Page], d.Index},
		})
	}
	t.packed = len(t.byID)
	return t, h.Swept, nil
}
