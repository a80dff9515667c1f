package api

import (
	"context"
	"fmt"
	"hash/maphash"
	"io"
	"net/http"
	"strings"

	"codeoceanfs/remote/fault"
	"codeoceanfs/remote/transport"
)

// maxListing bounds the answer of one folder: five million files.
const maxListing = 1 << 30

// File is one entry of an asset's folder.
type File struct {
	Name   string // any string: it may be no legal file name, or nothing at all
	Path   string // from the asset's root, without a slash in front; should end in Name, and may not
	Folder bool
	Size   int64 // in bytes, -1 when the platform gave none that makes sense
}

// fileRecord is a File as it comes.
type fileRecord struct {
	Name text    `json:"name"`
	Path text    `json:"path"`
	Type text    `json:"type"`
	Size *number `json:"size"`
}

// ListFiles gives emit each entry of one folder of an internal asset, "" for its
// root, in the platform's order, each once, as they arrive; also those that say
// nothing, without a name. An error of emit ends the listing and is returned as
// it is. The listing is complete only when
// ListFiles returns nil. A missing folder is fault.ErrNotExist, or has no
// entries, as the platform likes; an asset that may be seen but not read is
// fault.ErrRefused.
func (c *Client) ListFiles(ctx context.Context, id, dir string, emit func(File) error) error {
	dir = strings.Trim(dir, "/")
	k := &call{
		op: "list files", method: http.MethodPost, path: assetPath(id, "files"),
		body: map[string]string{"path": dir}, asset: id, file: dir,
	}
	payload, err := k.payload()
	if err != nil {
		return k.fail(err)
	}
	l := lister{dir: dir, emit: emit, seed: maphash.MakeSeed()}
	err = c.lists.Do(ctx, func(ctx context.Context, attempt int) error {
		// Getting an answer has its own budget and attempts; here it is about
		// answers that break off.
		var resp *http.Response
		body, err := c.calls.Open(ctx, func(ctx context.Context, again int) (io.ReadCloser, error) {
			if attempt+again > 0 {
				c.stats.repeated.Add(1)
			}
			var err error
			if resp, err = c.send(ctx, k, payload); err != nil {
				return nil, err
			}
			return resp.Body, nil
		})
		if err != nil {
			return transport.Final(err)
		}
		defer transport.Drain(body)
		if err := l.read(&bounded{r: body, left: maxListing}); err != nil {
			if l.stopped != nil {
				return transport.Final(err)
			}
			return c.badAnswer(k, resp, err)
		}
		return nil
	})
	if l.stopped != nil {
		return l.stopped
	}
	return err
}

// lister passes on the entries of one folder, each once, over as many answers
// as it takes: it skips what it emitted, and knows it again by its hash.
type lister struct {
	dir  string
	emit func(File) error
	seed maphash.Seed

	count   int    // entries emitted
	sum     uint64 // hash over them
	stopped error  // of emit
}

// errOther is a second answer that does not begin as the first did.
var errOther = transport.Final(fmt.Errorf("%w: the folder changed while it was listed", fault.ErrStale))

// read passes on one answer.
func (l *lister) read(body io.Reader) error {
	fields, items := 0, false
	err := eachField(body, func(name string, s *stream) error {
		fields++
		if name != "items" {
			return s.skip()
		}
		items = true
		return l.items(s)
	})
	if err == nil && fields > 0 && !items {
		return fmt.Errorf("%w: no items", errShape)
	}
	return err
}

func (l *lister) items(s *stream) error {
	var hash maphash.Hash
	hash.SetSeed(l.seed)
	seen := 0
	err := s.each(func() error {
		var r fileRecord
		if err := s.decode(&r); err != nil {
			return err
		}
		f := r.file(l.dir)
		seen++
		maphash.WriteComparable(&hash, f)
		if seen <= l.count {
			if seen == l.count && hash.Sum64() != l.sum {
				return errOther
			}
			return nil
		}
		if l.stopped = l.emit(f); l.stopped != nil {
			return l.stopped
		}
		l.count, l.sum = seen, hash.Sum64()
		return nil
	})
	if err == nil && seen < l.count {
		return errOther
	}
	return err
}

// file makes one form of the several in which entries come.
func (r fileRecord) file(dir string) File {
	name, path := string(r.Name), strings.TrimPrefix(string(r.Path), "/")
	f := File{Size: r.Size.orUnknown()}
	switch strings.ToLower(string(r.Type)) {
	case "folder", "directory", "dir":
		f.Folder = true
	case "file":
	default:
		f.Folder = strings.HasSuffix(path, "/") || strings.HasSuffix(name, "/")
	}
	if f.Folder {
		name, path = strings.TrimSuffix(name, "/"), strings.TrimSuffix(path, "/")
	}
	switch {
	case name == "" && dir != "" && strings.TrimSuffix(path, "/") == dir:
		path = dir + "/" // what is below the folder under no name at all
	case name == "":
		name = path[strings.LastIndexByte(path, '/')+1:]
	case path == "" && dir == "":
		path = name
	case path == "":
		path = dir + "/" + name
	}
	f.Name, f.Path = name, path
	return f
}
