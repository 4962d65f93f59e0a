package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/faulttest"
	"github.com/latchkey-media/latchkey/mailer/mailtest"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// TestFaultKillInMailWorker kills the program while it sends mails (F-02): no mail is lost, and if
// a mail arrives twice, both copies are the same.
func TestFaultKillInMailWorker(t *testing.T) {
	t.Parallel()
	address, sink := modelstest.SQLite(t), mailtest.NewSink(t)
	data := look(t, address)
	store := data.store(t)
	owed := either(60, 400)
	for n := range owed {
		name := fmt.Sprintf("reader-%d", n)
		if _, err := store.Operators.Create(t.Context(), models.SignUp{Username: name, Email: emailOf(name)}); err != nil {
			t.Fatal(err)
		}
	}
	kills := 0
	for range either(6, 30) {
		p := serveMail(t, sink, "--database="+address)
		enough := len(sink.Mails()) + 1 + rand.IntN(8)
		within(t, patience, "some more mails", func() bool { return len(sink.Mails()) >= min(enough, owed) })
		p.kill()
		kills++
		if kills == either(6, 30) {
			break // the next program ends the remaining leases itself
		}
		if _, err := data.SQL.ExecContext(t.Context(), "UPDATE outbox SET lease_owner = '', lease_until = NULL WHERE lease_until IS NOT NULL"); err != nil {
			t.Fatal(err)
		}
	}
	left := data.count(t, "SELECT COUNT(*) FROM outbox WHERE lease_owner <> ''")
	p := serveMail(t, sink, "--database="+address)
	took := within(t, patience, "all mails sent", func() bool { return data.count(t, "SELECT COUNT(*) FROM outbox") == 0 })
	p.stop()
	t.Logf("the last kill left %d leases; all mails were sent %v after the next start", left, took.Round(time.Second))
	seen, twice := sameMails(t, sink), 0
	for name, copies := range seen {
		twice += copies - 1
		if !strings.HasPrefix(name, "reader-") {
			t.Errorf("a mail to %s, want it to begin with %q", name, "reader-")
		}
	}
	const atOnce = 8
	if twice > kills*atOnce {
		t.Errorf("got %d mails twice after %d kills, want at most 8 for each kill", twice, kills)
	}
	faulttest.Report(t, "F-02", fmt.Sprintf("%d kills of the program while it sends mails", kills), faulttest.Engine(address), faulttest.Count{
		Tried: owed, Survived: len(seen), Lost: owed - len(seen), Note: fmt.Sprintf("%d came twice", twice),
	})
}

// TestFaultDatabaseGoneWhileSending makes the database unreachable again and again while two
// programs send mails (F-02). The outcome of each mail is written when the database is back. So the
// number of mails that arrive twice is at most the number of times that the database was away.
func TestFaultDatabaseGoneWhileSending(t *testing.T) {
	t.Parallel()
	direct := modelstest.MySQL(t)
	address, line := behindProxy(t, direct)
	sink := mailtest.NewSink(t)
	programs := []*process{serveMail(t, sink, "--database="+address), serveMail(t, sink, "--database="+address)}
	data := look(t, direct)
	store := data.store(t)
	owed, cuts := either(80, 500), either(4, 17)
	for n := range owed {
		name := fmt.Sprintf("reader-%d", n)
		if _, err := store.Operators.Create(t.Context(), models.SignUp{Username: name, Email: emailOf(name)}); err != nil {
			t.Fatal(err)
		}
		if n%(owed/cuts) != owed/cuts-1 {
			continue
		}
		came := len(sink.Mails())
		within(t, patience, "some more mails", func() bool {
			return len(sink.Mails()) > came || data.count(t, "SELECT COUNT(*) FROM outbox") == 0
		})
		line.cut()
		for _, p := range programs {
			within(t, patience, "not ready", func() bool { return p.get("/readyz") == http.StatusServiceUnavailable })
		}
		if long() && n > owed-2*owed/cuts {
			time.Sleep(models.MailLease + 5*time.Second) // one time for longer than a lease lasts
		}
		line.restore()
		for _, p := range programs {
			within(t, patience, "ready", func() bool { return p.get("/readyz") == http.StatusOK })
		}
	}
	within(t, patience, "all mails sent", func() bool { return data.count(t, "SELECT COUNT(*) FROM outbox") == 0 })
	seen, twice := sameMails(t, sink), 0
	for _, copies := range seen {
		twice += copies - 1
	}
	if twice > cuts {
		t.Errorf("%d people got their mail twice, want at most %d", twice, cuts)
	}
	faulttest.Report(t, "F-02", fmt.Sprintf("the database away %d times while two programs send mails", cuts), faulttest.Engine(address), faulttest.Count{
		Tried: owed, Survived: len(seen), Lost: owed - len(seen), Note: fmt.Sprintf("%d came twice", twice),
	})
	for _, p := range programs {
		p.stop()
	}
}

