package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// transcript is a command of the README and what it is shown to print.
type transcript struct {
	command string
	output  []string // words: columns are the terminal's
}

func readTranscript(t *testing.T, readme string) []transcript {
	t.Helper()
	_, block, found := strings.Cut(readme, "```console\n")
	block, _, closed := strings.Cut(block, "```")
	if !found || !closed {
		t.Fatal("no transcript")
	}
	var all []transcript
	for line := range strings.Lines(block) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			all = append(all, transcript{command: strings.TrimSpace(command)})
			continue
		}
		last := &all[len(all)-1]
		last.output = append(last.output, strings.Fields(line)...)
	}
	return all
}

// TestTranscript does what the README shows, and compares what comes out.
func TestTranscript(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	t.Cleanup(func() { exec.Command("umount", "-l", filepath.Join(home, "codeocean-demo")).Run() })
	port := regexp.MustCompile(`127\.0\.0\.1:\d+`)
	// The home directory of the README is another one.
	local := strings.NewReplacer("/home/ada", home, strings.ReplaceAll("/home/ada", "/", "%2F"), strings.ReplaceAll(home, "/", "%2F"))
	for _, step := range readTranscript(t, string(readme)) {
		cmd := exec.Command("sh", "-c", step.command)
		cmd.Env = []string{"HOME=" + home, "PATH=" + filepath.Dir(binary) + ":" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", raceOptions}
		cmd.WaitDelay = time.Second
		dog := time.AfterFunc(runTime, func() { cmd.Process.Kill() })
		// The background process keeps no pipe of ours, so this ends with the command.
		out, err := cmd.CombinedOutput()
		dog.Stop()
		if err != nil {
			t.Fatalf("$ %s\n%s%v", step.command, out, err)
		}
		got := strings.Fields(port.ReplaceAllString(string(out), "HOST"))
		want := step.output
		for i := range want {
			want[i] = port.ReplaceAllString(local.Replace(want[i]), "HOST")
		}
		if !slices.Equal(got, want) {
			t.Errorf("$ %s\nprints %q\n   not %q", step.command, got, want)
		}
	}
}

// TestPromises holds the README to its word that each line of its semantics is
// tested: every test it names exists, and so does every case that it quotes.
func TestPromises(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	all := allTests(t)
	named := regexp.MustCompile("`(Test[A-Za-z]+)`").FindAllStringSubmatch(string(readme), -1)
	if len(named) < 10 {
		t.Errorf("the README names only %d tests", len(named))
	}
	for _, n := range named {
		if !all.has("test", n[1]) {
			t.Errorf("the README names %s, which does not exist", n[1])
		}
	}
	cases := regexp.MustCompile(`“([^”]+)”`).FindAllStringSubmatch(string(readme), -1)
	if len(cases) < 30 {
		t.Errorf("the README quotes only %d cases", len(cases))
	}
	for _, c := range cases[1:] { // the first is “quotes”
		name := strings.ToLower(c[1][:1]) + c[1][1:] // it may begin a sentence
		if !all.hasCase(name) && !all.hasCase(c[1]) {
			t.Errorf("the README quotes “%s”, which is no case of a table", c[1])
		}
	}
}

// TestOneLiners runs the README's requests as they are printed, in every shell.
func TestOneLiners(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(readme), "## Change assets")
	_, block, _ = strings.Cut(block, "```sh\n")
	block, rest, found := strings.Cut(block, "```")
	_, transfer, _ := strings.Cut(rest, "```sh\n")
	transfer, _, _ = strings.Cut(transfer, "```")
	if !found || strings.Count(block, " > ") < 6 {
		t.Fatal("no requests")
	}
	for _, shell := range []string{"dash", "bash", "zsh"} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(shell); err != nil {
				t.Skipf("%s is not installed here", shell)
			}
			d := deploy(t)
			m := d.mount(t, "--allow-delete")
			script := "set -e\n" + strings.ReplaceAll(block, "~/codeocean-demo", m.point)
			out := m.run(shell, "-c", script)
			for _, want := range []string{`"state": "ready"`, `"everyone": "none"`} {
				if !strings.Contains(out, want) {
					t.Errorf("no %s in\n%s", want, out)
				}
			}
			if got := m.run("cat", m.path("dataset/mine/.meta.json")); !strings.Contains(got, "checked twice") {
				t.Errorf("at the end:\n%s", got)
			}
			if n := d.Requests("create"); n != 2 {
				t.Errorf("%d creates were sent", n)
			}
			m.run(shell, "-c", "set -e\n"+"cd "+m.path("control")+"\n"+strings.ReplaceAll(block[strings.Index(block, "# an asset"):strings.Index(block, "# what its")], "cat wait/mine", ""))
			if n := d.Requests("create"); n != 2 {
				t.Errorf("the same again: %d creates were sent", n)
			}
			if n := d.Requests("delete"); n != 1 {
				t.Errorf("%d were deleted", n)
			}
			if _, err := m.try("ls", m.path("combined/both")); err == nil {
				t.Error("it was deleted, and shows")
			}
			env := append(d.environment(t), "CODEOCEAN_TOKEN=cop_demo_admin")
			admin, err := d.tryMount(t, t.TempDir(), env, "--allow-transfer")
			if err != nil {
				t.Fatal(err)
			}
			admin.run(shell, "-c", "set -e\ncd "+admin.path("control")+"\n"+transfer)
			if n := d.Requests("transfer"); n != 1 {
				t.Errorf("%d transfers were sent", n)
			}
		})
	}
}

// TestFlagsAreDocumented holds the help text and the README together.
func TestFlagsAreDocumented(t *testing.T) {
	t.Parallel()
	help, _, code := command(t, []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), raceOptions}, "mount", "--help")
	if code != 0 {
		t.Fatalf("status %d", code)
	}
	for _, flag := range strings.Fields(`domain token-file s3-endpoint cache-dir cache-size memory-limit allow-other uid gid umask
		read-only allow-delete allow-transfer state-dir type query refresh-interval max-api-requests max-s3-requests metrics-addr dial-timeout tls-timeout first-byte-timeout stall-timeout read-timeout metadata-timeout log-file log-level log-format config foreground`) {
		variable := "CODEOCEANFS_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
		if !strings.Contains(help, "--"+flag) || !strings.Contains(help, variable) {
			t.Errorf("no --%s, or no $%s, in the help", flag, variable)
		}
	}
	if strings.Contains(help, "--token ") {
		t.Error("a token on the command line is seen by every user of the machine")
	}
}
