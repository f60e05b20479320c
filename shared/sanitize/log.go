package sanitize

import (
	"context"
	"log/slog"
)

// Log is a handler whose records hold no text from outside as it came: JSON escapes line breaks,
// but not what reorders or hides the text around it.
func Log(h slog.Handler) slog.Handler { return handler{h} }

type handler struct{ slog.Handler }

// Handle makes the record's own attributes fit.
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	fit := slog.NewRecord(r.Time, r.Level, Text(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		fit.AddAttrs(attr(a))
		return true
	})
	return h.Handler.Handle(ctx, fit)
}

// WithAttrs makes attributes fit that all records to come will have.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	fit := make([]slog.Attr, 0, len(attrs))
	for _, a := range attrs {
		fit = append(fit, attr(a))
	}
	return handler{h.Handler.WithAttrs(fit)}
}

// WithGroup keeps the handler around the group's.
func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }

func attr(a slog.Attr) slog.Attr {
	switch v := a.Value.Resolve(); v.Kind() {
	case slog.KindString:
		return slog.String(a.Key, Text(v.String()))
	case slog.KindGroup:
		var fit []any
		for _, inner := range v.Group() {
			fit = append(fit, attr(inner))
		}
		return slog.Group(a.Key, fit...)
	case slog.KindAny:
		if err, ok := v.Any().(error); ok {
			return slog.String(a.Key, text(err))
		}
	}
	return a
}
