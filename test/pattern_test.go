package test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// pieces FILE NAME LIST reads FILE at the offsets and lengths that the file LIST
// names, one after the other and without the kernel's own read-ahead, and
// compares with the generated content of that name.
func pieces(args []string) error {
	f, size, err := openSized(args[0])
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_RANDOM); err != nil {
		return err
	}
	list, err := os.Open(args[2])
	if err != nil {
		return err
	}
	defer list.Close()
	for {
		var off, n int64
		if _, err := fmt.Fscan(list, &off, &n); err != nil {
			return nil // the end of the list
		}
		if err := compare(f, args[1], off, n, size); err != nil {
			return err
		}
	}
}

// TestReadCosts reads in the ways that programs do, and counts what is fetched
// for it.
func TestReadCosts(t *testing.T) {
	t.Parallel()
	d := generated(t)
	m := d.mount(t, "--cache-size", "0")
	const kilo, mega = 1 << 10, 1 << 20
	rnd := rand.New(rand.NewPCG(7, 7))
	for _, c := range []struct {
		name     string
		asset    string
		reads    int
		piece    func(i int64) (off, n int64)
		bytes    float64 // fetched for each one read, at most
		requests float64 // for each read, at most
	}{
		{
			"a few reads anywhere get what they ask for", "internal", 20,
			func(int64) (int64, int64) { return rnd.Int64N(bigSize - mega), 128 * kilo }, 4, 1.5,
		},
		{
			"long reads anywhere get what they ask for", "external", 20,
			func(int64) (int64, int64) { return rnd.Int64N(bigSize - 4*mega), mega + rnd.Int64N(3*mega) }, 1.3, 5,
		},
		{
			"from the end to the start", "internal", 60,
			func(i int64) (int64, int64) { return 3<<30 - i*mega, mega }, 1.5, 1.5,
		},
		{
			"equal steps", "external", 60,
			func(i int64) (int64, int64) { return 1<<30 + i*5_000_000, 100 * kilo }, 6, 1.6,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, used := "", int64(0)
			for i := range int64(c.reads) {
				off, n := c.piece(i)
				list += fmt.Sprintln(off, n)
				used += n
			}
			name := t.TempDir() + "/list"
			must(t, os.WriteFile(name, []byte(list), 0o600))
			d.ResetCounts()
			if _, err := m.helper("pieces", m.path("dataset", c.asset, "big"), contentName(c.asset, "big"), name); err != nil {
				t.Fatal(err)
			}
			got := d.Counts()["s3.GetObject"]
			if ratio := float64(got.Bytes) / float64(used); ratio > c.bytes {
				t.Errorf("%.2f bytes fetched for each one read", ratio)
			}
			if ratio := float64(got.Requests) / float64(c.reads); ratio > c.requests {
				t.Errorf("%.2f requests for each read", ratio)
			}
		})
	}
}
