package jobs_test

import (
	"context"
	"fmt"
	"net"
	"path"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/faulttest"
	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/jobs"
	"github.com/latchkey-media/latchkey/mailer/mailtest"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// engineOf returns the engine of a test that [modelstest.Each] runs, as the table of faults names it.
func engineOf(t *testing.T) string {
	t.Helper()
	return faulttest.Engine(path.Base(t.Name()) + ":")
}

// hangs reports whether the mail server never answers for a recipient.
func hangs(to string) bool { return strings.HasPrefix(to, "slow-") }

// settle waits until the worker has done all that it can do at the present time of its clock: every
// mail that is being sent hangs, and further rounds of the worker change nothing.
func settle(t *testing.T, store *models.Store, sink *mailtest.Sink, more func(int64)) {
	t.Helper()
	for {
		before := sink.Silences()
		more(3)
		waittest.Eventually(t, "every mail that is being sent hangs", func() bool {
			tried := 0
			for _, m := range queue(t, store) {
				if m.Sending || m.LastError != "" {
					tried++
				}
			}
			return sink.Silences() >= tried
		})
		if sink.Silences() == before {
			return
		}
	}
}

// TestFaultHangingRecipients (F-08) puts mails into the queue, and the mail server never answers for
// their recipients. Then it puts one mail to somebody else into the queue. That mail arrives within two
// seconds of the clock. Here one mail server accepts all mails, like a relay that asks the slow servers
// itself.
func TestFaultHangingRecipients(t *testing.T) {
	t.Parallel()
	for name, domain := range map[string]func(int) string{
		"fifty domains": func(n int) string { return fmt.Sprintf("d%d.example.org", n) },
		"one domain":    func(int) string { return "slow.example.org" },
	} {
		for _, again := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, tried before %t", name, again), func(t *testing.T) {
				t.Parallel()
				modelstest.Each(t, func(t *testing.T, store *models.Store, clock *modelstest.Clock) {
					sink := mailtest.NewPlainSink(t)
					sink.Fail(mailtest.Faults{Silent: hangs})
					slow(t, store, 50, domain)
					if again {
						tryAll(t, store, clock)
					}
					clock.Advance(time.Millisecond)
					signUp(t, store, "good")
					work := worker(t, store, sink.Transport(t))
					work.Now, work.Parallel = clock.Now, 8 // the command serve uses the same number
					more := rounds(t, work)
					running(t, work.Run)
					t.Cleanup(sink.Down) // this runs before the worker stops, because the worker waits for mails that hang
					const looks, most = 500 * time.Millisecond, 2 * time.Second
					late := time.Duration(0)
					for ; late <= most; late += 50 * time.Millisecond {
						settle(t, store, sink, more)
						if len(sink.Mails()) > 0 {
							break
						}
						clock.Advance(50 * time.Millisecond)
					}
					t.Logf("the good mail was sent after %v, and %d hang or hung", late, sink.Silences())
					if late+looks > most { // the service looks twice a second
						t.Fatalf("the good mail was sent after %v, want at most %v", late, most-looks)
					}
					faulttest.Report(t, "F-08", "a mail to somebody else while 50 hang in "+name, engineOf(t),
						faulttest.Count{Tried: 1, Survived: 1, Note: fmt.Sprintf("sent after %v", late)})
				}, modelstest.Unlimited)
			})
		}
	}
}

