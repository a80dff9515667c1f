package service

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"codeoceanfs/remote/fault"
)

// maxLog is the size at which a log is put aside when a mount starts: one old
// log is kept, so that logs never take more than twice this and what one mount
// writes.
const maxLog = 10 << 20

// OpenLog makes the logger of a mount. file is where it writes, or "" for
// standard error; level is debug, info, warn or error, and format text or json.
// Whatever it is given, no token, signed URL or secret is written.
func OpenLog(file, level, format string) (*slog.Logger, io.Closer, error) {
	var options slog.HandlerOptions
	var min slog.Level
	if err := min.UnmarshalText([]byte(level)); err != nil {
		return nil, nil, fmt.Errorf("--log-level %q is none of debug, info, warn, error", level)
	}
	options.Level = min
	var out io.WriteCloser = nopCloser{os.Stderr}
	if file != "" {
		f, err := openRotated(file)
		if err != nil {
			return nil, nil, err
		}
		out = f
	}
	var handler slog.Handler
	switch strings.ToLower(format) {
	case "text":
		handler = slog.NewTextHandler(out, &options)
	case "json":
		handler = slog.NewJSONHandler(out, &options)
	default:
		return nil, nil, fmt.Errorf("--log-format %q is neither text nor json", format)
	}
	return slog.New(fault.Handler(handler)), out, nil
}

// openRotated opens a log for appending, with one older log beside it.
func openRotated(file string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of the log: %w", err)
	}
	if st, err := os.Stat(file); err == nil && st.Mode().IsRegular() && st.Size() > maxLog {
		os.Rename(file, file+".old") // if it cannot be, the log only grows
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	return f, nil
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
