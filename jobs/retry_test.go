package jobs_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/mailer"
	"github.com/latchkey-media/latchkey/mailer/mailtest"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// TestRetryIsTheSameMail lets a mail fail for a while. The wait before each attempt is longer than
// the one before, up to an hour, and each attempt sends exactly the same mail.
func TestRetryIsTheSameMail(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, store *models.Store, clock *modelstest.Clock) {
		var tries []mailer.Message
		var post mailtest.Recorder
		post.Fail(func(m mailer.Message) error { tries = append(tries, m); return errors.New("line cut") })
		work := worker(t, store, &post)
		signUp(t, store, "anna")
		for try := 1; try <= 12; try++ {
			once(t, work)
			if len(tries) != try {
				t.Fatalf("%d tries, want %d", len(tries), try)
			}
			for _, m := range queue(t, store) {
				wait, want := m.DueAt.Sub(clock.Now()), min(30*time.Second<<(try-1), time.Hour)
				if wait < want*4/5 || wait > want*6/5 || m.Attempts != try || m.Dead || !strings.Contains(m.LastError, "line cut") {
					t.Fatalf("try %d: waits %v, want about %v: %+v", try, wait, want, m)
				}
				clock.Advance(wait - time.Second)
				once(t, work)
				if len(tries) != try {
					t.Fatalf("the mail was tried before it was due, want it to wait")
				}
				clock.Advance(time.Second)
			}
		}
		post.Fail(nil)
		once(t, work)
		tries = append(tries, post.Sent()...)
		for _, m := range tries[1:] {
			if diff := cmp.Diff(tries[0], m); diff != "" {
				t.Errorf("a try was another mail:\n%s", diff)
			}
		}
		if len(tries) != 13 || !strings.Contains(tries[0].Text, "/confirm?token=") || len(queue(t, store)) != 0 {
			t.Errorf("got %d tries and %v in the queue, want 13 tries of a mail with a link, and an empty queue\n%s", len(tries), queue(t, store), tries[0].Text)
		}
	})
}

// TestGivenUpAfterADay checks that a mail is no longer tried 24 hours after it was put into the
// queue. It stays there for the operator, who can still send it.
func TestGivenUpAfterADay(t *testing.T) {
	t.Parallel()
	store, clock := modelstest.New(t)
	var post mailtest.Recorder
	post.Fail(func(mailer.Message) error { return errors.New("nobody is there") })
	work := worker(t, store, &post)
	signUp(t, store, "anna")
	began := clock.Now()
	var dead models.QueuedMail
	for !dead.Dead {
		if clock.Now().Sub(began) > 25*time.Hour {
			t.Fatal("the mail is still tried after many rounds, want it given up")
		}
		once(t, work)
		for _, m := range queue(t, store) {
			dead = m
		}
		clock.Advance(10 * time.Minute)
	}
	if tried := clock.Now().Sub(began); tried < 22*time.Hour || dead.LastError == "" {
		t.Errorf("the mail was given up after %v, want about a day: %+v", tried, dead)
	}
	post.Fail(nil)
	clock.Advance(2 * time.Hour)
	once(t, work)
	if len(post.Sent()) != 0 {
		t.Error("a dead mail was sent, want it kept")
	}
	if err := store.Mail.Retry(t.Context(), dead.ID); err != nil {
		t.Fatal(err)
	}
	once(t, work)
	if len(post.Sent()) != 1 || len(queue(t, store)) != 0 {
		t.Errorf("%d mails were sent, want 1; %v waits", len(post.Sent()), queue(t, store))
	}
}

// TestRunOut checks that a mail whose link has expired is deleted.
func TestRunOut(t *testing.T) {
	t.Parallel()
	store, clock := modelstest.New(t)
	member(t, store, "anna")
	var post mailtest.Recorder
	post.Fail(func(mailer.Message) error { return errors.New("nobody is there") })
	work := worker(t, store, &post)
	if err := store.Operators.SendReset(t.Context(), "anna"); err != nil {
		t.Fatal(err)
	}
	once(t, work)
	clock.Advance(time.Hour)
	post.Fail(nil)
	once(t, work)
	if len(post.Sent()) != 0 || len(queue(t, store)) != 0 {
		t.Errorf("%d sent, %v waits; want neither", len(post.Sent()), queue(t, store))
	}
}

