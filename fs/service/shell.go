package service

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// DropEmpty takes an empty variable for one that is not set, as a shell script
// means it that sets them all: those with the prefix, and the names.
func DropEmpty(prefix string, names []string) {
	for _, v := range os.Environ() {
		name, value, _ := strings.Cut(v, "=")
		if value == "" && (strings.HasPrefix(name, prefix) || slices.Contains(names, name)) {
			os.Unsetenv(name)
		}
	}
}

// Absolute is for paths that are used after the working directory was left. An
// empty one stays empty.
func Absolute(path string) string {
	if abs, err := filepath.Abs(path); path != "" && err == nil {
		return abs
	}
	return path
}

// Program is how the user called this program, to be shown in a command.
func Program() string {
	if strings.Contains(os.Args[0], "/") {
		return Quote(os.Args[0])
	}
	return "codeoceanfs"
}

// plainPath are the characters that no shell makes anything of.
const plainPath = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+,:=@"

// Quote is a path as a shell reads it.
func Quote(path string) string {
	if path != "" && strings.Trim(path, plainPath) == "" {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
