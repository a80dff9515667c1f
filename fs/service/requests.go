package service

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"

	"codeoceanfs/control/journal"
	"codeoceanfs/control/run"
	"codeoceanfs/fs"
	"codeoceanfs/remote"
)

// requests prepares what changes assets, and what ends it. A mount that is
// read-only has none.
func (s *Settings) requests(dep *remote.Deployment) (*run.Runner, func(), error) {
	if s.ReadOnly {
		return nil, func() {}, nil
	}
	// By deployment, and not by token: a token is renewed, and what was asked
	// for with the old one was asked for. The demo's address is another each time,
	// and its assets are the same.
	name := url.PathEscape(dep.API.Host())
	if s.demoData != "" {
		name = "demo"
	}
	j, err := journal.Open(filepath.Join(s.StateDir, "requests", name))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: --state-dir names another place, and --read-only does without", err)
	}
	r := run.New(run.Config{
		Deployment: dep, Journal: j, Errno: fs.Errno, Point: Absolute(s.Point),
		AllowDelete: s.AllowDelete, AllowTransfer: s.AllowTransfer, Logger: s.Logger,
	})
	return r, func() {
		ctx, cancel := context.WithTimeout(context.Background(), unmountTime)
		defer cancel()
		r.Close(ctx)
		if err := j.Close(); err != nil {
			s.Logger.Error("the journal of requests is not closed", "error", err)
		}
	}, nil
}
