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
		return config, fmt.Errorf("%s cannot be used: %s", config.File, strings.ReplaceAll(err.Error(), "\n", ""))
	}
	config.Buckets = content.Buckets
	for name, node := range content.Flags {
		text, known := flags[name]
		if !known {
			return config, fmt.Errorf("%s: there is no flag %q: see codeoceanfs mount --help", config.File, name)
		}
		if config.Flags[name], err = value(node, text); err != nil {
			return config, fmt.Errorf("%s: %s: %w", config.File, name, err)
		}
	}
	return config, nil
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

// CacheDir is where data is kept unless the user chooses another place.
func CacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
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
