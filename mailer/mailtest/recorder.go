// Package mailtest receives mails in tests. It has a recorder in place of a
// transport, and a real SMTP server that can be made faulty.
package mailtest

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/mailer"
)

// Recorder is a transport that keeps mails. Its zero value is ready, and many
// goroutines may use it at once.
type Recorder struct {
	box[mailer.Message]
	mu   sync.Mutex
	fail func(mailer.Message) error
}

// Send keeps m, unless the function given to [Recorder.Fail] returns an error for m.
func (r *Recorder) Send(ctx context.Context, m mailer.Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	watch := mailer.Watching(ctx)
	watch.Begin()
	r.mu.Lock()
	fail := r.fail
	r.mu.Unlock()
	if fail != nil {
		if err := fail(m); err != nil {
			return err
		}
	}
	if err := watch.End(); err != nil {
		return err
	}
	r.add(m)
	return nil
}

// Fail makes Send call the function refuse for each mail and return its error. Send keeps the mails
// for which refuse returns nil. If refuse is nil, Send keeps all mails again.
func (r *Recorder) Fail(refuse func(mailer.Message) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail = refuse
}

// Sent returns what has been sent so far, oldest first.
func (r *Recorder) Sent() []mailer.Message { return r.all() }

// Wait waits until at least n mails have been sent, and returns all of them. It fails the test if
// that takes too long.
func (r *Recorder) Wait(t testing.TB, n int) []mailer.Message {
	t.Helper()
	return r.wait(t, n)
}

// FirstLink returns the first address with a scheme in the text of m; "" if there is
// none.
func FirstLink(m mailer.Message) string { return firstLink(m.Text) }

// firstLink returns the first address in text. The address ends before the next white space, or
// before a character that ends an attribute of HTML.
func firstLink(text string) string {
	start := strings.Index(text, "http://")
	if other := strings.Index(text, "https://"); start < 0 || other >= 0 && other < start {
		start = other
	}
	if start < 0 {
		return ""
	}
	text = text[start:]
	if end := strings.IndexAny(text, " \t\r\n\"'<>"); end >= 0 {
		text = text[:end]
	}
	return text
}

// box is a list that goroutines add to and a test waits for.
type box[T any] struct {
	mutex   sync.Mutex
	items   []T
	changed chan struct{} // closed at the next addition
}

func (b *box[T]) add(item T) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.items = append(b.items, item)
	if b.changed != nil {
		close(b.changed)
		b.changed = nil
	}
}

func (b *box[T]) all() []T {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return slices.Clone(b.items)
}

// next returns the items so far, and a channel that is closed when there are more.
func (b *box[T]) next() ([]T, <-chan struct{}) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.changed == nil {
		b.changed = make(chan struct{})
	}
	return slices.Clone(b.items), b.changed
}

func (b *box[T]) wait(t testing.TB, n int) []T {
	t.Helper()
	late := time.After(waittest.Patience)
	for {
		items, changed := b.next()
		if len(items) >= n {
			return items
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("%d mails came, want %d", len(items), n)
		}
	}
}
