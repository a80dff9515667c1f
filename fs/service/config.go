package service

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"gopkg.in/yaml.v3"

	"codeoceanfs/remote/bucket"
)

// ConfigFile is what a configuration file says.
type ConfigFile struct {
	File    string // its name, for messages; "" if there is none
	Flags   map[any]any
	Buckets map[string]bucket.Rule
}

// ReadConfig reads a configuration file, or the default one if file is "" and
// that exists. flags are the names it may use, and whether their values are
// text: of those the characters count, and 077 is not the number that YAML makes
// of it.
func ReadConfig(file string, flags map[string]bool) (ConfigFile, error) {
	config := ConfigFile{File: file, Flags: map[any]any{}}
	if file == "" {
		config.File = DefaultConfig()
	}
	raw, err := os.ReadFile(config.File)
	switch {
	case errors.Is(err, os.ErrNotExist) && file == "":
		return ConfigFile{}, nil
	case err != nil:
		return config, fmt.Errorf("the configuration cannot be read: %w", err)
	}
	var content struct {
		Buckets map[string]bucket.Rule `yaml:"buckets"`
		Flags   map[string]yaml.Node   `yaml:",inline"`
	}
	decoder := yaml.NewDecoder(bytes.NewReader(raw))
	decoder.KnownFields(true)
	if err := decoder.Decode(&content); err != nil && !errors.Is(err, io.EOF) {
		return config, fmt.Errorf("%s cannot be used: %s", config.File, plain(err))
	}
	config.Buckets = content.Buckets
	for name, node := range content.Flags {
		text, known := flags[name]
		if !known {
			return config, fmt.Errorf("%s: there is no flag %q: see codeoceanfs mount --help", config.File, name)
		}
		if config.Flags[name], err = value(node, text); err != nil {
			return config, fmt.Errorf("%s: %s: %s", config.File, name, plain(err))
		}
	}
	for _, name := range []string{"cache-dir", "state-dir", "log-file", "token-file"} {
		if path, ok := config.Flags[name].(string); ok {
			config.Flags[name] = beside(config.File, path)
		}
	}
	return config, nil
}

// beside makes a path of the file absolute: ~ is the user's home, as in a shell,
// and what is relative is so to the file.
func beside(file, path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(file), path)
}

// ofGo is what the YAML library says in Go's words.
var ofGo = strings.NewReplacer(
	"\n", "",
	"yaml: unmarshal errors:", "",
	"into struct", "into flags, one a line",
	"in type bucket.Rule", "in the rule of a bucket, which has profile, region, endpoint and anonymous",
	"into bucket.Rule", "into the rule of a bucket",
)

// plain says an error of the YAML library in a user's words.
func plain(err error) string {
	text, _, _ := strings.Cut(ofGo.Replace(err.Error()), "{")
	return strings.Join(strings.Fields(text), " ")
}

func value(node yaml.Node, text bool) (v any, err error) {
	if text && node.Kind == yaml.ScalarNode {
		return node.Value, nil
	}
	err = node.Decode(&v)
	return v, err
}

// DefaultConfig is the configuration file that is read when no other is named,
// or "" for a user without a home.
func DefaultConfig() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "codeoceanfs", "config.yaml")
}

// CacheDir is where data is kept unless the user chooses another place, or ""
// for a user without a home: a directory for all would be anybody's.
func CacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "codeoceanfs")
}

// StateDir is where requests are remembered unless the user chooses another
// place, or "" when there is none: what is there, unlike a cache, is not to be
// lost.
func StateDir() string {
	dir := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(dir) { // as its specification says
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		dir = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(dir, "codeoceanfs")
}

// Version is what was built: a tag, or the commit if the build knows it.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	version := strings.Trim(info.Main.Version, "()")
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && version == "devel" {
			version += "-" + s.Value[:min(12, len(s.Value))]
		}
	}
	return version
}
