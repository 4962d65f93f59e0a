package secret_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/internal/waittest"
)

// TestLoad fills a hasher: one hash runs, one waits, and one is refused.
func TestLoad(t *testing.T) {
	t.Parallel()
	goOn := make(chan struct{})
	h := hasher(t, oneKey(t), func(o *secret.HasherOptions) {
		o.Parallel, o.Queue, o.Wait, o.StrangersShare = 1, 1, time.Hour, 0
		o.Began = func(uint32, uint32) { <-goOn }
	})
	is := func(what string, want secret.Load) {
		t.Helper()
		waittest.Eventually(t, what, func() bool { return cmp.Equal(h.Load(), want) })
	}
	is("nothing is done", secret.Load{Most: 1})
	done := make(chan error, 2)
	begin := func() { go func() { _, err := h.Hash(t.Context(), "password", "7", "text"); done <- err }() }
	begin()
	is("a hash runs", secret.Load{Most: 1, Running: 1})
	begin()
	is("another one waits", secret.Load{Most: 1, Running: 1, Common: 1})
	if _, err := h.Hash(t.Context(), "password", "7", "text"); !errors.Is(err, secret.ErrBusy) {
		t.Errorf("a third hash gets %v, want that too many wait", err)
	}
	is("the third one was refused", secret.Load{Most: 1, Running: 1, Common: 1, Refused: 1})
	close(goOn)
	for range 2 {
		if err := <-done; err != nil {
			t.Errorf("a hash ends with %v, want no error", err)
		}
	}
	is("nothing is done any more", secret.Load{Most: 1, Refused: 1})
}