// sameMails counts the mails of each recipient. It fails the test if copies of one mail differ in a
// part that must be the same.
func sameMails(t *testing.T, sink *mailtest.Sink) map[string]int {
	t.Helper()
	count, first, ids := map[string]int{}, map[string][]string{}, map[string]string{}
	for _, received := range sink.Mails() {
		m := mailtest.Parse(t, received.Data)
		to, id := received.To[0], m.Header.Get("Message-Id")
		same := []string{id, m.Header.Get("Date"), m.Subject, m.FirstLink()}
		if count[to]++; count[to] == 1 {
			first[to] = same
		} else if !slices.Equal(first[to], same) {
			t.Errorf("two mails to %s differ: %q and %q, want %v", to, first[to], same, same)
		}
		if other := ids[id]; other != "" && other != to {
			t.Errorf("%s and %s got mails with the same Message-ID, want different ones", to, other)
		}
		ids[id] = to
	}
	return count
}

// TestFaultMailServer stops the mail server, starts it with faults, and repairs it (F-07, F-08).
// People notice only that their mail comes later.
func TestFaultMailServer(t *testing.T) {
	t.Parallel()
	address, sink := modelstest.SQLite(t), mailtest.NewSink(t)
	p := serveMail(t, sink, "--database="+address)
	data := look(t, address)
	people := 0
	signUps := func(n int) (slowest time.Duration) {
		for range n {
			people++
			a := newVisitor(p.address, people).post(t, "/signup", "/signup/sent", signUpForm(fmt.Sprintf("writer-%d", people)))
			slowest = max(slowest, a.took)
		}
		return slowest
	}
	normal := signUps(5)
	sink.Wait(t, 5)

	for _, fault := range []struct {
		name string
		make func()
	}{
		{"gone", sink.Down},
		{"421", func() { sink.Fail(mailtest.Faults{Banner: "421 4.3.2 try later"}); sink.Up(t) }},
		{"hangs", func() { sink.Fail(mailtest.Faults{Hang: true}) }},
		{"451 for the mail", func() { sink.Fail(mailtest.Faults{Content: 451}) }},
	} {
		fault.make()
		slowest := signUps(3)
		within(t, patience, "each mail tried, or a reason why not", func() bool {
			return data.count(t, "SELECT COUNT(*) FROM outbox WHERE attempts = 0 AND last_error = ''") == 0
		})
		// The mails still hang, because the mail server hangs for longer than a visitor waits. So
		// no sign-up has waited for the mail server.
		if fault.name == "hangs" {
			within(t, patience, "a mail that hangs", func() bool { return data.count(t, "SELECT COUNT(*) FROM outbox WHERE lease_owner <> ''") > 0 })
		}
		t.Logf("%s: slowest sign-up %v (%v when all was well)", fault.name, slowest, normal)
	}
	sink.Down() // ends connections that hang
	sink.Fail(mailtest.Faults{})
	sink.Up(t)
	within(t, patience, "nothing on its way", func() bool {
		return data.count(t, "SELECT COUNT(*) FROM outbox WHERE lease_owner <> ''") == 0
	})
	data.deliverAll(t)
	seen := sameMails(t, sink)
	for name, copies := range seen {
		if copies != 1 {
			t.Errorf("%s got %d mails, want 1", name, copies)
		}
	}
	faulttest.Report(t, "F-07", "sign-ups while the mail server is away, hangs or refuses", faulttest.Engine(address), faulttest.Count{
		Tried: people, Survived: len(seen), Lost: people - len(seen),
	})
	badAddresses(t, p, data, sink)
	p.stop()
}

// badAddresses signs up ten people. One mailbox is dead, and one is full.
func badAddresses(t *testing.T, p *process, data *data, sink *mailtest.Sink) {
	t.Helper()
	before := len(sink.Mails())
	sink.Fail(mailtest.Faults{
		Recipient: map[string]int{emailOf("tenth-3"): 550, emailOf("tenth-5"): 452},
		Dribble:   200 * time.Microsecond, // the server is slow too
	})
	for n := range 10 {
		newVisitor(p.address, 800+n).post(t, "/signup", "/signup/sent", signUpForm(fmt.Sprintf("tenth-%d", n)))
	}
	took := within(t, patience, "good mail beside bad", func() bool { return len(sink.Mails()) == before+8 })
	faulttest.Report(t, "F-08", "mails beside a dead mailbox and a full one, to a slow server", faulttest.Engine(data.address), faulttest.Count{
		Tried: 8, Survived: len(sink.Mails()) - before, Note: fmt.Sprintf("the last came after %v", took.Round(time.Millisecond)),
	})
	list := newShell(t, "--dev", "--secret-key="+modelstest.Key, "--database="+data.address)
	within(t, patience, "a dead letter and one put off, with reasons", func() bool {
		text := list.must(t, "mail", "list")
		return lineWith(text, "given up", "mailbox says 550") && lineWith(text, "waits", "mailbox says 452")
	})
}

// lineWith reports whether a line of text contains all parts.
func lineWith(text string, parts ...string) bool {
	for line := range strings.Lines(text) {
		if !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(line, part) }) {
			return true
		}
	}
	return false
}
