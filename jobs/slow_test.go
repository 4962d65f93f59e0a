package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/mailer"
	"github.com/latchkey-media/latchkey/mailer/mailtest"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
	"github.com/latchkey-media/latchkey/servicetest"
)

// slow signs up n people whose mails hang at the gate. The function domain returns the domain of
// the address of each person, by their number from 0.
func slow(t *testing.T, store *models.Store, n int, domain func(int) string) {
	t.Helper()
	for i := range n {
		signUpAt(t, store, fmt.Sprintf("slow-%d", i), fmt.Sprintf("slow-%d@%s", i, domain(i)))
	}
}

// TestOneSlowDomainTakesTwoPlaces sends to a domain whose mails hang, and to other domains: the
// slow domain gets two of the four places, and its other mails wait in the queue.
func TestOneSlowDomainTakesTwoPlaces(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, store *models.Store, clock *modelstest.Clock) {
		post := newGate(t)
		defer post.open()
		slow(t, store, 130, func(int) string { return "slow.example.org" }) // more than one read of the queue returns
		for n := range 12 {
			clock.Advance(time.Second) // so that the slow mails are due before the others
			signUp(t, store, fmt.Sprintf("quick-%d", n))
		}
		work := worker(t, store, post)
		work.Now = clock.Now
		more := rounds(t, work)
		stop := running(t, work.Run)
		post.Wait(t, 12)
		servicetest.Eventually(t, "two mails hang", func() bool { return post.now.Load() >= 2 }) // the database may be slow to prepare the second one
		more(3)
		if now := post.now.Load(); now != 2 {
			t.Errorf("%d mails hang, want 2", now)
		}
		post.open()
		stop()
	}, modelstest.Unlimited)
}

// TestASlowMailFreesItsPlace lets sixteen mails to sixteen domains hang. A good mail that is due
// after them is sent within ten seconds of the clock, and all mails arrive in the end.
func TestASlowMailFreesItsPlace(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, store *models.Store, clock *modelstest.Clock) {
		post := newGate(t)
		defer post.open()
		slow(t, store, 16, func(n int) string { return fmt.Sprintf("d%d.example.org", n) })
		clock.Advance(time.Second)
		signUp(t, store, "good")
		began := clock.Now()
		work := worker(t, store, post)
		work.Now, work.Parallel = clock.Now, 8
		running(t, work.Run)
		hanging := int64(0)
		for len(post.Sent()) == 0 && clock.Now().Sub(began) < time.Minute {
			hanging = min(hanging+8, 16)
			servicetest.Eventually(t, "the next mails hang, or the good one is sent", func() bool { return post.now.Load() >= hanging })
			if hanging == 16 {
				clock.Advance(3 * time.Second)
				post.Wait(t, 1)
				break
			}
			clock.Advance(3 * time.Second)
		}
		if late := clock.Now().Sub(began); late > 10*time.Second || len(post.Sent()) != 1 {
			t.Errorf("%d mails were sent after %v, want the good one within 10 s", len(post.Sent()), late)
		}
		post.open()
		post.Wait(t, 17)
		servicetest.Eventually(t, "an empty queue", func() bool { return len(queue(t, store)) == 0 })
	}, modelstest.Unlimited)
}

// TestASlowMailFreesThePlaceOfItsDomain lets two mails to a domain hang. A third mail to that
// domain waits, although other places are free, and is sent when the two have waited for ten
// seconds.
func TestASlowMailFreesThePlaceOfItsDomain(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, store *models.Store, clock *modelstest.Clock) {
		post := newGate(t)
		defer post.open()
		slow(t, store, 2, func(int) string { return "mail.example.org" })
		clock.Advance(time.Second)
		signUp(t, store, "good")
		work := worker(t, store, post)
		work.Now = clock.Now
		more := rounds(t, work)
		running(t, work.Run)
		servicetest.Eventually(t, "two mails hang", func() bool { return post.now.Load() == 2 })
		clock.Advance(9 * time.Second)
		more(3)
		if n := len(post.Sent()); n > 0 || post.now.Load() != 2 {
			t.Errorf("%d mails were sent and %d hang after nine seconds, want none sent and 2 that hang", n, post.now.Load())
		}
		clock.Advance(2 * time.Second)
		post.Wait(t, 1)
	}, modelstest.Unlimited)
}