// TestFinalAndPassing sends over real SMTP to mailboxes that are good, dead or full. After a final
// error the mail is dead at once. After a temporary error it is tried again. Good mailboxes get
// their mail at the first attempt.
func TestFinalAndPassing(t *testing.T) {
	t.Parallel()
	store, clock := modelstest.New(t, modelstest.Unlimited)
	sink := mailtest.NewSink(t)
	work := worker(t, store, sink.Transport(t))
	sink.Fail(mailtest.Faults{Recipient: map[string]int{emailOf("dead"): 550, emailOf("full"): 452}})
	for _, name := range []string{"good-1", "dead", "good-2", "full", "good-3"} {
		signUp(t, store, name)
	}
	once(t, work)
	if n := len(sink.Mails()); n != 3 {
		t.Errorf("%d mails came, want the 3 good ones", n)
	}
	states := map[bool]string{}
	for _, m := range queue(t, store) {
		states[m.Dead] = m.LastError
	}
	if !strings.Contains(states[true], "550") || !strings.Contains(states[false], "452") || strings.Contains(states[true]+states[false], "@") {
		t.Errorf("states %v, want 550 dead and 452 waiting, neither naming anybody", states)
	}
	sink.Fail(mailtest.Faults{})
	clock.Advance(time.Minute)
	once(t, work)
	if n := len(sink.Mails()); n != 4 || len(queue(t, store)) != 1 {
		t.Errorf("%d mails came, want 4, and %v waits", n, queue(t, store))
	}
}

// TestServerFaultsPass checks that all faults of the mail server itself count as temporary: no mail
// is given up, and all arrive when the server works again.
func TestServerFaultsPass(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string]mailtest.Faults{
		"421": {Banner: "421 4.3.2 try later"}, "554 at the door": {Banner: "554 5.3.2 not today"},
		"451": {Content: 451}, "hangs": {Hang: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, clock := modelstest.New(t, modelstest.Unlimited)
			sink := mailtest.NewSink(t)
			transport := sink.Transport(t)
			if faults.Hang {
				transport.Times.Greeting = 300 * time.Millisecond
			}
			work := worker(t, store, transport)
			signUp(t, store, "anna")
			signUp(t, store, "berta")
			sink.Fail(faults)
			once(t, work)
			for _, m := range queue(t, store) {
				if m.Dead || m.LastError == "" {
					t.Errorf("%+v, want one that waits with a reason", m)
				}
			}
			if len(sink.Mails()) != 0 {
				t.Error("a mail was delivered despite the fault, want none")
			}
			sink.Fail(mailtest.Faults{})
			clock.Advance(time.Minute)
			once(t, work)
			if n := len(sink.Mails()); n != 2 || len(queue(t, store)) != 0 {
				t.Errorf("%d mails came, want 2; %v waits", n, queue(t, store))
			}
		})
	}
}

// TestTakenButNotSaid closes the connection after the server has accepted the mail but before it
// confirms that. The mail arrives twice, and mail programs show it once, because both have the same
// Message-ID.
func TestTakenButNotSaid(t *testing.T) {
	t.Parallel()
	store, clock := modelstest.New(t)
	sink := mailtest.NewSink(t)
	work := worker(t, store, sink.Transport(t))
	signUp(t, store, "anna")
	sink.Fail(mailtest.Faults{CutData: true})
	once(t, work)
	sink.Fail(mailtest.Faults{})
	clock.Advance(time.Minute)
	once(t, work)
	mails := sink.Wait(t, 2)
	first, second := mailtest.Parse(t, mails[0].Data), mailtest.Parse(t, mails[1].Data)
	if id := first.Header.Get("Message-Id"); id == "" || id != second.Header.Get("Message-Id") || first.FirstLink() != second.FirstLink() {
		t.Errorf("got two different mails, want the same mail twice: %v and %v", first.Header, second.Header)
	}
}
