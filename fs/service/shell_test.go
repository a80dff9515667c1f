package service

import (
	"os/exec"
	"testing"
)

func TestQuote(t *testing.T) {
	for _, path := range []string{"/home/ada/co", "/a b", "it's", `back\slash`, "$HOME", "`x`", "", "new\nline", "ä", "-rf", "*"} {
		out, err := exec.Command("sh", "-c", "printf %s "+Quote(path)).Output()
		if err != nil || string(out) != path {
			t.Errorf("%q: a shell reads %q, %v", path, out, err)
		}
	}
	if Quote("/home/ada/co") != "/home/ada/co" {
		t.Error("a plain path is quoted")
	}
}

func TestDropEmpty(t *testing.T) {
	t.Setenv("CODEOCEANFS_UMASK", "")
	t.Setenv("CODEOCEANFS_UID", "7")
	t.Setenv("CODEOCEAN_DOMAIN", "")
	t.Setenv("OTHER", "")
	DropEmpty("CODEOCEANFS_", []string{"CODEOCEAN_DOMAIN"})
	out, err := exec.Command("sh", "-c", `echo ${CODEOCEANFS_UMASK-unset} ${CODEOCEANFS_UID-unset} ${CODEOCEAN_DOMAIN-unset} ${OTHER-unset}`).Output()
	if err != nil || string(out) != "unset 7 unset\n" && string(out) != "unset 7 unset \n" {
		t.Errorf("%q, %v", out, err)
	}
}