// TestASlowMailIsSentOnce sends a mail to a mail server that needs five minutes for it. The lease
// of the mail is renewed all the time, so another worker, which looks for leases that nobody
// renews, does not get the mail.
func TestASlowMailIsSentOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, store *models.Store, clock *modelstest.Clock) {
		post, _, _, _ := hangingMail(t, store, clock, 4)
		other := worker(t, store, post)
		other.Owner, other.Now = "another", clock.Now
		running(t, other.Run)
		for range 60 {
			clock.Advance(5 * time.Second)
			servicetest.Eventually(t, "the lease is renewed", func() bool {
				listed := queue(t, store)
				for _, m := range listed {
					return m.Sending && m.LeaseUntil.Equal(clock.Now().Add(models.MailLease))
				}
				return false
			})
			if claimed, err := store.Mail.Claim(t.Context(), "a third one", 10); err != nil || len(claimed) != 0 {
				t.Fatalf("another worker got %v, error %v; want no mail", claimed, err)
			}
		}
		post.open()
		servicetest.Eventually(t, "an empty queue", func() bool { return len(queue(t, store)) == 0 })
		if n := len(post.Sent()); n != 1 {
			t.Errorf("%d mails were sent, want 1", n)
		}
	}, modelstest.Unlimited)
}

// TestOutcomeIsWrittenLater breaks the database while a mail is being sent. The outcome is written
// when the database works again, and the mail is not sent a second time.
func TestOutcomeIsWrittenLater(t *testing.T) {
	t.Parallel()
	address := modelstest.SQLite(t)
	store := modelstest.Open(t, address, modelstest.NewClock())
	side, err := database.Open(address, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = side.Close() }()
	signUp(t, store, "anna")
	var post mailtest.Recorder
	post.Fail(func(mailer.Message) error {
		_, err := side.SQL.ExecContext(context.WithoutCancel(t.Context()), // FAIL keeps the row that records the attempt
			"CREATE TABLE tries (n INTEGER); CREATE TRIGGER broken BEFORE DELETE ON outbox BEGIN INSERT INTO tries VALUES (1); SELECT RAISE(FAIL, 'disk full'); END")
		return err
	})
	work := worker(t, store, &post)
	running(t, work.Run)
	post.Wait(t, 1)
	servicetest.Eventually(t, "the worker tries to write the outcome", func() bool {
		var tries int
		if err := side.SQL.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM tries").Scan(&tries); err != nil {
			t.Fatal(err)
		}
		return tries > 0
	})
	if n := len(queue(t, store)); n != 1 {
		t.Errorf("%d mails in the queue, want the one whose outcome is not written", n)
	}
	if _, err := side.SQL.ExecContext(t.Context(), "DROP TRIGGER broken"); err != nil {
		t.Fatal(err)
	}
	servicetest.Eventually(t, "an empty queue", func() bool { return len(queue(t, store)) == 0 })
	if n := len(post.Sent()); n != 1 {
		t.Errorf("%d mails were sent, want 1", n)
	}
}

// TestMailsHurryWhenTheServerReturns lets mails fail for hours because the mail server cannot be
// reached. As soon as one new mail is sent, all other mails are sent, too.
func TestMailsHurryWhenTheServerReturns(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, store *models.Store, clock *modelstest.Clock) {
		sink := mailtest.NewSink(t)
		work := worker(t, store, sink.Transport(t))
		work.Now = clock.Now
		for n := range 5 {
			signUp(t, store, fmt.Sprintf("reader-%d", n))
		}
		sink.Down()
		for range 8 {
			once(t, work)
			clock.Advance(80 * time.Minute)
		}
		once(t, work)
		sink.Up(t)
		once(t, work)
		if n := len(sink.Mails()); n != 0 {
			t.Fatalf("%d mails came before any was due, want none", n)
		}
		signUp(t, store, "new")
		once(t, work)
		once(t, work)
		if n := len(sink.Mails()); n != 6 || len(queue(t, store)) != 0 {
			t.Errorf("%d mails came, want 6; %v waits", n, queue(t, store))
		}
	}, modelstest.Unlimited)
}

// TestOneRefusalHurriesNobody has a mail server that refuses one recipient. Other mails that it
// accepts do not make the service try the refused mail earlier.
func TestOneRefusalHurriesNobody(t *testing.T) {
	t.Parallel()
	store, _ := modelstest.New(t, modelstest.Unlimited)
	var tries atomic.Int64
	var post mailtest.Recorder
	post.Fail(func(m mailer.Message) error {
		if strings.HasPrefix(m.To, "full") {
			tries.Add(1)
			return errors.New("451 later")
		}
		return nil
	})
	work := worker(t, store, &post)
	signUp(t, store, "full")
	for n := range 4 {
		once(t, work)
		signUp(t, store, fmt.Sprintf("reader-%d", n))
	}
	if n := tries.Load(); n != 1 {
		t.Errorf("the refused mail was tried %d times, want once", n)
	}
}
