package jobs_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/jobs"
	"github.com/latchkey-media/latchkey/mailer"
	"github.com/latchkey-media/latchkey/mailer/mailtest"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
	"github.com/latchkey-media/latchkey/servicetest"
)

// gate is a transport that delays the mails to names that begin with "slow", until the test opens
// it.
type gate struct {
	mailtest.Recorder
	open func()
	now  atomic.Int64 // the number of mails that wait in it
}

func newGate(t *testing.T) *gate {
	t.Helper()
	opened := make(chan struct{})
	g := &gate{open: sync.OnceFunc(func() { close(opened) })}
	t.Cleanup(g.open)
	g.Fail(func(m mailer.Message) error {
		if strings.HasPrefix(m.To, "slow") {
			g.now.Add(1)
			defer g.now.Add(-1)
			<-opened
		}
		return nil
	})
	return g
}

// hangingMail lets a worker with this number of places send a mail that hangs at the gate, and
// waits until the mail hangs. At the end of the test the gate opens before the worker has to stop.
func hangingMail(t *testing.T, store *models.Store, clock *modelstest.Clock, places int) (post *gate, work *jobs.Mail, more func(n int64), stop func()) {
	t.Helper()
	post = newGate(t)
	signUp(t, store, "slow-anna")
	work = worker(t, store, post)
	work.Now, work.Parallel = clock.Now, places
	more = rounds(t, work)
	stop = running(t, work.Run)
	t.Cleanup(post.open)
	servicetest.Eventually(t, "the mail hangs", func() bool { return post.now.Load() == 1 })
	return post, work, more, stop
}

// TestStopWaitsForMails stops the worker while it sends a mail: the mail arrives, is
// deleted from the queue, and no lease remains.
func TestStopWaitsForMails(t *testing.T) {
	t.Parallel()
	store, _ := modelstest.New(t, modelstest.Unlimited)
	post := newGate(t)
	defer post.open()
	signUp(t, store, "slow-anna")
	work := worker(t, store, post)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var stopping sync.Once
	stopped := make(chan struct{})
	work.Now = func() time.Time { // the worker looks at the clock when it begins a round
		if post.now.Load() == 1 {
			stopping.Do(func() { stop(); close(stopped) })
		}
		return time.Now()
	}
	ended := make(chan struct{})
	go func() { work.Run(ctx); close(ended) }()
	waittest.Receive(t, stopped, "a round that begins while the mail is sent")
	signUp(t, store, "berta") // the worker stops already, so it does not send this mail
	select {
	case <-ended:
		t.Error("the worker stopped while a mail was being sent, want it to wait")
	default:
	}
	post.open()
	waittest.Receive(t, ended, "the end of the worker")
	if sent := post.Sent(); len(sent) != 1 || sent[0].To != emailOf("slow-anna") {
		t.Errorf("%d mails sent, want the one", len(sent))
	}
	if waiting := queue(t, store); len(waiting) != 1 {
		t.Errorf("%v waits, want what was owed too late", waiting)
	}
}

// TestStopReleasesLeases checks that another worker gets the mails at once when the worker that has
// their leases stops.
func TestStopReleasesLeases(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, store *models.Store, _ *modelstest.Clock) {
		signUp(t, store, "anna")
		work := worker(t, store, &mailtest.Recorder{})
		if claimed, err := store.Mail.Claim(t.Context(), work.Owner, 10); err != nil || len(claimed) != 1 {
			t.Fatalf("claimed %+v, error %v; want one mail", claimed, err)
		}
		if claimed, err := store.Mail.Claim(t.Context(), "another", 10); err != nil || len(claimed) != 0 {
			t.Fatalf("got %v, error %v: two workers have the same mail, want one", claimed, err)
		}
		running(t, work.Run)()
		if claimed, err := store.Mail.Claim(t.Context(), "another", 10); err != nil || len(claimed) != 1 {
			t.Errorf("%v %v, want the mail", claimed, err)
		}
	}, modelstest.Unlimited)
}

// The queue is read once for many mails to one domain, and not once for each mail. The interval
// never ends here, so each read except the first happens because a place was freed.
func TestALongQueueIsReadOnce(t *testing.T) {
	t.Parallel()
	store, _ := modelstest.New(t, modelstest.Unlimited)
	var reads atomic.Int64
	err := store.Observe(func(text string, _ []any) {
		if strings.Contains(text, "due_at, id") {
			reads.Add(1)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	const mails = 40
	for n := range mails {
		signUp(t, store, fmt.Sprintf("reader-%d", n))
	}
	var post mailtest.Recorder
	work := worker(t, store, &post)
	work.Interval = time.Hour
	stop := running(t, work.Run)
	servicetest.Eventually(t, "an empty queue", func() bool { return len(queue(t, store)) == 0 })
	stop()
	if got := reads.Load(); got > 2*5 { // two reads at the beginning, for first attempts and for others, and a few when nothing is left
		t.Errorf("%d mails: the queue was read %d times, want at most 10", mails, got)
	}
}

// TestWorkersShareTheQueue lets three workers send at once: each mail is sent once.
func TestWorkersShareTheQueue(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, store *models.Store, clock *modelstest.Clock) {
		const mails = 40
		for n := range mails {
			signUp(t, store, fmt.Sprintf("reader-%d", n))
		}
		var post mailtest.Recorder
		for n := range 3 {
			work := worker(t, store, &post)
			work.Owner, work.Now = fmt.Sprint("worker ", n), clock.Now // so that no lease ends on a slow machine
			running(t, work.Run)
		}
		servicetest.Eventually(t, "an empty queue", func() bool { return len(queue(t, store)) == 0 })
		to := map[string]int{}
		for _, m := range post.Sent() {
			to[m.To]++
		}
		if len(to) != mails || len(post.Sent()) != mails {
			t.Errorf("%d mails to %d people, want %d to each once", len(post.Sent()), len(to), mails)
		}
	}, modelstest.Unlimited)
}
