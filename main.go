// Codeoceanfs mounts the data assets of a Code Ocean deployment as a directory.
//
//	codeoceanfs mount --domain codeocean.example.org ~/codeocean
//	ls ~/codeocean/dataset
//	codeoceanfs umount ~/codeocean
//
// This file is the command line: flags, wiring, signals and exit statuses.
package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/go-units"
	"github.com/urfave/cli/v2"
	"github.com/urfave/cli/v2/altsrc"

	"codeoceanfs/control/client"
	"codeoceanfs/control/request"
	"codeoceanfs/fs/daemon"
	"codeoceanfs/fs/doctor"
	"codeoceanfs/fs/inventory"
	"codeoceanfs/fs/mountpoint"
	"codeoceanfs/fs/service"
	"codeoceanfs/fs/warm"
	"codeoceanfs/remote/api"
	"codeoceanfs/remote/bucket"
	"codeoceanfs/remote/emulator"
	"codeoceanfs/remote/emulator/samples"
)

// Exit statuses, as mount(8) has them.
const (
	exitUsage  = 1  // wrong flags, arguments or configuration
	exitSystem = 2  // anything else
	exitMount  = 32 // the mount cannot be made or taken away
)

func main() {
	service.DropEmpty(envPrefix, api.DomainVariables)
	parent := daemon.Foreground()
	ctx, stop := daemon.UntilSignalled(exitSystem)
	err := app(parent).RunContext(ctx, os.Args)
	stop()
	if err == nil {
		return
	}
	code := exitStatus(err)
	if parent != nil {
		parent.Fail(err, code) // it tells the user
	} else {
		fmt.Fprintf(os.Stderr, "codeoceanfs: %v\n", err)
	}
	os.Exit(code)
}

// envPrefix begins the variables that stand for flags.
const envPrefix = "CODEOCEANFS_"

// exitError is an error with the status that the program ends with.
type exitError struct {
	error
	status int
}

func (e exitError) Unwrap() error { return e.error }

// usagef is a mistake on the command line or in the configuration.
func usagef(format string, args ...any) error {
	return exitError{fmt.Errorf(format, args...), exitUsage}
}

// mountFailed is a failure to mount or unmount, or of the background process,
// which has chosen the status itself.
func mountFailed(err error) error {
	var failed *daemon.Failed
	switch {
	case err == nil:
		return nil
	case errors.As(err, &failed) && failed.Code != 0:
		return exitError{err, failed.Code}
	}
	return exitError{service.Explain(err), exitMount}
}

func exitStatus(err error) int {
	var exit exitError
	if errors.As(err, &exit) {
		return exit.status
	}
	return exitSystem
}

func app(parent *daemon.Parent) *cli.App {
	usage := func(c *cli.Context, err error, _ bool) error {
		return exitError{explainFlag(err, c.Command.Flags), exitUsage}
	}
	a := &cli.App{
		Name:                   "codeoceanfs",
		Usage:                  "mount the data assets of a Code Ocean deployment as a directory",
		Version:                service.Version(),
		UseShortOptionHandling: true,
		OnUsageError:           usage,
		ExitErrHandler:         func(*cli.Context, error) {}, // only main exits
		Commands: []*cli.Command{
			mountCommand(parent),
			umountCommand(),
			doctorCommand(),
			demoCommand(parent),
			emulatorCommand(),
			waitCommand(),
			warmCommand(),
			cacheCommand(),
			{
				Name: "version", Usage: "print the version",
				Action: func(c *cli.Context) error {
					fmt.Fprintln(c.App.Writer, "codeoceanfs", service.Version())
					return nil
				},
			},
		},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usagef("no command %q: see codeoceanfs help", c.Args().First())
			}
			return cli.ShowAppHelp(c)
		},
	}
	for _, verb := range request.Verbs {
		a.Commands = append(a.Commands, requestCommand(verb))
	}
	for _, command := range a.Commands {
		command.OnUsageError = usage
		for _, sub := range command.Subcommands {
			sub.OnUsageError = usage
		}
	}
	return a
}

