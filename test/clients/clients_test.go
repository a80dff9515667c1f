package clients_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"codeoceanfs/remote/emulator"
	"codeoceanfs/remote/emulator/samples"
	"codeoceanfs/test/clients"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// python is the interpreter; making its environment may take a minute. It is
// looked for once: that starts processes, and every script asks.
var python = sync.OnceValues(func() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	return clients.Python(ctx)
})

// script runs a script of this directory and returns what it printed.
func script(ctx context.Context, env []string, name string, args ...string) ([]byte, error) {
	interpreter, err := python()
	if err != nil {
		return nil, err
	}
	env = append(env, "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1")
	return clients.Run(ctx, env, interpreter, append([]string{name}, args...)...)
}

// run runs a script of this directory, for three minutes at most.
func run(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	out, err := script(ctx, env, name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// odd is everything undocumented that the SDK lives with, so that an emulator
// which answers so is still one that could be the platform.
var odd = emulator.Quirks{
	NumberTokens: true, LastToken: "null", ClampLimit: true, LongNames: true,
	StringSizes: true, FloatTimes: true, Nulls: true,
	Unsorted: true, SlashedFolders: true, FolderSizes: true, MissingIsEmpty: true, SignMissing: true,
	NoContent: true, Created: true, RedirectRegion: true,
}

// TestOutsideClients runs each script against an emulator of its own, since
// some of them change what is there.
func TestOutsideClients(t *testing.T) {
	used := filepath.Join(t.TempDir(), "used")
	t.Cleanup(func() { allUsed(t, used) }) // when the parallel ones are done
	// No record changes by itself while records are compared.
	const never = time.Hour
	for name, c := range map[string]struct {
		script string
		draft  time.Duration // after which the samples' draft becomes ready
		quirks emulator.Quirks
	}{
		"search":     {script: "sdk_search.py", draft: never},
		"files":      {script: "sdk_files.py", draft: never},
		"errors":     {script: "sdk_errors.py", draft: never},
		"create":     {script: "sdk_create.py", draft: never},
		"sources":    {script: "sdk_sources.py", draft: never},
		"change":     {script: "sdk_change.py", draft: 2 * time.Second},
		"boto":       {script: "s3_boto.py", draft: never},
		"cli":        {script: "s3_cli.py", draft: never},
		"odd search": {script: "sdk_search.py", draft: never, quirks: odd},
		"odd files":  {script: "sdk_files.py", draft: never, quirks: odd},
		"odd boto":   {script: "s3_boto.py", draft: never, quirks: odd},
		"odd change": {script: "sdk_change.py", draft: 2 * time.Second, quirks: odd},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Log("\n" + run(t, append(serve(t, c.draft, c.quirks), "SDK_USED="+used), c.script))
		})
	}
}

// allUsed fails for each part of the SDK's data-asset client that no script has
// used: a call, a parameter, a field of what is sent or comes back, a choice.
func allUsed(t *testing.T, file string) {
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Error(err)
		return
	}
	used := strings.Fields(string(raw))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	all, err := script(ctx, nil, "surface.py")
	if err != nil {
		t.Error(err)
		return
	}
	for _, name := range strings.Fields(string(all)) {
		if !slices.Contains(used, name) {
			t.Errorf("no script has used or seen %s of the SDK", name)
		}
	}
}

// serve starts an emulator with the samples, whose draft becomes ready after
// that time, and returns the environment that tells the scripts about it.
func serve(t *testing.T, draft time.Duration, quirks emulator.Quirks) []string {
	t.Helper()
	dir := extract(t)
	path := filepath.Join(dir, "assets", "SmartSPIM_692911_2023-11-16_12-00-00", "asset.json")
	record := decode[map[string]any](t, path)
	record["ready_after"] = draft.Seconds()
	raw, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	d := decode[emulator.Deployment](t, filepath.Join(dir, "deployment.json"))
	d.InputBucket, d.Endpoints = "demo-lab-private", []string{"lab-store"}
	if raw, err = json.Marshal(d); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "deployment.json"), raw, 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := emulator.New(emulator.Config{Data: dir, DraftTime: 500 * time.Millisecond, Quirks: quirks})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return []string{
		"SAMPLES=" + dir,
		"CODEOCEAN_DOMAIN=" + s.APIURL(),
		"CODEOCEAN_TOKEN=cop_demo",
		"READONLY_TOKEN=cop_demo_readonly",
		"OTHER_TOKEN=cop_demo_other",
		"ADMIN_TOKEN=cop_demo_admin",
		"S3_ENDPOINT=" + s.S3URL(),
		"AWS_ACCESS_KEY_ID=" + d.S3Keys[0].AccessKey,
		"AWS_SECRET_ACCESS_KEY=" + d.S3Keys[0].SecretKey,
	}
}

// TestSamplesOpenInTheirFormats opens every sample with its format's own
// library, and compares what they hold with what the generator makes now.
func TestSamplesOpenInTheirFormats(t *testing.T) {
	t.Parallel()
	generator := filepath.Join("..", "..", "remote", "emulator", "samples")
	want := digests(t, filepath.Join(generator, "data"))
	for _, reader := range []string{
		"read_frame", "read_json", "read_image", "read_tiff", "read_npy", "read_npz", "read_nifti",
		"read_hdf5", "read_nwb", "read_bam", "read_fasta", "read_vcf", "read_zarr", "read_bytes",
	} {
		if !strings.Contains(want, "  "+reader+"  ") {
			t.Errorf("no sample was opened by %s", reader)
		}
	}
	if runtime.GOARCH != "amd64" {
		t.Skip("the samples were made on amd64, and floating point differs in the last bit elsewhere")
	}
	made := t.TempDir()
	run(t, nil, filepath.Join(generator, "make_samples.py"), made)
	if got := digests(t, made); got != want {
		t.Errorf("make_samples.py makes:\n%s\nembedded is:\n%s", got, want)
	}
}

// digests tells what the files below a directory hold. Compressed bytes may
// depend on the processor, and so do the sizes that records tell: those are
// left out.
func digests(t *testing.T, dir string) string {
	t.Helper()
	var lines []string
	for line := range strings.Lines(run(t, nil, "open_formats.py", dir)) {
		if !strings.Contains(line, "/asset.json") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

func TestMmapReaderHashesAsIs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string][]byte{
		"empty": nil, "one": {7}, "pages": bytes.Repeat([]byte("0123456789"), 300_000),
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(content)
		want := hex.EncodeToString(sum[:]) + "  " + path + "\n"
		for _, args := range [][]string{{path}, {"--backwards", path}} {
			if got := run(t, nil, "read_mmap.py", args...); got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
	}
}

func TestRandomReaderFindsOneWrongByte(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, source := filepath.Join(dir, "file"), filepath.Join(dir, "source")
	content := bytes.Repeat([]byte("abcdefg"), 50_000)
	for _, name := range []string{path, source} {
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run(t, nil, "read_random.py", path, source)
	content[123_456] ^= 1
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := script(t.Context(), nil, "read_random.py", path, source)
	if err == nil || !strings.Contains(err.Error(), "differ from byte 123456") {
		t.Errorf("the wrong byte was not reported: %v", err)
	}
}

func extract(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := samples.Extract(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func decode[T any](t *testing.T, path string) T {
	t.Helper()
	var v T
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return v
}
