package commands

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"codeoceanfs/fs/daemon"
	"codeoceanfs/fs/mountpoint"
	"codeoceanfs/fs/service"
)

// run does the work here, or in a background process that this one waits for.
func run(c *cli.Context, parent *daemon.Parent, s *service.Settings, work func(context.Context, *service.Settings, func(text string)) error) error {
	background := !c.Bool("foreground")
	s.LogFile = service.Absolute(c.String("log-file"))
	if err := s.Check(); err != nil {
		return exitError{err, exitUsage}
	}
	place := "--log-file " + s.LogFile
	if background && s.LogFile == "" {
		s.LogFile = filepath.Join(s.CacheDir, "log", service.LogName(s.Point))
		place = "--cache-dir " + s.CacheDir
	}
	log, closer, err := service.OpenLog(s.LogFile, c.String("log-level"), c.String("log-format"))
	var path *fs.PathError
	if errors.As(err, &path) {
		err = fmt.Errorf("%s cannot be used, name another place: %w", place, err)
	}
	if err != nil {
		return exitError{err, exitUsage}
	}
	defer closer.Close()
	if background && parent == nil {
		text, warning, err := daemon.Start(c.Context, s.LogFile)
		if err != nil {
			return mountFailed(err)
		}
		if warning != "" {
			warn(c, warning)
		}
		fmt.Fprintf(c.App.Writer, "%s\nto end it: %s umount %s\nits log: %s\n", text, service.Program(), service.Quote(mountpoint.Resolve(s.Point)), s.LogFile)
		return nil
	}
	s.Logger = log
	switch {
	case parent != nil:
		s.Warn = parent.Warn
	case s.LogFile != "": // else the log is on the terminal
		s.Warn = func(text string) { warn(c, text) }
	}
	ready := func(text string) {
		if parent != nil {
			parent.Ready(text)
		} else {
			fmt.Fprintln(c.App.Writer, text)
		}
	}
	err = work(c.Context, s, ready)
	if err != nil && parent != nil {
		log.Error("not mounted", "error", err)
	}
	return mountFailed(err)
}

// warn tells the user of what is no failure.
func warn(c *cli.Context, text string) {
	fmt.Fprintf(c.App.ErrWriter, "codeoceanfs: warning: %s\n", text)
}
