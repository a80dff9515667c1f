package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// DomainVariables are the environment variables in use for the domain of a
// deployment, the platform's own first.
var DomainVariables = []string{"CODEOCEAN_DOMAIN", "CODE_OCEAN_DOMAIN", "CO_DOMAIN", "CODEOCEAN_URL"}

// tokenVariables are those for the token.
var tokenVariables = []string{"CODEOCEAN_TOKEN", "CODEOCEAN_API_TOKEN", "CODE_OCEAN_API_TOKEN", "CO_TOKEN"}

// Credentials finds the domain and the token of a deployment. What was given,
// tokenFile and domain, goes before the environment (env is os.Getenv), and
// that before .codeocean/credentials.json in home. A file's token is read again
// when the file changes; the file must be a regular one of the caller's, that
// nobody else may read. Errors are one line that names the thing and the fix.
func Credentials(env func(string) string, home, tokenFile, domain string) (string, Token, error) {
	for _, name := range DomainVariables {
		if domain == "" {
			domain = env(name)
		}
	}
	if tokenFile != "" {
		token, err := fileToken(tokenFile, plainToken)
		return require(domain, token, err)
	}
	for _, name := range tokenNames(env) {
		if value := strings.TrimSpace(env(name)); value != "" {
			if err := checkToken(value); err != nil {
				return "", nil, fmt.Errorf("variable %s: %w", name, err)
			}
			return require(domain, StaticToken(value), nil)
		}
	}
	return fromHome(home, domain)
}

// TokenVariables are the variables in which env may hold a token.
func TokenVariables(env func(string) string) []string { return tokenNames(env) }

// tokenNames are the variables in which env may hold a token.
func tokenNames(env func(string) string) []string {
	if env("CODEOCEAN_URL") == "" {
		return tokenVariables
	}
	return append(slices.Clip(tokenVariables), "API_TOKEN") // too common a name on its own
}

// NotGiven is that nobody has named a deployment, or given a token for it.
type NotGiven string

// Error says what is missing, and how to give it.
func (e NotGiven) Error() string { return string(e) }

func require(domain string, token Token, err error) (string, Token, error) {
	switch {
	case err != nil:
		return "", nil, err
	case domain == "":
		return "", nil, NotGiven("no deployment: name its domain with --domain or CODEOCEAN_DOMAIN, like codeocean.example.org")
	}
	return domain, token, nil
}

// fromHome uses the credentials file that other tools write. Its token is for
// its domain, and is never sent to another.
func fromHome(home, domain string) (string, Token, error) {
	if domain != "" { // before a token is asked for that it could not get
		if _, err := parseDomain(domain); err != nil {
			return "", nil, err
		}
	}
	name := filepath.Join(home, ".codeocean", "credentials.json")
	var stored string
	token, err := fileToken(name, func(raw []byte) (string, error) {
		var c struct {
			Domain text `json:"domain"`
			Token  text `json:"token"`
		}
		if decodeInto(raw, &c) != nil { // its error would quote the file
			return "", errors.New(`is not JSON like {"domain": …, "token": …}`)
		}
		if stored == "" {
			stored = strings.TrimSpace(string(c.Domain))
		}
		return strings.TrimSpace(string(c.Token)), nil
	})
	switch {
	case home == "" || errors.Is(err, fs.ErrNotExist):
		_, _, missing := require(domain, nil, nil)
		if missing != nil {
			return "", nil, missing
		}
		return "", nil, NotGiven(fmt.Sprintf("no token for %s: make one in your account there, and give it with --token-file or CODEOCEAN_TOKEN", bareHost(domain)))
	case err != nil:
		return "", nil, err
	case domain == "":
		return require(stored, token, nil)
	case !strings.EqualFold(bareHost(domain), bareHost(stored)):
		return "", nil, NotGiven(fmt.Sprintf("no token for %s: %s is for %s; give one with --token-file or CODEOCEAN_TOKEN", bareHost(domain), name, bareHost(stored)))
	}
	return domain, token, nil
}

// bareHost is a domain as it is compared and shown.
func bareHost(domain string) string {
	u, err := parseDomain(domain)
	if err != nil {
		return "another host"
	}
	return u.Host
}

// fileToken returns the Token of a file, which is read now and when it changes.
func fileToken(name string, parse func(raw []byte) (string, error)) (Token, error) {
	f := &tokenFile{name: name, parse: parse}
	if _, err := f.token(context.Background()); err != nil {
		return nil, err
	}
	return f.token, nil
}

// plainToken reads a file that holds a token and nothing else.
func plainToken(raw []byte) (string, error) {
	return strings.TrimSpace(string(raw)), nil
}

// checkToken says whether s can be a token, and never what it is.
func checkToken(s string) error {
	switch {
	case s == "":
		return errors.New("holds no token")
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == ':' }):
		return errors.New("is not a token: it should be one word like cop_…")
	case json.Valid([]byte(s)) && s[0] == '{':
		return errors.New("is not a token but JSON")
	}
	return nil
}

// HasToken reports whether the environment holds a token, so that one from a
// configuration file can give way to it.
func HasToken(env func(string) string) bool {
	return slices.ContainsFunc(tokenNames(env), func(name string) bool {
		return strings.TrimSpace(env(name)) != ""
	})
}
