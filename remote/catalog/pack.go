package catalog

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"sync"
)

// pageRecords is how many raw records are compressed together. Records have
// the same keys in the same order, so 16 of them shrink to about a fifth, where
// one alone shrinks to half; and reading one inflates 24 KiB, a tenth of a
// millisecond.
const pageRecords = 16

// page holds raw records, compressed together.
type page struct {
	Data []byte   // flate
	Ends []uint32 // where each record ends in what is inflated
}

// packed is one record in its page.
type packed struct {
	page *page
	i    int
}

// packer compresses pages. It keeps the compressor, which is large.
type packer struct {
	mu sync.Mutex // guards w
	w  *flate.Writer
}

// pack compresses at most pageRecords raw records.
func (p *packer) pack(raws [][]byte) *page {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out bytes.Buffer
	if p.w == nil {
		// The error is of a wrong level only. The fastest level makes the
		// first load of 100,000 assets some seconds shorter than the default
		// for a tenth more memory.
		p.w, _ = flate.NewWriter(&out, flate.BestSpeed)
	} else {
		p.w.Reset(&out)
	}
	pg := &page{}
	var end uint32
	for _, raw := range raws {
		_, _ = p.w.Write(raw) // a bytes.Buffer takes everything
		end += uint32(len(raw))
		pg.Ends = append(pg.Ends, end)
	}
	_ = p.w.Close()
	pg.Data = bytes.Clone(out.Bytes())
	return pg
}

// unpack is the raw record.
func (p packed) unpack() ([]byte, error) {
	if p.page == nil || p.i < 0 || p.i >= len(p.page.Ends) {
		return nil, fmt.Errorf("record %d of a page that has it not", p.i)
	}
	start, end := uint32(0), p.page.Ends[p.i]
	if p.i > 0 {
		start = p.page.Ends[p.i-1]
	}
	r := flate.NewReader(bytes.NewReader(p.page.Data))
	if _, err := io.CopyN(io.Discard, r, int64(start)); err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(r, int64(end)-int64(start)))
	if err == nil && len(raw) != int(end-start) {
		err = io.ErrUnexpectedEOF
	}
	return raw, err
}
