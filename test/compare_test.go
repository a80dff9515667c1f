package test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"

	"codeoceanfs/remote/emulator"
)

// What a program that reads the mount has seen. In the end it adds a line of it
// to the file that comparedVar names; TestMain adds them all up.
const comparedVar = "CODEOCEANFS_TEST_COMPARED"

var compared struct {
	bytes atomic.Int64 // compared with what they should be
	wrong atomic.Int64 // reads that gave other bytes
	short atomic.Int64 // reads that gave fewer, or more, and no error
}

// sameBytes checks what a read of n bytes at off has given of the generated content
// of that name, which has size bytes.
func sameBytes(name string, got []byte, off, n, size int64) error {
	want := make([]byte, max(min(n, size-off), 0))
	if _, err := emulator.Pattern(name).ReadAt(want, off); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	compared.bytes.Add(int64(len(got)))
	if len(got) != len(want) {
		compared.short.Add(1)
		return fmt.Errorf("%d bytes instead of %d at %d", len(got), len(want), off)
	}
	for i := range want {
		if got[i] != want[i] {
			compared.wrong.Add(1)
			return fmt.Errorf("wrong byte at %d", off+int64(i))
		}
	}
	return nil
}

// saveCompared ends a program.
func saveCompared() {
	name := os.Getenv(comparedVar)
	if name == "" || compared.bytes.Load() == 0 {
		return
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		fmt.Fprintln(os.Stderr, err) // the figure will be too small
		return
	}
	defer f.Close()
	fmt.Fprintln(f, compared.bytes.Load(), compared.wrong.Load(), compared.short.Load())
}

// allCompared is what all programs have seen so far, in the order above.
func allCompared() (bytes, wrong, short int64) {
	text, _ := os.ReadFile(os.Getenv(comparedVar)) // there is none before the first
	for line := range strings.Lines(string(text)) {
		var b, w, s int64
		if _, err := fmt.Sscan(line, &b, &w, &s); err == nil {
			bytes, wrong, short = bytes+b, wrong+w, short+s
		}
	}
	return bytes, wrong, short
}