// How the libraries say what is wrong with a flag.
var (
	badFlag  = regexp.MustCompile(`^flag provided but not defined: -(.*)$`)
	noValue  = regexp.MustCompile(`^flag needs an argument: -(.*)$`)
	badValue = regexp.MustCompile(`^(?:invalid (?:boolean )?value|could not parse) ("(?:[^"\\]|\\.)*") .*?(?:environment variable "(\w+)" )?for (?:flag )?-?([\w-]+): `)
)

// explainFlag says what is wrong with a flag in the words of the help, and what
// its value should have been.
func explainFlag(err error, all []cli.Flag) error {
	if m := badFlag.FindStringSubmatch(err.Error()); m != nil {
		return fmt.Errorf("there is no flag %q: see --help", m[1])
	}
	if m := noValue.FindStringSubmatch(err.Error()); m != nil {
		return fmt.Errorf("--%s needs a value", m[1])
	}
	m := badValue.FindStringSubmatch(err.Error())
	if m == nil {
		return err
	}
	value, variable, name := m[1], m[2], m[3]
	if variable != "" {
		value += " in " + variable
	}
	for _, f := range all {
		if !slices.Contains(f.Names(), name) {
			continue
		}
		name = f.Names()[0] // it may have been given by its letter
		switch f.(type) {
		case *cli.DurationFlag, *altsrc.DurationFlag:
			return fmt.Errorf("--%s %s is not a duration, as 30s or 5m", name, value)
		case *cli.IntFlag, *altsrc.IntFlag:
			return fmt.Errorf("--%s %s is not a whole number", name, value)
		case *cli.BoolFlag, *altsrc.BoolFlag:
			return fmt.Errorf("--%s %s is neither true nor false", name, value)
		}
	}
	return err
}

func umountCommand() *cli.Command {
	return &cli.Command{
		Name: "umount", Usage: "take a mount away", ArgsUsage: "MOUNTPOINT", Aliases: []string{"unmount"},
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "lazy", Aliases: []string{"z"}, Usage: "also when it is in use: programs that use it lose it", DisableDefaultText: true},
		},
		Action: func(c *cli.Context) error {
			point, err := oneArgument(c, "MOUNTPOINT")
			if err != nil {
				return err
			}
			return mountFailed(mountpoint.Unmount(point, c.Bool("lazy")))
		},
	}
}

func oneArgument(c *cli.Context, what string) (string, error) {
	switch {
	case c.NArg() == 1 && c.Args().First() != "":
		return c.Args().First(), nil
	case c.NArg() < 2:
		return "", usagef("%s is missing: codeoceanfs %s [flags] %s", what, c.Command.Name, what)
	}
	return "", usagef("%d arguments instead of one %s (flags come before it): %s",
		c.NArg(), what, strings.Join(c.Args().Slice(), " "))
}

// flags makes each flag readable from CODEOCEANFS_<FLAG> and from the
// configuration file, by its name.
func flags(all ...cli.Flag) []cli.Flag {
	env := func(name string, more []string) []string {
		return append([]string{envPrefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))}, more...)
	}
	for i, f := range all {
		switch f := f.(type) {
		case *cli.StringFlag:
			f.EnvVars, all[i] = env(f.Name, f.EnvVars), altsrc.NewStringFlag(f)
		case *cli.StringSliceFlag:
			f.EnvVars, all[i] = env(f.Name, f.EnvVars), altsrc.NewStringSliceFlag(f)
		case *cli.BoolFlag:
			f.EnvVars, all[i] = env(f.Name, f.EnvVars), altsrc.NewBoolFlag(f)
		case *cli.IntFlag:
			f.EnvVars, all[i] = env(f.Name, f.EnvVars), altsrc.NewIntFlag(f)
		case *cli.DurationFlag:
			f.EnvVars, all[i] = env(f.Name, f.EnvVars), altsrc.NewDurationFlag(f)
		}
	}
	return all
}

// backgroundFlags are those of the commands that go to the background.
func backgroundFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "foreground", Aliases: []string{"f"}, Usage: "stay in the foreground; ^C unmounts", DisableDefaultText: true},
		&cli.StringFlag{Name: "log-file", Usage: "log to `FILE`; without it to the terminal, and from the background to log/ in the cache directory"},
		&cli.StringFlag{Name: "log-level", Value: "info", Usage: "log what is at least of `LEVEL`: debug, info, warn or error"},
		&cli.StringFlag{Name: "log-format", Value: "text", Usage: "log as `FORMAT`: text or json"},
	}
}

