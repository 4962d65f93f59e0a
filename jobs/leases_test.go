package jobs_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/mailer/mailtest"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
	"github.com/latchkey-media/latchkey/servicetest"
)

// leaseOf returns the worker that has the only mail of the queue, or "".
func leaseOf(t *testing.T, store *models.Store) string {
	t.Helper()
	leases, err := store.Mail.Leases(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(leases) != 1 {
		return ""
	}
	return leases[0].Owner
}

// TestMailsOfADeadWorkerAreSentSoon lets a worker die while it has the lease of a mail. Another
// worker, which was running already or is started then, gets the mail within twenty seconds,
// whatever the clock of the dead worker was.
func TestMailsOfADeadWorkerAreSentSoon(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		for _, ahead := range []time.Duration{-time.Minute, 0, time.Minute} {
			clock, dead := modelstest.NewClock(), modelstest.NewClock()
			dead.Advance(ahead)
			store, gone := modelstest.Open(t, database, clock, modelstest.Unlimited), modelstest.Open(t, database, dead, modelstest.Unlimited)
			signUp(t, gone, fmt.Sprint("anna-", int(ahead.Minutes())+1))
			claimed, err := gone.Mail.Claim(t.Context(), "dead", 10)
			if err != nil || len(claimed) != 1 {
				t.Fatalf("claimed %+v, error %v; want one mail", claimed, err)
			}
			clock.Advance(2 * time.Minute) // so that the mail is due by both clocks
			var post mailtest.Recorder
			work := worker(t, store, &post)
			work.Now = clock.Now
			more := rounds(t, work)
			stop := running(t, work.Run)
			passed := 0
			for ; passed <= 20 && leaseOf(t, store) == "dead"; passed++ {
				more(3)
				clock.Advance(time.Second)
			}
			if passed < 12 || passed > 20 {
				t.Errorf("clock %v ahead: the lease ended after %d s, want 12 to 20 s", ahead, passed)
			}
			post.Wait(t, 1)
			servicetest.Eventually(t, "an empty queue", func() bool { return len(queue(t, store)) == 0 })
			stop()
		}
	})
}

// TestALeaseIsWatchedWithoutAGap lets the worker see nothing for an hour, as if the worker or the
// database had been asleep. Nobody could renew a lease in that time, so the worker begins to watch
// the leases from the beginning.
func TestALeaseIsWatchedWithoutAGap(t *testing.T) {
	t.Parallel()
	store, clock := modelstest.New(t, modelstest.Unlimited)
	signUp(t, store, "anna")
	claimed, err := store.Mail.Claim(t.Context(), "another", 10)
	if err != nil || len(claimed) != 1 {
		t.Fatalf("claimed %+v, error %v; want one mail", claimed, err)
	}
	var post mailtest.Recorder
	work := worker(t, store, &post)
	work.Now = clock.Now
	more := rounds(t, work)
	running(t, work.Run)
	for range 8 {
		more(3)
		clock.Advance(time.Second)
	}
	clock.Advance(time.Hour)
	more(3)
	if owner := leaseOf(t, store); owner != "another" {
		t.Errorf("the lease belongs to %q after an hour in which nobody looked, want it left to %q", owner, "another")
	}
	for range 10 { // the other worker is alive and renews its lease
		clock.Advance(2 * time.Second)
		if held, err := store.Mail.Renew(t.Context(), "another", []int64{claimed[0].ID}); err != nil || len(held) != 1 {
			t.Fatalf("renewed %v, error %v; want the mail", held, err)
		}
		more(3)
	}
	if owner := leaseOf(t, store); owner != "another" || len(post.Sent()) != 0 {
		t.Errorf("the lease belongs to %q and %d mails were sent, want %q and none", owner, len(post.Sent()), "another")
	}
}

// TestAMailIsSentOnceThoughItIsRetried lets an operator retry a mail while it is being sent. The mail
// is sent once.
func TestAMailIsSentOnceThoughItIsRetried(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, store *models.Store, clock *modelstest.Clock) {
		post, work, more, stop := hangingMail(t, store, clock, 4)
		for id := range queue(t, store) {
			if err := store.Mail.Retry(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		servicetest.Eventually(t, "the worker has the mail again", func() bool { return leaseOf(t, store) == work.Owner })
		more(3)
		post.open()
		servicetest.Eventually(t, "an empty queue", func() bool { return len(queue(t, store)) == 0 })
		stop()
		if n := len(post.Sent()); n != 1 {
			t.Errorf("%d mails were sent, want 1", n)
		}
	}, modelstest.Unlimited)
}

// TestAMailWhoseLeaseIsLostIsNotSent ends the lease of a mail before the mail server has the mail,
// as if the worker had been asleep: the worker does not send the mail.
func TestAMailWhoseLeaseIsLostIsNotSent(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, store *models.Store, clock *modelstest.Clock) {
		post, work, _, stop := hangingMail(t, store, clock, 1) // with one place, so that the worker cannot begin to send the mail a second time
		if err := store.Mail.Release(t.Context(), work.Owner); err != nil {
			t.Fatal(err)
		}
		claimed, err := store.Mail.Claim(t.Context(), "another", 10)
		if err != nil || len(claimed) != 1 {
			t.Fatalf("claimed %+v, error %v; want the mail", claimed, err)
		}
		clock.Advance(14 * time.Second) // by now the worker must give up the mail, even if it has not looked at the lease
		post.open()
		servicetest.Eventually(t, "the worker is done with the mail", func() bool { return post.now.Load() == 0 })
		stop()
		if n := len(post.Sent()); n != 0 || leaseOf(t, store) != "another" {
			t.Errorf("%d mails were sent, and the mail belongs to %q; want none, and %q", n, leaseOf(t, store), "another")
		}
	}, modelstest.Unlimited)
}
