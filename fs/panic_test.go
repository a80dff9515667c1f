package fs

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"codeoceanfs/remote"
	"codeoceanfs/remote/api"
	"codeoceanfs/remote/fault"
)

// mistaken is a directory with a mistake of ours in it.
type mistaken struct{ fusefs.Inode }

func (m *mistaken) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	if name == "panics" {
		panic("https://s3.example/x?X-Amz-Signature=0123456789abcdef")
	}
	return m.NewInode(ctx, &mistaken{}, fusefs.StableAttr{Mode: syscall.S_IFDIR}), 0
}

type shared struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// TestPanic lets a handler panic: its call fails, the next is answered, and the
// log says where it was, without a secret.
func TestPanic(t *testing.T) {
	if _, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0); err != nil {
		t.Skipf("no FUSE here: %v", err)
	}
	client, err := api.New(api.Config{Domain: "codeocean.example.org", Token: api.StaticToken("cop_x")})
	if err != nil {
		t.Fatal(err)
	}
	var log shared
	tr := &tree{
		cfg: Config{Logger: slog.New(fault.Handler(slog.NewTextHandler(&log, nil)))},
		dep: &remote.Deployment{API: client},
	}
	point := t.TempDir()
	server, err := fusefs.Mount(point, &mistaken{}, tr.options())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Wait()
	defer server.Unmount()
	// From processes of their own, as all reads of a mount of ours.
	out, err := exec.Command("stat", point+"/panics").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "Input/output error") {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := exec.Command("stat", point+"/other").CombinedOutput(); err != nil {
		t.Errorf("after it: %v: %s", err, out)
	}
	if text := log.String(); !strings.Contains(text, "mistaken") || strings.Contains(text, "0123456789abcdef") {
		t.Errorf("the log: %s", text)
	}
}
