package api

import "strings"

// HasToken reports whether the environment holds a token, so that one from a
// configuration file can give way to it.
func HasToken(env func(string) string) bool {
	names := tokenVariables
	if env("CODEOCEAN_URL") != "" {
		names = append(names[:len(names):len(names)], "API_TOKEN")
	}
	for _, name := range names {
		if strings.TrimSpace(env(name)) != "" {
			return true
		}
	}
	return false
}
