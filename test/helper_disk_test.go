package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// disk DIR POINT shows a directory at another place too, by way of a process,
// which can be stopped.
func disk(args []string) error {
	root, err := fusefs.NewLoopbackRoot(args[0])
	if err != nil {
		return err
	}
	// The stack is too deep for the kernel to read past this process.
	server, err := fusefs.Mount(args[1], root, &fusefs.Options{MountOptions: fuse.MountOptions{DirectMount: true, MaxStackDepth: 3}})
	if err != nil {
		return err
	}
	fmt.Println("mounted")
	server.Wait()
	return nil
}

// stoppable is a file system for a cache that hangs, as one on a server that is
// gone, while its process is stopped.
func stoppable(t *testing.T) (dir string, process *os.Process) {
	t.Helper()
	data, dir := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "disk")
	must(t, os.Mkdir(data, 0o700))
	must(t, os.Mkdir(dir, 0o700))
	m, err := start(t, dir, append(os.Environ(), helperVar+"=disk"), os.Args[0], data, dir)
	must(t, err)
	t.Cleanup(func() { // before the mount's own end, which waits for it
		m.process.Signal(syscall.SIGCONT)
		exec.Command("umount", "-l", dir).Run()
		select {
		case <-m.exited:
		case <-time.After(stopTime):
			m.abort()
		}
	})
	return dir, m.process
}
