package test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"codeoceanfs/remote/emulator"
)

// TestDoctor examines deployments and machines with one thing wrong each: that
// is what it says, with what to do, in a line that is a note or to be mended.
func TestDoctor(t *testing.T) {
	t.Parallel()
	file := func(t *testing.T, text string, mode os.FileMode) string {
		name := filepath.Join(t.TempDir(), "file")
		must(t, os.WriteFile(name, []byte(text), 0o600))
		must(t, os.Chmod(name, mode))
		return name
	}
	dir := func(t *testing.T, mode os.FileMode) string {
		name := filepath.Join(t.TempDir(), "dir")
		must(t, os.Mkdir(name, 0o700))
		must(t, os.Chmod(name, mode))
		return name
	}
	clock := func(off time.Duration) func(d *deployment) {
		return func(d *deployment) {
			d.Inject(emulator.Fault{Route: "search", Header: http.Header{"Date": {time.Now().Add(-off).UTC().Format(http.TimeFormat)}}})
		}
	}
	for name, c := range map[string]struct {
		prepare func(d *deployment)
		config  func(*emulator.Config)
		env     []string
		flags   func(t *testing.T) []string
		point   func(t *testing.T) string
		says    string // an expression for a line, and for its remedy
		mend    bool
		soon    bool // within 10 s
	}{
		"nothing is wrong": {says: `(?s)^ok   kernel .*ok   device .*ok   mount point .*ok   cache .* free\n.*ok   token +from variable CODEOCEAN_TOKEN\nok   server .*ok   clock .*ok   scope .*changes assets\nok   bucket +lab-bucket can be listed; credentials, where they are needed: of the environment\n.*ok   mounts .*\nall is well\n$`},
		"the token is refused": {
			env: []string{"CODEOCEAN_TOKEN=cop_demo_wrong"}, mend: true,
			says: `fix  server .*refuses the token: make a new one`,
		},
		"the token only reads": {
			prepare: func(d *deployment) {
				d.SetTokens(emulator.Token{Token: "cop_demo", User: "x", Admin: true, Access: "read-only"})
			},
			says: `note scope +the token only reads assets\n +-> to change some`,
		},
		"there is no token": {env: []string{"CODEOCEAN_TOKEN="}, mend: true, says: `fix  token .*no token for .*\n +-> make one`},
		"the token's file is open": {
			flags: func(t *testing.T) []string { return []string{"--token-file", file(t, "cop_demo", 0o644)} },
			mend:  true, says: `fix  token +token file .*0644.*chmod 600`,
		},
		"the domain is wrong":   {env: []string{"CODEOCEAN_DOMAIN=no-such-host.invalid"}, mend: true, says: `fix  server .*check the domain`},
		"the domain is no name": {env: []string{"CODEOCEAN_DOMAIN=http://codeocean.example.org"}, mend: true, says: `fix  domain .*\n +-> plain http .*use https`},
		"it is another server": {
			prepare: func(d *deployment) {
				d.Inject(emulator.Fault{Route: "search", Status: 200, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html>"})
			},
			mend: true, says: `fix  server .*not as a Code Ocean deployment does`,
		},
		"the platform is old": {
			config: func(c *emulator.Config) { c.Quirks.MinVersion = "3.1.0" },
			says:   `note version .*older.*3\.1\.0`,
		},
		"the clock is off by minutes": {prepare: clock(-2 * time.Minute), says: `note clock .* off by (2m0s|1m5\ds|2m\ds)`},
		"the clock is off by hours":   {prepare: clock(3 * time.Hour), mend: true, says: `fix  clock .* off by (3h|2h59).*\n +-> .*set-ntp`},
		"the bucket is not ours": {
			env:  []string{"AWS_ACCESS_KEY_ID=AKIASTRANGER", "AWS_SECRET_ACCESS_KEY=x/not/a/secret"},
			says: `note bucket +lab-bucket refuses to be listed: the AWS credentials found are unknown.*\n +-> set AWS_PROFILE`,
		},
		"the bucket is out of reach": {
			flags: func(*testing.T) []string { return []string{"--s3-endpoint", "http://no-such-host.invalid"} },
			says:  `note bucket +lab-bucket: .*cannot be reached.*\n +-> .*--s3-endpoint, or .* buckets: in the configuration`,
			soon:  true,
		},
		"the mount point is missing": {
			point: func(t *testing.T) string { return filepath.Join(t.TempDir(), "none") },
			mend:  true, says: `fix  mount point .*does not exist\n +-> make it with mkdir -p`,
		},
		"the mount point is not empty": {
			point: func(t *testing.T) string { return filepath.Dir(file(t, "", 0o600)) },
			mend:  true, says: `fix  mount point .*is not empty\n +-> choose`,
		},
		"the cache is open to others": {
			flags: func(t *testing.T) []string { return []string{"--cache-dir", dir(t, 0o777)} },
			mend:  true, says: `fix  cache .*0777.*\n +-> chmod o-w`,
		},
		"the cache is a file": {
			flags: func(t *testing.T) []string { return []string{"--cache-dir", file(t, "", 0o600)} },
			mend:  true, says: `fix  cache .*is not a directory\n +-> .*--cache-dir`,
		},
		"the cache is on another process's file system": {
			flags: func(t *testing.T) []string {
				dir, _ := stoppable(t)
				return []string{"--cache-dir", dir}
			},
			says: `note cache .*on a network file system, or another process's.*\n +-> a local disk: --cache-dir`,
		},
		"the disk is small": {
			flags: func(*testing.T) []string { return []string{"--cache-size", "900000G"} },
			says:  `note cache .*878.9TiB that it may take`,
		},
		"there is a proxy": {env: []string{"HTTPS_PROXY=http://ada:cop_demo_proxy@proxy.example.org:3128", "CODEOCEAN_DOMAIN=no-such-host.invalid"}, mend: true, says: `ok   proxy +through proxy\.example\.org:3128\n(?s:.*)fix  server`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var edit []func(*emulator.Config)
			if c.config != nil {
				edit = append(edit, c.config)
			}
			d := generated(t, edit...)
			if c.prepare != nil {
				c.prepare(d)
			}
			point := t.TempDir()
			if c.point != nil {
				point = c.point(t)
			}
			args := []string{"doctor", "--s3-endpoint", d.S3URL()}
			if c.flags != nil {
				args = append(args, c.flags(t)...)
			}
			began := time.Now()
			stdout, stderr, code := command(t, append(d.environment(t), c.env...), append(args, point)...)
			if took := time.Since(began); c.soon && took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
			if !regexp.MustCompile(c.says).MatchString(stdout) {
				t.Errorf("not %q:\n%s", c.says, stdout)
			}
			if fixes := strings.Contains("\n"+stdout, "\nfix "); fixes != c.mend || code != map[bool]int{true: 2}[c.mend] || (stderr != "") != c.mend {
				t.Errorf("status %d, and %q:\n%s", code, stderr, stdout)
			}
			if secrets.MatchString(stdout + stderr) {
				t.Errorf("a secret:\n%s%s", stdout, stderr)
			}
			if n := d.Requests("create") + d.Requests("archive") + d.Requests("delete"); n > 0 {
				t.Errorf("%d changes were sent", n)
			}
		})
	}
}

// TestDoctorAtAMount examines a mount that runs, one that is dead, and one whose
// token was refused.
func TestDoctorAtAMount(t *testing.T) {
	t.Parallel()
	d := generated(t)
	m := d.mount(t)
	env := d.environment(t)
	examine := func(code int, says string) {
		t.Helper()
		stdout, _, got := command(t, env, "doctor", "--s3-endpoint", d.S3URL(), m.point)
		if got != code || !regexp.MustCompile(says).MatchString(stdout) {
			t.Errorf("status %d, not %d, or not %q:\n%s", got, code, says, stdout)
		}
	}
	m.run("ls", m.path("dataset"))
	examine(0, `ok   mount point .* is mounted(?s:.*)ok   mount .*: process \d+, 2 assets, 0 failures\nok   read-ahead +2MiB`)
	heal := d.Inject(emulator.Fault{Route: "s3.GetObject", Path: "block-1", Status: 404})
	m.fails("", "cat", m.path("dataset", "internal", "block-1"))
	heal()
	examine(0, `ok   mount .*, [1-9]\d* failures\n +-> .*/control/errors\.jsonl`)
	whole := env
	// Another shell, without what the mount was made with.
	env = append(env[:len(env):len(env)], "CODEOCEAN_DOMAIN=")
	examine(0, `ok   token +\S+ accepts that of the mount at .*, as the mount says\nnote server .*no deployment is given here\n +-> .*--domain`)
	env = append(whole[:len(whole):len(whole)], "CODEOCEAN_TOKEN=")
	examine(0, `ok   token .*, as the mount says\nnote server .*no token for .* is given here\n`)
	env = whole
	d.SetTokens(emulator.Token{Token: "cop_demo_new", User: "x", Admin: true, Access: "read-write"})
	m.eventuallyStatus(func(s status) bool { return !s.Token.Accepted })
	examine(2, `fix  mount .*refuses its token.*\n +-> put a new one`)
	m.process.Kill()
	<-m.exited
	examine(2, `fix  mount .*is dead.*\n +-> codeoceanfs umount --lazy`)
}