// Bounds of timeouts: below the one no network is quick enough, and beyond the
// other, programs take what waits for hung.
const (
	leastTimeout = 100 * time.Millisecond
	mostTimeout  = 10 * time.Minute
)

// timeoutFlags say when to give up.
func timeoutFlags() []cli.Flag {
	all := []cli.Flag{
		&cli.DurationFlag{Name: "dial-timeout", Value: 5 * time.Second, Usage: "connect to a host within `DURATION`, or try another address, or again"},
		&cli.DurationFlag{Name: "tls-timeout", Value: 5 * time.Second, Usage: "agree with it on keys within `DURATION`"},
		&cli.DurationFlag{Name: "first-byte-timeout", Value: 10 * time.Second, Usage: "wait for the beginning of an answer for `DURATION`, of the platform's for twice as long"},
		&cli.DurationFlag{Name: "stall-timeout", Value: 10 * time.Second, Usage: "wait for `DURATION` for the next byte of an answer"},
		&cli.DurationFlag{Name: "read-timeout", Value: time.Minute, Usage: "fail a read with ETIMEDOUT after `DURATION`, all attempts included"},
		&cli.DurationFlag{Name: "metadata-timeout", Value: 30 * time.Second, Usage: "fail what asks for names and attributes after `DURATION`, likewise"},
	}
	for _, f := range all {
		f.(*cli.DurationFlag).Category = "Timeouts"
	}
	return all
}

// mountFlags are those of mount, each by its name in variables and in the file.
func mountFlags() []cli.Flag {
	all := flags(append([]cli.Flag{
		&cli.StringFlag{Name: "domain", Usage: "mount the deployment at `DOMAIN`, as codeocean.example.org; http:// for one on this machine", EnvVars: api.DomainVariables},
		&cli.StringFlag{Name: "token-file", Usage: "read the access token from `FILE`, which only you may read; without it $CODEOCEAN_TOKEN, or ~/.codeocean/credentials.json"},
		&cli.StringFlag{Name: "s3-endpoint", Usage: "look for the buckets of external assets in the store at `URL`, path style, instead of AWS"},
		&cli.StringFlag{Name: "cache-dir", Value: service.CacheDir(), Usage: "keep what was read, and the list of assets, in `DIR`"},
		&cli.StringFlag{Name: "cache-size", Value: "20G", Usage: "keep at most `SIZE` of files there; 0 keeps none"},
		&cli.StringFlag{Name: "state-dir", Value: service.StateDir(), Usage: "remember requests to change assets in `DIR`, so that none is sent twice"},
		&cli.StringFlag{Name: "memory-limit", Value: "512M", Usage: "use at most `SIZE` of memory"},
		&cli.BoolFlag{Name: "allow-other", Usage: "let the other users of this machine in; they read with your token", DisableDefaultText: true},
		&cli.IntFlag{Name: "uid", Value: os.Getuid(), Usage: "show the user `UID` as the owner of all files"},
		&cli.IntFlag{Name: "gid", Value: os.Getgid(), Usage: "show `GID` as the group of all files"},
		&cli.StringFlag{Name: "umask", Value: "022", Usage: "take the permissions in `MASK`, octal, from all files and directories"},
		&cli.BoolFlag{Name: "read-only", Usage: "change nothing: mount with the option ro, so that the kernel itself refuses to write", DisableDefaultText: true},
		&cli.BoolFlag{Name: "allow-delete", Usage: "let control/delete delete archived assets", DisableDefaultText: true},
		&cli.BoolFlag{Name: "allow-transfer", Usage: "let control/transfer move files to other buckets", DisableDefaultText: true},
		&cli.StringSliceFlag{Name: "type", Usage: "show assets of this `TYPE` only: dataset, result, combined or model; may be repeated"},
		&cli.StringFlag{Name: "query", Usage: "show only assets that the search `QUERY` finds, as tag:ecephys"},
		&cli.DurationFlag{Name: "refresh-interval", Value: time.Minute, Usage: "look for new and changed assets every `DURATION`"},
		&cli.IntFlag{Name: "max-api-requests", Value: 16, Usage: "make at most `N` calls of the platform's API at once"},
		&cli.IntFlag{Name: "max-s3-requests", Value: 32, Usage: "make at most `N` reads of files at once"},
		&cli.StringFlag{Name: "metrics-addr", Usage: "answer Prometheus at `ADDRESS` of this machine, as 127.0.0.1:9470; without it nobody"},
	}, slices.Concat(timeoutFlags(), backgroundFlags())...)...)
	return append(all, &cli.StringFlag{
		Name: "config", EnvVars: []string{envPrefix + "CONFIG"},
		Usage: "read flags from `FILE`, YAML, and rules for buckets (default: " + service.DefaultConfig() + " if it exists)",
	})
}

