// Package linelog writes several lines of a log together, because a separate write for each request
// costs more than the line itself.
package linelog

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"
)

const (
	keptFor  = 200 * time.Millisecond // the longest time that a line waits in memory
	keptMost = 32 << 10               // bytes in memory from which on they are written at once
)

// Buffer keeps lines in memory and writes them together: after [keptFor], when there are many,
// or when Flush is called. It keeps their order. It is safe for many goroutines.
type Buffer struct {
	out io.Writer

	writing sync.Mutex // held while a caller writes to out, so that lines keep their order
	spare   []byte     // the memory of the lines that were written last

	mu    sync.Mutex
	lines []byte
}

// NewBuffer returns an empty buffer over out.
func NewBuffer(out io.Writer) *Buffer { return &Buffer{out: out} }

// Write keeps a line, or several whole lines. If many bytes wait already, it writes all lines: then
// a slow disk slows the callers down, and the memory stays small. It never fails.
func (b *Buffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	b.lines = append(b.lines, line...)
	waiting := len(b.lines)
	b.mu.Unlock()
	switch waiting {
	case len(line): // the first one
		time.AfterFunc(keptFor, b.Flush)
	default:
		if waiting >= keptMost {
			b.Flush()
		}
	}
	return len(line), nil
}

// Flush writes all lines that wait. Lines that cannot be written are lost, as they would be without
// a buffer: a log that fails must not stop a request.
func (b *Buffer) Flush() {
	b.writing.Lock()
	defer b.writing.Unlock()
	b.mu.Lock()
	lines := b.lines
	b.lines = b.spare[:0]
	b.mu.Unlock()
	if len(lines) > 0 {
		_, _ = b.out.Write(lines)
	}
	b.spare = lines
}

// handler passes lines on to another handler. After each line that an operator has to see, it
// writes everything that the buffer holds.
type handler struct {
	slog.Handler

	buffer *Buffer
}

// NewHandler returns a handler whose lines pass through buffer. inner is a handler that writes to
// buffer. A warning or an error does not wait: it is written at once, together with all lines before it.
func NewHandler(inner slog.Handler, buffer *Buffer) slog.Handler { return handler{inner, buffer} }

// Handle writes a line.
func (h handler) Handle(ctx context.Context, line slog.Record) error {
	err := h.Handler.Handle(ctx, line)
	if line.Level >= slog.LevelWarn {
		h.buffer.Flush()
	}
	return err //nolint:wrapcheck // it is the error of the handler that this one wraps
}

// WithAttrs returns a handler that adds attrs to each line.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs), h.buffer}
}

// WithGroup returns a handler that puts the attributes of each line into a group.
func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.Handler.WithGroup(name), h.buffer}
}
