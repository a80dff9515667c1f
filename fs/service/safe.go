package service

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"codeoceanfs/fs/mountpoint"
)

// harden keeps the token out of core dumps, and other processes of the user out
// of this one's memory.
func harden() {
	// Best effort: a kernel that does not know the call dumps cores as before.
	syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_DUMPABLE, 0, 0)
}

// forgetVariables takes the variables out of the environment that programs get
// which this one starts, as the helper that mounts, or one that gives AWS
// credentials.
func forgetVariables(names []string) {
	for _, name := range names {
		os.Unsetenv(name)
	}
}

// CheckPlace refuses a directory for our files, there or to come, that anybody
// may move away and replace, or one above it.
func CheckPlace(dir string) error {
	for dir = mountpoint.Resolve(dir); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err == nil && info.IsDir() && info.Mode().Perm()&0o002 != 0 && info.Mode()&os.ModeSticky == 0 {
			return fmt.Errorf("%s may be changed by everybody (mode %#o): chmod o-w %s", dir, info.Mode().Perm(), dir)
		}
		if filepath.Dir(dir) == dir {
			return nil // what else is wrong shows when it is used
		}
	}
}