func mountCommand(parent *daemon.Parent) *cli.Command {
	all := mountFlags()
	buckets := map[string]bucket.Rule{}
	return &cli.Command{
		Name: "mount", Usage: "mount a deployment", ArgsUsage: "MOUNTPOINT", Flags: all,
		Description: "codeoceanfs mount --domain codeocean.example.org ~/codeocean",
		Before: func(c *cli.Context) (err error) {
			buckets, err = configure(c, all, all)
			return err
		},
		Action: func(c *cli.Context) error {
			point, err := oneArgument(c, "MOUNTPOINT")
			if err != nil {
				return err
			}
			s, err := settings(c, point)
			if err != nil {
				return exitError{err, exitUsage}
			}
			s.Buckets = buckets
			return run(c, parent, s, service.Mount)
		},
	}
}

func doctorCommand() *cli.Command {
	all := mountFlags()
	buckets := map[string]bucket.Rule{}
	return &cli.Command{
		Name: "doctor", Usage: "look for what keeps a mount from working, and say how to mend it", ArgsUsage: "[MOUNTPOINT]", Flags: all,
		Description: "The flags are those of mount. Each line says ok, a note, or what to fix; the exit status is 2 if there is something to fix. With a MOUNTPOINT it looks at the mount there, else at all.",
		Before: func(c *cli.Context) (err error) {
			buckets, err = configure(c, all, all)
			return err
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 1 {
				return usagef("%d arguments instead of one mount point (flags come before it): %s", c.NArg(), strings.Join(c.Args().Slice(), " "))
			}
			s, err := settings(c, c.Args().First())
			if err != nil {
				return exitError{err, exitUsage}
			}
			s.Buckets = buckets
			return doctor.Run(c.Context, s, c.App.Writer)
		},
	}
}

// settings reads the flags of mount.
func settings(c *cli.Context, point string) (*service.Settings, error) {
	s := &service.Settings{
		Point: point, Domain: c.String("domain"), TokenFile: service.Absolute(c.String("token-file")), Getenv: os.Getenv,
		S3Endpoint: c.String("s3-endpoint"), CacheDir: service.Absolute(c.String("cache-dir")),
		StateDir: service.Absolute(c.String("state-dir")), AllowOther: c.Bool("allow-other"), ReadOnly: c.Bool("read-only"),
		AllowDelete: c.Bool("allow-delete"), AllowTransfer: c.Bool("allow-transfer"),
		Types: c.StringSlice("type"), Query: c.String("query"), Refresh: c.Duration("refresh-interval"),
		MaxAPIRequests: c.Int("max-api-requests"), MaxS3Requests: c.Int("max-s3-requests"), Version: service.Version(), MetricsAddr: c.String("metrics-addr"),
	}
	if err := sizes(c, map[string]*int64{"cache-size": &s.CacheSize, "memory-limit": &s.MemoryLimit}); err != nil {
		return s, err
	}
	umask, err := strconv.ParseUint(c.String("umask"), 8, 32)
	if err != nil || umask > 0o777 {
		return s, fmt.Errorf("--umask %q is not a mask in octal, as 022", c.String("umask"))
	}
	for name, id := range map[string]*uint32{"uid": &s.UID, "gid": &s.GID} {
		n := c.Int(name)
		if n < 0 || n >= math.MaxUint32 { // the highest is chown's "leave it"
			return s, fmt.Errorf("--%s %d is not an id", name, n)
		}
		*id = uint32(n)
	}
	for _, name := range []string{"max-api-requests", "max-s3-requests"} {
		if c.Int(name) < 1 {
			return s, fmt.Errorf("--%s %d: at least 1", name, c.Int(name))
		}
	}
	for name, timeout := range map[string]*time.Duration{
		"dial-timeout": &s.Timeouts.Dial, "tls-timeout": &s.Timeouts.TLS, "first-byte-timeout": &s.Timeouts.FirstByte,
		"stall-timeout": &s.Timeouts.Stall, "read-timeout": &s.Timeouts.Operation, "metadata-timeout": &s.Timeouts.Metadata,
	} {
		*timeout = c.Duration(name)
		if *timeout < leastTimeout || *timeout > mostTimeout {
			return s, fmt.Errorf("--%s %s: from %s to %s", name, *timeout, leastTimeout, mostTimeout)
		}
	}
	s.Umask = uint32(umask)
	return s, nil
}

