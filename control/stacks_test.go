package control

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

const stacksText = `goroutine 7 [chan receive, 3 minutes]:
codeoceanfs/fs.(*fileHandle).Read(0xc000123456, {0x6e6f745f615f7365, 0x63726574}, 0x2)
	/home/ada/src/codeoceanfs/fs/file.go:97 +0x1a5
github.com/hanwen/go-fuse/v2/fuse.(*Server).handle(...)
	/home/ada/go/pkg/mod/x/server.go:12
created by github.com/hanwen/go-fuse/v2/fuse.(*Server).loop in goroutine 1
	/home/ada/go/pkg/mod/x/server.go:1 +0x1

goroutine 8 [chan receive, 12 minutes, locked to thread]:
codeoceanfs/fs.(*fileHandle).Read(0xc000999999, {0x1, 0x2, 0x3}, 0x2)
	/home/ada/src/codeoceanfs/fs/file.go:97 +0x1a5
github.com/hanwen/go-fuse/v2/fuse.(*Server).handle(...)
	/home/ada/go/pkg/mod/x/server.go:12

goroutine 9 gp=0xc000002380 m=0 mp=0x1234 [running]:
main.main.func1({0x70, 0x71})
	/home/ada/src/codeoceanfs/main.go:5 +0x1

goroutine 10 [select
`

// TestStacks puts equal stacks together, and drops arguments.
func TestStacks(t *testing.T) {
	got := Stacks([]byte(stacksText))
	want := []Stack{
		{2, "chan receive", 12 * time.Minute, "fs.(*fileHandle).Read file.go:97 < fuse.(*Server).handle server.go:12"},
		{1, "running", 0, "main.main.func1 main.go:5"},
	}
	if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("%+v", got)
	}
}

// TestStacksOfThisProgram reads what the runtime really writes.
func TestStacksOfThisProgram(t *testing.T) {
	buf := make([]byte, 1<<20)
	text := buf[:runtime.Stack(buf, true)]
	count, here := 0, false
	for _, s := range Stacks(text) {
		count += s.Count
		here = here || strings.Contains(s.Frames, "control.TestStacksOfThisProgram stacks_test.go:")
		if strings.Contains(s.Frames, "0x") || strings.Contains(s.Frames, "+") {
			t.Errorf("arguments or offsets in %q", s.Frames)
		}
	}
	if want := strings.Count("\n"+string(text), "\ngoroutine "); count != want || !here {
		t.Errorf("%d of %d goroutines, and this one: %v", count, want, here)
	}
}

// FuzzStacks reads anything, and keeps no argument of a call.
func FuzzStacks(f *testing.F) {
	f.Add([]byte(stacksText))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, s := range Stacks(text) {
			if s.Count < 1 || strings.Count(s.Frames, " < ") >= maxFrames && !strings.Contains(string(text), " < ") {
				t.Errorf("%+v", s)
			}
		}
	})
}
