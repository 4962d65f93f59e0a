package jobs_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/mailer/mailtest"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// A domain that accepts mail without delay gets six of the eight places; the others stay free for
// other domains.
func TestADomainThatTakesMailGetsMorePlaces(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, store *models.Store, clock *modelstest.Clock) {
		post := newGate(t)
		defer post.open()
		work := worker(t, store, post)
		work.Now, work.Parallel = clock.Now, 8
		more := rounds(t, work)
		running(t, work.Run)
		for n := range 6 {
			signUp(t, store, fmt.Sprintf("quick-%d", n))
		}
		post.Wait(t, 6)
		rest(t, store, more)
		slow(t, store, 10, func(int) string { return "mail.example.org" })
		waittest.Eventually(t, "six mails hang", func() bool { return post.now.Load() >= 6 })
		signUpAt(t, store, "other", "other@other.example.org")
		post.Wait(t, 7)
		more(3)
		if n := post.now.Load(); n != 6 {
			t.Errorf("%d mails to one domain hang, want 6", n)
		}
	}, modelstest.Unlimited)
}

// After an outage the server is not overloaded: until it has accepted a mail, it gets one mail at a
// time.
func TestAfterAnOutageOneMailGoesFirst(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, store *models.Store, clock *modelstest.Clock) {
		sink := mailtest.NewPlainSink(t)
		sink.Down()
		work := worker(t, store, sink.Transport(t))
		work.Now, work.Parallel = clock.Now, 8
		more := rounds(t, work)
		running(t, work.Run)
		t.Cleanup(sink.Down)
		signUp(t, store, "first")
		more(2)
		rest(t, store, more)
		slow(t, store, 12, func(n int) string { return fmt.Sprintf("d%d.example.org", n) })
		sink.Fail(mailtest.Faults{Silent: hangs})
		sink.Up(t)
		clock.Advance(2 * time.Second)
		waittest.Eventually(t, "a mail is given to the server", func() bool { return sink.Silences() > 0 })
		more(9)
		if n := sink.Silences(); n != 1 {
			t.Errorf("%d mails were given to the server that was away, want 1", n)
		}
		sink.Fail(mailtest.Faults{})
		for range 60 { // the mail that hangs is set aside after ten seconds
			clock.Advance(time.Second)
			more(3)
		}
		if mails := sink.Wait(t, 12); len(mails) != 12 {
			t.Errorf("%d mails came, want 12", len(mails))
		}
	}, modelstest.Unlimited)
}