// sizes reads flags that are numbers of bytes.
func sizes(c *cli.Context, flags map[string]*int64) error {
	for name, size := range flags {
		n, err := units.RAMInBytes(c.String(name))
		if err != nil || n < 0 {
			return fmt.Errorf("--%s %q is not a size, as 80M", name, c.String(name))
		}
		*size = n
	}
	return nil
}

// run does the work here, or in a background process that this one waits for.
func run(c *cli.Context, parent *daemon.Parent, s *service.Settings, work func(context.Context, *service.Settings, func(text string)) error) error {
	background := !c.Bool("foreground")
	s.LogFile = service.Absolute(c.String("log-file"))
	if err := s.Check(); err != nil {
		return exitError{err, exitUsage}
	}
	if background && s.LogFile == "" {
		s.LogFile = filepath.Join(s.CacheDir, "log", service.LogName(s.Point))
	}
	log, closer, err := service.OpenLog(s.LogFile, c.String("log-level"), c.String("log-format"))
	if err != nil {
		return exitError{err, exitUsage}
	}
	defer closer.Close()
	if background && parent == nil {
		text, err := daemon.Start(c.Context, s.LogFile)
		if err != nil {
			return mountFailed(err)
		}
		fmt.Fprintf(c.App.Writer, "%s\nto end it: %s umount %s\nits log: %s\n", text, service.Program(), service.Quote(mountpoint.Resolve(s.Point)), s.LogFile)
		return nil
	}
	s.Logger = log
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

// configure gives the flags of a command that were not set the values that the
// configuration file has for them, which may have all, and returns its rules for
// buckets.
func configure(c *cli.Context, all, own []cli.Flag) (map[string]bucket.Rule, error) {
	text := make(map[string]bool) // flag → whether its value is text
	for _, f := range all {
		_, text[f.Names()[0]] = f.(*altsrc.StringFlag)
	}
	delete(text, "config")
	config, err := service.ReadConfig(c.String("config"), text)
	if err != nil {
		return nil, exitError{err, exitUsage}
	}
	// A variable goes before the file, also one that holds the token itself.
	if !c.IsSet("token-file") && api.HasToken(os.Getenv) {
		delete(config.Flags, "token-file")
	}
	if err := altsrc.ApplyInputSourceValues(c, altsrc.NewMapInputSource(config.File, config.Flags), own); err != nil {
		return nil, usagef("%s: %w", config.File, err)
	}
	return config.Buckets, nil
}

func warmCommand() *cli.Command {
	return &cli.Command{
		Name: "warm", Usage: "keep files of a mount on disk before they are read", ArgsUsage: "PATH...",
		Description: "codeoceanfs warm ~/codeocean/dataset/NAME\n\nThe files at and below PATH are read through the mount, unless they are on disk already.",
		Flags:       []cli.Flag{&cli.IntFlag{Name: "parallel", Value: 16, Usage: "read `N` files at once"}},
		Action: func(c *cli.Context) error {
			switch {
			case c.NArg() == 0:
				return usagef("PATH is missing: codeoceanfs warm [flags] PATH...")
			case c.Int("parallel") < 1:
				return usagef("--parallel %d: at least 1", c.Int("parallel"))
			}
			done, err := warm.Run(c.Context, c.Args().Slice(), c.Int("parallel"), warm.Show(c.App.Writer))
			if err != nil && done.Files == 0 {
				return usagef("%w", err)
			}
			done.Report(c.App.Writer)
			if n := len(done.Failures); err == nil && n > 0 {
				err = fmt.Errorf("%d of %d files are not on disk", n, done.Files)
			}
			return err
		},
	}
}

// cacheFlags are those of mount that say where the cache is.
func cacheFlags() []cli.Flag {
	return slices.DeleteFunc(mountFlags(), func(f cli.Flag) bool {
		return !slices.Contains([]string{"cache-dir", "cache-size", "config"}, f.Names()[0])
	})
}

func cacheCommand() *cli.Command {
	own := cacheFlags()
	before := func(c *cli.Context) error {
		if c.Args().First() == "clear" {
			return nil // it has flags of its own
		}
		_, err := configure(c, mountFlags(), own)
		return err
	}
	clearing := cacheFlags()
	return &cli.Command{
		Name: "cache", Usage: "show what of files is kept on disk", Flags: own, Before: before,
		Subcommands: []*cli.Command{{
			Name: "clear", Usage: "remove it; mounts go on, and fetch again what they need", Flags: clearing,
			Before: func(c *cli.Context) error {
				_, err := configure(c, mountFlags(), clearing)
				return err
			},
			Action: func(c *cli.Context) error {
				if c.NArg() > 0 {
					return usagef("cache clear takes no arguments, only flags: %s", strings.Join(c.Args().Slice(), " "))
				}
				return inventory.Clear(c.App.Writer, service.DataDir(service.Absolute(c.String("cache-dir"))))
			},
		}},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usagef("there is no command cache %s: cache, or cache clear", c.Args().First())
			}
			var limit int64
			if err := sizes(c, map[string]*int64{"cache-size": &limit}); err != nil {
				return exitError{err, exitUsage}
			}
			return inventory.Show(c.App.Writer, service.DataDir(service.Absolute(c.String("cache-dir"))), limit, time.Now())
		},
	}
}