// tryAll lets each mail that is due fail once, and makes it due again.
func tryAll(t *testing.T, store *models.Store, clock *modelstest.Clock) {
	t.Helper()
	claimed, err := store.Mail.Claim(t.Context(), "earlier", 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, owed := range claimed {
		if _, err := store.Mail.Failed(t.Context(), owed, "", false); err != nil {
			t.Fatal(err)
		}
	}
	clock.Advance(time.Minute)
}

// outage is one way in which a mail server can be away for ten minutes.
type outage struct {
	name       string
	begin, end func(t *testing.T, sink *mailtest.Sink)
	oneByOne   bool // the server accepts connections and refuses each mail
}

// outages returns the ways in which a mail server is away and shows it at once. A server that is
// away and sends nothing is tested in the mailer, which has the connections.
func outages() []outage {
	fails := func(f mailtest.Faults) func(*testing.T, *mailtest.Sink) {
		return func(_ *testing.T, sink *mailtest.Sink) { sink.Fail(f) }
	}
	return []outage{
		{"port closed", func(_ *testing.T, s *mailtest.Sink) { s.Down() }, func(t *testing.T, s *mailtest.Sink) { t.Helper(); s.Up(t) }, false},
		{"421", fails(mailtest.Faults{Banner: "421 4.3.2 try later"}), fails(mailtest.Faults{}), false},
		{"451 for each mail", fails(mailtest.Faults{Content: 451}), fails(mailtest.Faults{}), true},
	}
}

// TestFaultTenMinutesOfOutage (F-07) lets the mail server be away for ten minutes, in which mails are
// put into the queue all the time. Within a minute after the server is back, each mail has arrived,
// once, even if the worker asked the server just before that. While the server is away, the worker asks
// it only a limited number of times, and not again and again for every mail.
func TestFaultTenMinutesOfOutage(t *testing.T) {
	t.Parallel()
	for _, o := range outages() {
		for _, mails := range []int{1, 24} {
			if mails == 1 && o.oneByOne {
				continue // one refused mail is not an outage: the server may make a stranger wait on purpose
			}
			if !faulttest.Long() && (mails == 1) != (o.name == "421") {
				continue // in the short form, one way has 1 mail and the others have 24
			}
			t.Run(fmt.Sprintf("%s, %d mails", o.name, mails), func(t *testing.T) {
				t.Parallel()
				modelstest.Each(t, func(t *testing.T, store *models.Store, clock *modelstest.Clock) {
					sink := mailtest.NewPlainSink(t)
					o.begin(t, sink)
					work, asked := asking(t, store, sink)
					work.Now = clock.Now
					more := rounds(t, work)
					running(t, work.Run)
					for step := range 120 {
						if step%(120/mails) == 0 {
							signUp(t, store, fmt.Sprintf("reader-%d", step))
						}
						rest(t, store, more)
						clock.Advance(5 * time.Second)
					}
					explained(t, store)
					most := int64(75)
					if o.oneByOne {
						most = 200 // the server answers, so each mail is tried separately
					}
					if n := asked.Load(); n < 10 || n > most {
						t.Errorf("the server was asked %d times in ten minutes, want 10 to %d times", n, most)
					}
					for before := asked.Load(); asked.Load() == before; rest(t, store, more) {
						clock.Advance(time.Second)
					}
					o.end(t, sink)
					late := 0
					for ; late <= 60 && len(queue(t, store)) > 0; late++ {
						clock.Advance(time.Second)
						rest(t, store, more)
					}
					to := map[string]bool{}
					for _, m := range sink.Mails() {
						to[m.To[0]] = true
					}
					if late > 60 || len(sink.Mails()) != mails {
						t.Errorf("after %d s %d mails had come to %d people, want %d to as many within a minute", late, len(sink.Mails()), len(to), mails)
					}
					faulttest.Report(t, "F-07", "mails while the server is away for ten minutes: "+o.name, engineOf(t), faulttest.Count{
						Tried: mails, Survived: len(to), Lost: mails - len(to),
						Note: fmt.Sprintf("all sent after %d s; asked %d times meanwhile", late, asked.Load()),
					})
				}, modelstest.Unlimited)
			})
		}
	}
}

// asking returns a worker that sends to the sink, and counts the connections that it tries to open.
func asking(t *testing.T, store *models.Store, sink *mailtest.Sink) (*jobs.Mail, *atomic.Int64) {
	t.Helper()
	var asked atomic.Int64
	transport := sink.Transport(t)
	transport.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		asked.Add(1)
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	work := worker(t, store, transport)
	work.Parallel = 8
	return work, &asked
}

// rest waits until no mail is being sent. Before that, it lets the worker begin two more rounds.
func rest(t *testing.T, store *models.Store, more func(int64)) {
	t.Helper()
	more(2)
	waittest.Eventually(t, "no mail is being sent", func() bool {
		for _, m := range queue(t, store) {
			if m.Sending {
				return false
			}
		}
		return true
	})
}

// explained checks that every mail of the queue says why it waits.
func explained(t *testing.T, store *models.Store) {
	t.Helper()
	for _, m := range queue(t, store) {
		if m.LastError == "" && m.OwedAt.Before(m.DueAt) {
			t.Errorf("the mail %+v waits without a reason, want one", m)
		}
	}
}
