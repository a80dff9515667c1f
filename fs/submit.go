package fs

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"syscall"
	"time"

	"codeoceanfs/control/journal"
	"codeoceanfs/control/request"
	"codeoceanfs/control/run"
	"codeoceanfs/remote/api"
	"codeoceanfs/remote/fault"
)

// submit carries out a request, and waits until the kernel, too, has been told
// what it changed: the next command of a script looks at the tree.
func (t *tree) submit(ctx context.Context, verb request.Verb, key string, body []byte, path string) syscall.Errno {
	call := t.begin(ctx, requestBudget, string(verb), at{"", path}, "")
	defer call.end()
	if verb == request.Permissions && uuid.MatchString(key) {
		if err := t.ownPermissions(call, key, body); err != nil {
			t.cfg.Requests.Refuse(journal.ID{Verb: verb, Key: key}, err, body)
			return t.refused("request", path, err)
		}
		// It is the asset's own file, and may be written again and again.
		if err := t.cfg.Requests.Forget(journal.ID{Verb: verb, Key: key}); err != nil {
			return t.refused("request", path, err)
		}
	}
	if err := t.cfg.Requests.Submit(call, verb, key, body); err != nil {
		return t.refused("request", path, err)
	}
	t.cfg.Changes.wait(call)
	return 0
}

// ownPermissions refuses what is written into an asset's own file and is about
// another one: a copy of that one's.
func (t *tree) ownPermissions(ctx context.Context, id string, body []byte) *run.Error {
	req, err := request.Decode(request.Permissions, body)
	if err != nil {
		return nil // as Submit says
	}
	about, err := t.cfg.Requests.Resolve(ctx, req.ID, req.Path)
	if err != nil || strings.EqualFold(about, id) {
		return nil // as Submit says
	}
	if _, err := t.dep.Catalog.ByID(ctx, id); err != nil {
		return nil // a key like any other
	}
	return &run.Error{
		Errno: syscall.EINVAL, Hint: "write it into permissions/" + about + ".json, or name this asset",
		Err: errors.New("this is the file of another asset than the one that it names"),
	}
}

// submitAll submits a whole file, as a write of all of it would.
func (t *tree) submitAll(ctx context.Context, verb request.Verb, key string, data []byte, path string) syscall.Errno {
	var s request.Scanner
	n, err := s.Write(data)
	if err == nil && n < len(data) {
		err = request.ErrMore
	}
	if err == nil {
		err = s.Err()
	}
	if err != nil {
		refusal := scanError(err)
		t.cfg.Requests.Refuse(journal.ID{Verb: verb, Key: key}, refusal, s.Body())
		return t.refused("request", path, refusal)
	}
	return t.submit(ctx, verb, key, s.Body(), path)
}

// scanError is what is wrong with a body before it is read.
func scanError(err error) *run.Error {
	errno := syscall.EINVAL
	if errors.Is(err, request.ErrTooLong) {
		errno = syscall.EFBIG
	}
	return &run.Error{Errno: errno, Err: err}
}

// refused gives a request's error to the program that made it, and remembers it.
func (t *tree) refused(op, path string, err error) syscall.Errno {
	return t.refusedFor(op, "", path, err)
}

// refusedFor is refused for a request about one asset.
func (t *tree) refusedFor(op, asset, path string, err error) syscall.Errno {
	var ours *run.Error
	if !errors.As(err, &ours) {
		return t.fail(op, asset, path, err)
	}
	t.faults.Add(t.cfg.Logger, op, asset, path, ours.Errno, ours)
	return ours.Errno
}

// ofRename is what a rename says of a request that it makes: of EINVAL mv would
// say that the file cannot be moved into itself.
func ofRename(errno syscall.Errno) syscall.Errno {
	if errno == syscall.EINVAL {
		return syscall.EBADMSG
	}
	return errno
}

// permissions are those of an asset as they are now: permissions/ID.json shows
// them in the form in which they can be written back.
func (t *tree) permissions(ctx context.Context, verb request.Verb, id string) (content, bool, error) {
	if verb != request.Permissions || !uuid.MatchString(id) {
		return content{}, false, nil
	}
	p, err := t.dep.API.Permissions(ctx, id)
	if errors.Is(err, fault.ErrNotExist) {
		return content{}, false, nil
	}
	if err != nil {
		return content{}, false, err
	}
	raw, err := json.MarshalIndent(struct {
		ID string `json:"id"`
		*api.Permissions
	}{id, p}, "", "  ")
	return content{append(raw, '\n'), time.Now()}, err == nil, err
}
