package api

import (
	"path/filepath"
	"strings"
)

// TokenSource says in words where Credentials finds the token.
func TokenSource(env func(string) string, home, tokenFile string) string {
	if tokenFile != "" {
		return "file " + tokenFile
	}
	for _, name := range tokenNames(env) {
		if strings.TrimSpace(env(name)) != "" {
			return "variable " + name
		}
	}
	return "file " + filepath.Join(home, ".codeocean", "credentials.json")
}
