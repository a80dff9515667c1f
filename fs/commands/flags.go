package commands

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/go-units"
	"github.com/urfave/cli/v2"
	"github.com/urfave/cli/v2/altsrc"

	"codeoceanfs/fs/service"
	"codeoceanfs/remote/api"
	"codeoceanfs/remote/bucket"
)

// envPrefix begins the variables that stand for flags.
const envPrefix = "CODEOCEANFS_"

// DropEmpty takes empty variables for those that are not set.
func DropEmpty() { service.DropEmpty(envPrefix, api.DomainVariables) }

// flags makes each flag readable from CODEOCEANFS_<FLAG> and from the
// configuration file, by its name.
func flags(all ...cli.Flag) []cli.Flag {
	env := func(name string, more []string) []string {
		return append([]string{envVar(name)}, more...)
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

// envVar is the variable that stands for a flag.
func envVar(name string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// given is a flag's value as an error shows it, with the variable that it is in.
func given(c *cli.Context, name string) string {
	value := c.String(name)
	if v, ok := os.LookupEnv(envVar(name)); ok && v == value {
		return fmt.Sprintf("%q in %s", value, envVar(name))
	}
	return strconv.Quote(value)
}

// sizes reads flags that are numbers of bytes.
func sizes(c *cli.Context, flags map[string]*int64) error {
	for name, size := range flags {
		n, err := units.RAMInBytes(c.String(name))
		if err != nil || n < 0 {
			return fmt.Errorf("--%s %s is not a size, as 80M", name, given(c, name))
		}
		*size = n
	}
	return nil
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
