package emulator

import (
	"bufio"
	"encoding/json"
	"errors"
	"hash/fnv"
	"net/http"
	"slices"
	"strings"

	"codeoceanfs/remote/emulator/files"
)

// maxNesting is how deep combined assets may hold combined assets.
const maxNesting = 8

// fileTree is an internal asset's files; a combined one's are those of its
// members, each in the folder that its mount names.
func (s *Server) fileTree(id string) (files.Tree, error) { return s.nestedTree(id, 0) }

func (s *Server) nestedTree(id string, depth int) (files.Tree, error) {
	e, ok := s.shelf.get(id)
	switch {
	case !ok:
		return nil, refuse(http.StatusNotFound, "data asset %s not found", id)
	case e.external():
		return nil, bad("data asset %s is external: its files are in the bucket %s", id, e.SourceBucket.Bucket)
	case e.Type != "combined":
		return e.tree(), nil
	case depth > maxNesting:
		return nil, bad("data asset %s holds itself", id)
	}
	var members []files.Tree
	for _, c := range e.Contained {
		t, err := s.nestedTree(c.ID, depth+1)
		var no *refusal
		if errors.As(err, &no) && no.status == http.StatusNotFound {
			continue // deleted since
		}
		if err != nil {
			return nil, err
		}
		members = append(members, files.At(c.Mount, t))
	}
	if len(members) == 0 {
		members = append(members, files.Memory())
	}
	return files.Union(members...), nil
}

// readable is the tree of the asset that the call is about, if the caller may
// read it and it can be read.
func (s *Server) readable(c *call) (*entry, files.Tree, error) {
	e, err := s.asset(c, viewer)
	if err != nil {
		return nil, nil, err
	}
	if e.RefuseFiles {
		return nil, nil, refuse(http.StatusForbidden, "forbidden: no permission for the files of data asset %s", e.ID)
	}
	if state := e.stateAt(c.now); state != "ready" {
		return nil, nil, bad("data asset %s is not ready: %s", e.ID, state)
	}
	if e.Type == "combined" && c.quirks.RefuseCombined {
		return nil, nil, bad("data asset %s is combined: ask for the files of its data assets", e.ID)
	}
	tree, err := s.fileTree(e.ID)
	if err == nil && c.quirks.EmptyAfterReady > 0 && c.now.Before(e.ready.Add(c.quirks.EmptyAfterReady)) {
		tree = files.Memory()
	}
	return e, tree, err
}

// item is one line of the list-files answer.
type item struct {
	Name string `json:"name"`
	Path string `json:"path"`
	Type string `json:"type"`
	Size any    `json:"size,omitempty"`
	// X is a field that nobody knows.
	X any `json:"x_object,omitempty"`
}

// listFiles lists one folder. The answer is written as it is found: a folder
// may hold a million files.
func (s *Server) listFiles(c *call) (any, error) {
	var body struct {
		Path string `json:"path"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	_, tree, err := s.readable(c)
	if err != nil {
		return nil, err
	}
	dir := body.Path
	if dir != "" && !strings.HasSuffix(dir, "/") {
		dir += "/"
	}
	found := dir == ""
	if !found {
		if err := tree.Walk(dir, "", "", func(files.Item) bool { found = true; return false }); err != nil {
			return nil, err
		}
	}
	if !found && !c.quirks.MissingIsEmpty {
		return nil, refuse(http.StatusNotFound, "folder %q not found", body.Path)
	}
	if c.quirks.Unsorted {
		tree = shuffled{tree}
	}
	return func(w http.ResponseWriter) {
		if err := writeItems(w, tree, dir, c.quirks); err != nil {
			s.log.Error("listing broken off", "asset", c.PathValue("id"), "error", err)
			panic(http.ErrAbortHandler)
		}
	}, nil
}

func writeItems(w http.ResponseWriter, tree files.Tree, dir string, q Quirks) error {
	b := bufio.NewWriterSize(w, 64<<10) // one system call for some 500 files
	separator := `{"items":[`
	var failed error
	write := func(i item) bool {
		if q.ExtraFields {
			i.X = map[string]any{"items": []any{nil, "x"}, "name": 7}
		}
		line, err := json.Marshal(i)
		if err == nil {
			_, _ = b.WriteString(separator) // the buffer keeps its first error for the next call
			_, err = b.Write(line)
		}
		separator, failed = ",", err
		return err == nil
	}
	err := tree.Walk(dir, "/", "", func(i files.Item) bool {
		name := strings.TrimPrefix(strings.TrimSuffix(i.Key, "/"), dir)
		switch {
		case i.Key == dir && i.Size == 0:
			return true // a marker of the folder itself
		case !i.Prefix:
			return write(item{Name: name, Path: i.Key, Type: "file", Size: q.size(i.Size)})
		}
		it := item{Name: name, Path: strings.TrimSuffix(i.Key, "/"), Type: "folder"}
		if q.SlashedFolders {
			it.Path = i.Key
		}
		if q.FolderSizes {
			it.Size = q.size(0)
		}
		return write(it)
	})
	if err = errors.Join(err, failed); err != nil {
		return err
	}
	if separator != "," {
		_, _ = b.WriteString(separator)
	}
	_, _ = b.WriteString("]}\n")
	return b.Flush()
}

// shuffled is a tree that lists in an order which looks like none, and is
// always the same.
type shuffled struct{ files.Tree }

// Walk lists a folder.
func (t shuffled) Walk(prefix, delimiter, after string, yield func(files.Item) bool) error {
	var all []files.Item
	err := t.Tree.Walk(prefix, delimiter, after, func(i files.Item) bool { all = append(all, i); return true })
	rank := func(i files.Item) uint32 {
		h := fnv.New32a()
		_, _ = h.Write([]byte(i.Key)) // a hash never fails
		return h.Sum32()
	}
	slices.SortFunc(all, func(a, b files.Item) int { return int(rank(a)) - int(rank(b)) })
	for _, i := range all {
		if !yield(i) {
			break
		}
	}
	return err
}
