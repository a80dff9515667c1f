package run

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"codeoceanfs/control/journal"
	"codeoceanfs/remote/api"
	"codeoceanfs/remote/catalog"
	"codeoceanfs/remote/fault"
)

const archivedDir = ".archived"

// Path is where an asset is in the mount.
func Path(e catalog.Entry) string {
	path := string(e.Type) + "/" + e.Dir
	if e.Archived {
		return archivedDir + "/" + path
	}
	return path
}

// asset is what a result says of an asset that is known.
func (r *Runner) asset(ctx context.Context, id string) *journal.Asset {
	a := &journal.Asset{ID: id}
	if e, err := r.dep.Catalog.ByID(ctx, id); err == nil { // deleted, otherwise
		a.Path, a.State = Path(e), string(e.State)
	}
	return a
}

// Resolve finds the asset that a request names: by its id, or else by its path in
// the mount.
func (r *Runner) Resolve(ctx context.Context, id, path string) (string, error) {
	if path == "" {
		return id, nil
	}
	if inside, ok := strings.CutPrefix(path, r.cfg.Point+"/"); ok && r.cfg.Point != "" {
		path = inside
	}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	archived := false
	switch {
	case len(parts) == 2 && parts[0] == ".by-id":
		return parts[1], nil
	case parts[0] == archivedDir:
		archived, parts = true, parts[1:]
	}
	if len(parts) != 2 {
		return "", fail(syscall.EINVAL, "it is like dataset/NAME, .archived/dataset/NAME or .by-id/ID", "path: %q is no asset's path in the mount", path)
	}
	e, err := r.dep.Catalog.Lookup(ctx, archived, api.Type(parts[0]), parts[1])
	if errors.Is(err, fault.ErrNotExist) {
		if e, err := r.dep.Catalog.Lookup(ctx, !archived, api.Type(parts[0]), parts[1]); err == nil {
			return "", fail(syscall.ENOENT, "it is "+Path(e), "path: there is no %s", path)
		}
	}
	if err != nil {
		return "", fmt.Errorf("path: %w", err)
	}
	return e.ID, nil
}

// resolveAll finds assets that are named by id, or by their path.
func (r *Runner) resolveAll(ctx context.Context, field string, names []string) ([]string, error) {
	ids := make([]string, len(names))
	for i, name := range names {
		ids[i] = name
		if !strings.Contains(name, "/") {
			continue
		}
		id, err := r.Resolve(ctx, "", name)
		if err != nil {
			return nil, fmt.Errorf("%s[%d]: %w", field, i, err)
		}
		ids[i] = id
	}
	return ids, nil
}
