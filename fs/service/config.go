package service

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"codeoceanfs/control/request"
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
// of it. Variables that look like those of flags and are none it tells the user.
func ReadConfig(file string, flags map[string]bool) (ConfigFile, error) {
	WarnOfVariables(os.Stderr, os.Environ(), flags)
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
		v, err := value(name, node, text)
		if err != nil {
			return config, fmt.Errorf("%s: line %d: %s: %s", config.File, node.Line, name, plain(err))
		}
		if v != nil { // null is what was not said
			config.Flags[name] = v
		}
	}
	for _, name := range []string{"cache-dir", "state-dir", "log-file", "token-file"} {
		if path, ok := config.Flags[name].(string); ok {
			config.Flags[name] = beside(config.File, path)
		}
	}
	return config, nil
}

// WarnOfVariables tells w of each variable that does nothing and is named nearly
// as one that does: a flag's. It takes them away: a background process has the
// same environment, and does not have to say it again.
func WarnOfVariables(w io.Writer, environ []string, flags map[string]bool) {
	const prefix = "CODEOCEANFS_"
	names := []string{prefix + "CONFIG"}
	for flag := range flags {
		names = append(names, prefix+strings.ToUpper(strings.ReplaceAll(flag, "-", "_")))
	}
	slices.Sort(names)
	for _, v := range environ {
		name, _, _ := strings.Cut(v, "=")
		if !strings.HasPrefix(strings.ToUpper(name), prefix) || slices.Contains(names, name) {
			continue
		}
		upper := strings.ToUpper(name)
		near := slices.MinFunc(names, func(a, b string) int { return cmp.Compare(request.Distance(upper, a), request.Distance(upper, b)) })
		if request.Distance(upper, near) <= 1+len(near[len(prefix):])/5 { // others may be anybody's
			fmt.Fprintf(w, "codeoceanfs: the variable %s does nothing: did you mean %s?\n", name, near)
			os.Unsetenv(name)
		}
	}
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
	"into bool", "into true or false",
)

// plain says an error of the YAML library in a user's words.
func plain(err error) string {
	text, _, _ := strings.Cut(ofGo.Replace(err.Error()), "{")
	return strings.Join(strings.Fields(text), " ")
}

// kinds are the flags whose values are no text, with what reads them.
var kinds = map[string]func(yaml.Node) (any, error){
	"type": many,
	"uid":  number, "gid": number, "max-api-requests": number, "max-s3-requests": number,
	"allow-other": truth, "allow-delete": truth, "allow-transfer": truth, "read-only": truth, "foreground": truth,
	"refresh-interval": duration, "dial-timeout": duration, "tls-timeout": duration, "first-byte-timeout": duration,
	"stall-timeout": duration, "read-timeout": duration, "metadata-timeout": duration,
}

// value is what a flag is set to, nil for what is null.
func value(name string, node yaml.Node, text bool) (v any, err error) {
	if node.Kind == yaml.AliasNode {
		node = *node.Alias
	}
	kind := kinds[name]
	switch {
	case node.Kind == yaml.MappingNode:
		return nil, errors.New("this takes a value, not more names with values")
	case node.Kind == yaml.SequenceNode && (text || kind != nil && name != "type"):
		return nil, errors.New("this takes one value, not a list")
	case text:
		return node.Value, nil
	case node.Tag == "!!null":
		return nil, nil
	case kind != nil:
		return kind(node)
	}
	err = node.Decode(&v)
	return v, err
}

// many takes one value for a list of one.
func many(node yaml.Node) (any, error) {
	all := []any{}
	if node.Kind == yaml.ScalarNode {
		return append(all, node.Value), nil
	}
	for _, each := range node.Content {
		if each.Kind != yaml.ScalarNode {
			return nil, errors.New("each item of the list is one value")
		}
		all = append(all, each.Value)
	}
	return all, nil
}

// truth takes what the flag and its variable take.
func truth(node yaml.Node) (any, error) {
	b, err := strconv.ParseBool(node.Value)
	if err != nil {
		return nil, fmt.Errorf("%q is neither true nor false", node.Value)
	}
	return b, nil
}

func number(node yaml.Node) (any, error) {
	var n int
	if err := node.Decode(&n); err == nil {
		return n, nil
	}
	n, err := strconv.Atoi(node.Value)
	if err != nil {
		return nil, fmt.Errorf("%q is not a whole number", node.Value)
	}
	return n, nil
}

func duration(node yaml.Node) (any, error) {
	d, err := time.ParseDuration(node.Value)
	if err != nil {
		return nil, fmt.Errorf("%q is not a duration, as 30s or 5m", node.Value)
	}
	return d, nil
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
