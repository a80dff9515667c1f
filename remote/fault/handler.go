package fault

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
)

// Handler wraps the handler of a log so that no record it gets holds a secret
// ([Redact]) or a raw control character ([Quote]), in message, keys or values.
// Errors, and values of types of their own, arrive there as text.
func Handler(next slog.Handler) slog.Handler { return &handler{next} }

type handler struct{ next slog.Handler }

// Enabled implements slog.Handler.
func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	safe := slog.NewRecord(r.Time, r.Level, clean(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		safe.AddAttrs(cleanAttr(a))
		return true
	})
	return h.next.Handle(ctx, safe)
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &handler{h.next.WithAttrs(cleanAttrs(attrs))}
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	return &handler{h.next.WithGroup(clean(name))}
}

func clean(s string) string { return Quote(Redact(s)) }

func cleanAttrs(attrs []slog.Attr) []slog.Attr {
	safe := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		safe[i] = cleanAttr(a)
	}
	return safe
}

func cleanAttr(a slog.Attr) slog.Attr {
	key, v := clean(a.Key), a.Value.Resolve()
	switch {
	case v.Kind() == slog.KindGroup:
		return slog.Attr{Key: key, Value: slog.GroupValue(cleanAttrs(v.Group())...)}
	case isSecretKey(a.Key):
		return slog.String(key, gone)
	case v.Kind() == slog.KindString:
		return slog.String(key, clean(v.String()))
	case v.Kind() == slog.KindAny && v.Any() != nil:
		return slog.String(key, clean(printed(v.Any())))
	}
	return slog.Attr{Key: key, Value: v} // numbers, times, durations, booleans
}

// printed is the text of a value as people mean it: bytes as the text they are.
func printed(v any) string {
	if b, ok := v.([]byte); ok {
		return string(b)
	}
	return fmt.Sprintf("%+v", v)
}

// isSecretKey reports whether a key says that its value is a secret.
func isSecretKey(key string) bool {
	switch strings.ToLower(key) {
	case "token", "authorization", "secret", "password", "credentials", "client_secret", "signed_url":
		return true
	}
	return false
}
