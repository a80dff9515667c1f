package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"codeoceanfs/fs/mountpoint"
	"codeoceanfs/remote/emulator"
	"codeoceanfs/remote/emulator/samples"
	"codeoceanfs/remote/names"
)

// demoToken is one of the tokens that the emulator lets in by itself.
const demoToken = "cop_demo"

// DemoSettings are those of a mount of the samples, kept in data.
func DemoSettings(point, data, version string) *Settings {
	return &Settings{
		Point: point, Version: version,
		MemoryLimit: 512 << 20, Refresh: 5 * time.Second, // somebody is looking
		UID: uint32(os.Getuid()), GID: uint32(os.Getgid()), Umask: 0o022,
		MaxAPIRequests: 16, MaxS3Requests: 32,
		AllowDelete: true, // only the samples
		demoData:    data,
		CacheDir:    CacheDir(), StateDir: StateDir(), // for the log, and for Check
	}
}

// DemoDir is where the samples are kept unless the user chooses another place,
// or "" for a user without a home.
func DemoDir() string {
	if CacheDir() == "" {
		return ""
	}
	return filepath.Join(CacheDir(), "demo")
}

// Demo is Mount of a deployment of its own, which ends with the mount.
func Demo(ctx context.Context, s *Settings, ready func(text string)) error {
	if s.demoData == "" {
		return errors.New("no home directory to keep the samples in: name one with --data")
	}
	if err := os.MkdirAll(s.Point, 0o755); err != nil && !os.IsExist(err) {
		// A dead mount of an earlier demo is there and is no directory to
		// anybody: Mount clears it.
		if _, statErr := os.Lstat(s.Point); os.IsNotExist(statErr) {
			return fmt.Errorf("make the mount point: %w", err)
		}
	}
	if err := samples.Extract(s.demoData); err != nil {
		return err
	}
	server, err := emulator.New(emulator.Config{Data: s.demoData, Logger: s.Logger})
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	defer server.Close()

	key := emulator.DefaultS3Keys()[0]
	environment := map[string]string{
		"CODEOCEAN_TOKEN":       demoToken,
		"AWS_ACCESS_KEY_ID":     key.AccessKey,
		"AWS_SECRET_ACCESS_KEY": key.SecretKey,
	}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		os.Setenv(name, environment[name]) // read by the AWS library itself
	}
	os.Unsetenv("AWS_SESSION_TOKEN")
	os.Unsetenv("AWS_PROFILE")
	demo := *s
	demo.Domain, demo.S3Endpoint = server.APIURL(), server.S3URL()
	demo.Getenv = func(name string) string { return environment[name] }
	demo.CacheDir, demo.CacheSize = "", 0 // the samples are on this machine already
	demo.StateDir = filepath.Join(s.demoData, "state")
	return Mount(ctx, &demo, ready)
}

// Emulate serves a deployment until ctx ends, and tells out how to use it.
func Emulate(ctx context.Context, cfg emulator.Config, populate int, out io.Writer) error {
	server, err := emulator.New(cfg)
	if err != nil {
		return err
	}
	if populate > 0 {
		if _, err := server.Populate(populate); err != nil {
			return err
		}
	}
	if err := server.Start(); err != nil {
		return err
	}
	defer server.Close()
	key := emulator.DefaultS3Keys()[0]
	fmt.Fprintf(out, `serving %[1]s
  API  %[2]s   token %[3]s
  S3   %[4]s   key %[5]s, secret %[6]s
%[7]sto mount it:
  CODEOCEAN_TOKEN=%[3]s AWS_ACCESS_KEY_ID=%[5]s AWS_SECRET_ACCESS_KEY=%[6]s \
    codeoceanfs mount --domain %[2]s --s3-endpoint %[4]s MOUNTPOINT
^C ends it
`, cfg.Data, server.APIURL(), demoToken, server.S3URL(), key.AccessKey, key.SecretKey, assetLines(server))
	<-ctx.Done()
	return nil
}

// fewAssets are shown one a line.
const fewAssets = 20

// assetLines are the assets with their ids, as they are named in requests, if
// there are few.
func assetLines(server *emulator.Server) string {
	ids := server.Assets()
	if len(ids) > fewAssets {
		return ""
	}
	var lines []string
	for _, id := range ids {
		if a, ok := server.Asset(id); ok {
			lines = append(lines, fmt.Sprintf("  %s/%s   id %s\n", a.Type, names.Encode(a.Name), id))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// LogName is the file name of the log of a mount that has no other.
func LogName(point string) string {
	return names.Encode(mountpoint.Resolve(point)) + ".log"
}
