package api

import (
	"slices"
	"strings"
)

// HasToken reports whether the environment holds a token, so that one from a
// configuration file can give way to it.
func HasToken(env func(string) string) bool {
	return slices.ContainsFunc(tokenNames(env), func(name string) bool {
		return strings.TrimSpace(env(name)) != ""
	})
}