func demoCommand(parent *daemon.Parent) *cli.Command {
	return &cli.Command{
		Name: "demo", Usage: "mount a deployment on this machine with sample assets; needs no account",
		ArgsUsage: "[MOUNTPOINT]",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "data", Value: service.DemoDir(), Usage: "keep its assets in `DIR`"},
		}, backgroundFlags()...),
		Action: func(c *cli.Context) error {
			point := c.Args().First()
			switch {
			case c.NArg() > 1:
				return usagef("%d arguments instead of one mount point (flags come before it): %s", c.NArg(), strings.Join(c.Args().Slice(), " "))
			case point == "":
				home, err := os.UserHomeDir()
				if err != nil {
					return usagef("no home directory to mount in: name a mount point")
				}
				point = filepath.Join(home, "codeocean-demo")
			}
			s := service.DemoSettings(point, service.Absolute(c.String("data")), service.Version())
			return run(c, parent, s, service.Demo)
		},
	}
}

func emulatorCommand() *cli.Command {
	return &cli.Command{
		Name: "emulator", Usage: "serve a directory of assets as a deployment on this machine",
		Flags: flags(
			&cli.StringFlag{Name: "data", Usage: "serve the assets in `DIR`/assets and the buckets in DIR/buckets; made if it is missing"},
			&cli.BoolFlag{Name: "samples", Usage: "put the sample assets into DIR first", DisableDefaultText: true},
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1:8280", Usage: "serve the API at `ADDRESS`"},
			&cli.StringFlag{Name: "s3-listen", Value: "127.0.0.1:8281", Usage: "serve S3 at `ADDRESS`"},
			&cli.DurationFlag{Name: "latency", Usage: "wait `DURATION` before the first byte of every answer"},
			&cli.StringFlag{Name: "conn-rate", Value: "0", Usage: "send at most `BYTES` a second on one connection, as 80M; 0 is no bound"},
			&cli.StringFlag{Name: "total-rate", Value: "0", Usage: "send at most `BYTES` a second on all connections together"},
			&cli.DurationFlag{Name: "url-lifetime", Value: time.Hour, Usage: "let signed URLs expire after `DURATION`"},
			&cli.DurationFlag{Name: "draft-time", Value: 3 * time.Second, Usage: "let created assets be drafts for `DURATION`"},
			&cli.IntFlag{Name: "populate", Usage: "add `N` made-up assets, in memory"},
		),
		Action: func(c *cli.Context) error {
			switch {
			case c.NArg() > 0:
				return usagef("emulator takes no arguments, only flags: %s", strings.Join(c.Args().Slice(), " "))
			case c.String("data") == "":
				return usagef("--data is missing: name the directory to serve")
			case c.Duration("latency") < 0, c.Duration("url-lifetime") < 0, c.Duration("draft-time") < 0, c.Int("populate") < 0:
				return usagef("a duration or number is negative")
			}
			cfg := emulator.Config{
				Data: service.Absolute(c.String("data")), Listen: c.String("listen"), S3Listen: c.String("s3-listen"),
				Latency: c.Duration("latency"), URLLifetime: c.Duration("url-lifetime"), DraftTime: c.Duration("draft-time"),
			}
			if err := sizes(c, map[string]*int64{"conn-rate": &cfg.ConnRate, "total-rate": &cfg.TotalRate}); err != nil {
				return exitError{err, exitUsage}
			}
			log, _, err := service.OpenLog("", "warn", "text")
			if err != nil {
				return err
			}
			cfg.Logger = log
			if c.Bool("samples") {
				if err := samples.Extract(cfg.Data); err != nil {
					return err
				}
			}
			return service.Emulate(c.Context, cfg, c.Int("populate"), c.App.Writer)
		},
	}
}

