package api

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// private writes a file that only its owner can read.
func private(t *testing.T, name, content string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestCredentials(t *testing.T) {
	const stored = `{"domain":"https://stored.example.com/","token":"cop_stored"}`
	for name, c := range map[string]struct {
		env         map[string]string
		file        string // content of a token file, "" for none
		home        string // content of credentials.json, "" for none
		given       string // domain
		domain, tok string
		err         string // part of the error
	}{
		"ours":                      {env: map[string]string{"CODEOCEAN_DOMAIN": "d", "CODEOCEAN_TOKEN": "cop_a"}, domain: "d", tok: "cop_a"},
		"given before environment":  {env: map[string]string{"CODEOCEAN_DOMAIN": "d", "CODEOCEAN_TOKEN": "cop_a"}, file: "cop_f\n", given: "g", domain: "g", tok: "cop_f"},
		"environment before home":   {env: map[string]string{"CODEOCEAN_TOKEN": "cop_a"}, home: stored, given: "g", domain: "g", tok: "cop_a"},
		"ours before others":        {env: map[string]string{"CO_DOMAIN": "o", "CODEOCEAN_DOMAIN": "d", "CO_TOKEN": "cop_o", "CODEOCEAN_TOKEN": "cop_a"}, domain: "d", tok: "cop_a"},
		"CODEOCEAN_API_TOKEN":       {env: map[string]string{"CODEOCEAN_DOMAIN": "d", "CODEOCEAN_API_TOKEN": "cop_a"}, domain: "d", tok: "cop_a"},
		"CODE_OCEAN names":          {env: map[string]string{"CODE_OCEAN_DOMAIN": "d", "CODE_OCEAN_API_TOKEN": "cop_a"}, domain: "d", tok: "cop_a"},
		"CO names":                  {env: map[string]string{"CO_DOMAIN": "d", "CO_TOKEN": "cop_a"}, domain: "d", tok: "cop_a"},
		"URL with API_TOKEN":        {env: map[string]string{"CODEOCEAN_URL": "https://d", "API_TOKEN": "cop_a"}, domain: "https://d", tok: "cop_a"},
		"API_TOKEN of another tool": {env: map[string]string{"CODEOCEAN_DOMAIN": "d", "API_TOKEN": "secret"}, err: "no token for d"},
		"home":                      {home: stored, domain: "https://stored.example.com/", tok: "cop_stored"},
		"home, same domain":         {home: stored, given: "stored.example.com", domain: "stored.example.com", tok: "cop_stored"},
		"home, other domain":        {home: stored, given: "evil.example.com", err: "is for stored.example.com"},
		"home without a domain":     {home: `{"token":"cop_x"}`, err: "--domain"},
		"home without a token":      {home: `{"domain":"d"}`, err: "holds no token"},
		"home is no JSON":           {home: `cop_x`, err: "is not JSON"},
		"nothing":                   {err: "no deployment"},
		"a scheme of others":        {given: "ftp://d", err: `unknown scheme "ftp"`},
		"no domain":                 {env: map[string]string{"CODEOCEAN_TOKEN": "cop_a"}, err: "no deployment"},
		"token is no word":          {env: map[string]string{"CODEOCEAN_DOMAIN": "d", "CODEOCEAN_TOKEN": "cop_a b"}, err: "CODEOCEAN_TOKEN"},
		"token with a colon":        {file: "cop_a:pw", given: "d", err: "is not a token"},
		"file is empty":             {file: "\n", given: "d", err: "holds no token"},
		"file is JSON":              {file: `{"token":"x"}`, given: "d", err: "is not a token"},
	} {
		t.Run(name, func(t *testing.T) {
			home, file := t.TempDir(), ""
			if c.home != "" {
				private(t, filepath.Join(home, ".codeocean", "credentials.json"), c.home)
			}
			if c.file != "" {
				file = private(t, filepath.Join(home, "token"), c.file)
			}
			domain, token, err := Credentials(func(k string) string { return c.env[k] }, home, file, c.given)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "\n") {
					t.Errorf("error is %v", err)
				}
				if err != nil && (strings.Contains(err.Error(), "cop_a") || strings.Contains(err.Error(), "cop_x")) {
					t.Errorf("the token is in the error: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, err := token(t.Context()); domain != c.domain || got != c.tok || err != nil {
				t.Errorf("got %q, %q, %v", domain, got, err)
			}
		})
	}
}

func TestTokenFileMustBePrivate(t *testing.T) {
	dir := t.TempDir()
	good := private(t, filepath.Join(dir, "good"), "cop_a")
	for name, make := range map[string]func(name string) error{
		"group":     func(n string) error { private(t, n, "cop_a"); return os.Chmod(n, 0o640) },
		"world":     func(n string) error { private(t, n, "cop_a"); return os.Chmod(n, 0o604) },
		"link":      func(n string) error { return os.Symlink(good, n) },
		"directory": func(n string) error { return os.Mkdir(n, 0o700) },
		"pipe":      func(n string) error { return syscall.Mkfifo(n, 0o600) },
		"missing":   func(string) error { return nil },
	} {
		path := filepath.Join(dir, name)
		if err := make(path); err != nil {
			t.Fatal(err)
		}
		_, _, err := Credentials(os.Getenv, "", path, "d")
		if err == nil || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "cop_a") {
			t.Errorf("%s: error is %v", name, err)
		}
	}
	if os.Geteuid() != 0 {
		t.Log("only root can give a file to another user: not tried")
		return
	}
	other := private(t, filepath.Join(dir, "other"), "cop_a")
	if err := os.Chown(other, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Credentials(os.Getenv, "", other, "d"); err == nil || !strings.Contains(err.Error(), "somebody else") {
		t.Errorf("another's file: %v", err)
	}
}

func TestTokenFileIsReadAgain(t *testing.T) {
	name := private(t, filepath.Join(t.TempDir(), "token"), "cop_one")
	_, token, err := Credentials(os.Getenv, "", name, "d")
	if err != nil {
		t.Fatal(err)
	}
	expect := func(want string) {
		t.Helper()
		if got, err := token(t.Context()); got != want || err != nil {
			t.Errorf("token is %q, %v", got, err)
		}
	}
	expect("cop_one")
	private(t, name, "") // a writer has truncated it, and not yet written
	if got, err := token(t.Context()); got != "cop_one" || err == nil {
		t.Errorf("of an empty file: %q, %v", got, err)
	}
	private(t, name, "cop_three\n")
	expect("cop_three")
	next := private(t, name+".new", "cop_four!") // of the same length
	if err := os.Rename(next, name); err != nil {
		t.Fatal(err)
	}
	expect("cop_four!")
	if err := os.Chmod(name, 0o644); err != nil {
		t.Fatal(err)
	}
	// What is no good any more is told, and the last token stays in use.
	for what, spoil := range map[string]func() error{
		"public":  func() error { return os.Chmod(name, 0o644) },
		"no more": func() error { return os.Remove(name) },
		"a page":  func() error { return os.WriteFile(name, []byte("<html> x"), 0o600) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if got, err := token(t.Context()); got != "cop_four!" || err == nil || strings.Contains(err.Error(), "cop_four") {
			t.Errorf("a file that is %s: %q, %v", what, got, err)
		}
		os.Remove(name)
		private(t, name, "cop_four!")
		expect("cop_four!")
	}
}

func TestDomain(t *testing.T) {
	for in, want := range map[string]string{
		"codeocean.example.com":           "https://codeocean.example.com",
		"https://CodeOcean.Example.com/":  "https://codeocean.example.com",
		" https://c.example.com/api/v1/ ": "https://c.example.com",
		"c.example.com:8443":              "https://c.example.com:8443",
		"http://127.0.0.1:8080":           "http://127.0.0.1:8080",
		"http://localhost:8080/":          "http://localhost:8080",
		"http://[::1]:8080":               "http://[::1]:8080",
		"http://c.example.com":            "",
		"http://10.0.0.1":                 "",
		"http://localhost.example.com":    "",
		"ftp://c.example.com":             "",
		"https://user:pw@c.example.com":   "",
		"https://c.example.com/dashboard": "",
		"https://c.example.com?x=1":       "",
		"":                                "",
		"https://":                        "",
		"a b":                             "",
	} {
		u, err := parseDomain(in)
		if want == "" {
			if err == nil || strings.Contains(err.Error(), "pw@") {
				t.Errorf("%q gives %v, %v", in, u, err)
			}
			continue
		}
		if err != nil || u.String() != want {
			t.Errorf("%q gives %v, %v", in, u, err)
		}
	}
}