// mountFlag names the mount that a command is for.
func mountFlag() cli.Flag {
	return &cli.StringFlag{Name: "mount", EnvVars: []string{envPrefix + "MOUNT"}, Usage: "the mount at `DIR`, if there are several"}
}

// theMount is the mount that a command is for: the one that we are in, or the
// only one that there is.
func theMount(c *cli.Context) (string, error) {
	if point := c.String("mount"); point != "" {
		return service.Absolute(point), nil
	}
	here, _ := os.Getwd() // without one we are in none
	point, err := mountpoint.Running(here)
	if err != nil {
		return "", usagef("%w", err)
	}
	return point, nil
}

// requestCommand is a verb of the control directory as a command.
func requestCommand(verb request.Verb) *cli.Command {
	return &cli.Command{
		Name: string(verb), Usage: request.About(verb), ArgsUsage: "FILE", Category: "Assets",
		Description: "FILE holds the request, as JSON; - is standard input, and an asset's directory stands for {\"id\": …}. What may be in it is in control/README of the mount.",
		Flags: []cli.Flag{
			mountFlag(),
			&cli.StringFlag{Name: "key", Usage: "the request's name, `KEY`: made again under the same one, it is not sent again; without it create and transfer have a hash of what they say"},
		},
		Action: func(c *cli.Context) error {
			file, err := oneArgument(c, "FILE")
			if err != nil {
				return err
			}
			point, err := theMount(c)
			if err != nil {
				return err
			}
			body, err := client.Read(point, file)
			if err != nil {
				return usagef("%w", err)
			}
			key := c.String("key")
			if key == "" {
				key = client.Key(verb, body)
			}
			r, err := client.Submit(point, verb, key, body)
			if err == nil {
				fmt.Fprintf(c.App.Writer, "%s", r.Raw)
			}
			return err
		},
	}
}

func waitCommand() *cli.Command {
	return &cli.Command{
		Name: "wait", Usage: "wait until an asset is ready, and print its record", ArgsUsage: "KEY|PATH", Category: "Assets",
		Description: "KEY is that of the request which made the asset, or the asset's id; PATH is in the mount, as dataset/NAME.",
		Flags:       []cli.Flag{mountFlag(), &cli.DurationFlag{Name: "timeout", Usage: "wait at most `DURATION`; without it, for as long as it takes"}},
		Action: func(c *cli.Context) error {
			what, err := oneArgument(c, "KEY|PATH")
			if err != nil {
				return err
			}
			point, err := theMount(c)
			if err != nil {
				return err
			}
			ctx := c.Context
			if limit := c.Duration("timeout"); limit > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, limit)
				defer cancel()
			}
			record, err := client.Wait(ctx, point, what)
			if err == nil {
				_, err = c.App.Writer.Write(record)
			}
			return err
		},
	}
}
