package mailer_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/mailer"
	"github.com/latchkey-media/latchkey/mailer/mailtest"
)

// send sends n mails through m, one after the other.
func send(t *testing.T, m *mailer.Mailer, n int) {
	t.Helper()
	for range n {
		if err := m.Send(t.Context(), letter(t, "confirm", "en")); err != nil {
			t.Fatal(err)
		}
	}
}

// Mails that follow one another go through one connection, up to the number [mailer.Keep.Mails].
func TestMailsShareAConnection(t *testing.T) {
	t.Parallel()
	sink := mailtest.NewSink(t)
	transport := sink.Transport(t)
	transport.Keep.Mails = 4
	m := newMailer(t, transport)
	send(t, m, 10)
	if got := sink.Tries(); got != 3 || len(sink.Mails()) != 10 {
		t.Errorf("%d mails came over %d connections, want 10 over 3", len(sink.Mails()), got)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	send(t, m, 1)
	if got := sink.Tries(); got != 4 {
		t.Errorf("%d connections after the end of the kept ones, want 4", got)
	}
}

// A connection that was kept may be dead when it is needed. The mail goes over another connection,
// at once and only once.
func TestADeadConnectionHarmsNoMail(t *testing.T) {
	t.Parallel()
	sink := mailtest.NewSink(t)
	m := newMailer(t, sink.Transport(t))
	send(t, m, 1)
	sink.Down()
	sink.Up(t)
	send(t, m, 1)
	sink.Fail(mailtest.Faults{CutAfter: true})
	send(t, m, 3)
	if got := len(sink.Mails()); got != 5 {
		t.Errorf("%d mails came, want 5", got)
	}
}

// A connection that was kept and no longer answers is given up after seconds, and not after the
// minutes that a new connection has.
func TestASilentConnectionIsLeftSoon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first := &slowServer{}
		second := &slowServer{}
		opened := 0
		transport := &mailer.SMTP{Host: "localhost", Port: 25, Plain: mailer.PlainLoopback, Dial: func(context.Context, string, string) (net.Conn, error) {
			opened++
			if opened == 1 {
				return first.dial(t.Context(), "", "")
			}
			return second.dial(t.Context(), "", "")
		}}
		m := newMailer(t, transport)
		send(t, m, 1)
		first.step, first.wait = "MAIL FROM", time.Hour
		start := time.Now()
		send(t, m, 1)
		if took := time.Since(start); took > 15*time.Second || first.taken != 1 || second.taken != 1 {
			t.Errorf("the second mail took %v, and the connections have %d and %d mails; want at most 15 s, and one each", took, first.taken, second.taken)
		}
		time.Sleep(2 * time.Hour)
	})
}

// A connection that nobody uses is ended after a while, with a QUIT.
func TestAnUnusedConnectionIsEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &slowServer{}
		ended := 0
		transport := &mailer.SMTP{Host: "localhost", Port: 25, Plain: mailer.PlainLoopback, Dial: func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() { server.serve(theirs); ended++ }()
			return ours, nil
		}}
		m := newMailer(t, transport)
		send(t, m, 2)
		time.Sleep(14 * time.Second)
		if ended != 0 {
			t.Errorf("%d connections ended after 14 s, want it kept", ended)
		}
		send(t, m, 1)
		time.Sleep(14 * time.Second)
		if ended != 0 {
			t.Errorf("%d connections ended 14 s after another mail, want it kept", ended)
		}
		time.Sleep(2 * time.Second)
		if ended != 1 || server.said["QUIT"] != 1 || server.taken != 3 {
			t.Errorf("%d connections ended with %d goodbyes after %d mails, want 1, 1 and 3", ended, server.said["QUIT"], server.taken)
		}
	})
}

// When a mail fails, its connection is ended, so that the failure cannot harm the next mail.
func TestAfterAFailureTheConnectionIsNew(t *testing.T) {
	t.Parallel()
	sink := mailtest.NewSink(t)
	m := newMailer(t, sink.Transport(t))
	send(t, m, 2)
	sink.Fail(mailtest.Faults{Recipient: map[string]int{recipient: 451}})
	if err := m.Send(t.Context(), letter(t, "confirm", "en")); err == nil {
		t.Error("a refused mail was sent, want an error")
	}
	sink.Fail(mailtest.Faults{})
	send(t, m, 2)
	if got := sink.Tries(); got != 2 {
		t.Errorf("%d connections, want 2", got)
	}
}

// TestMailsLeaveConnectionsThatHang sends ten mails while the mail server is frozen: it accepts
// connections and sends nothing. When the server works again, but only for new connections, all ten
// mails are sent within seconds, although the connections that were opened before hang for minutes
// more.
func TestMailsLeaveConnectionsThatHang(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const away, mails = 10 * time.Minute, 10
		begun := time.Now()
		frozen := &slowServer{step: "the greeting", wait: time.Hour}
		working := &slowServer{}
		opened := 0
		transport := &mailer.SMTP{Host: "localhost", Port: 25, Plain: mailer.PlainLoopback, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			opened++
			if time.Since(begun) < away {
				return frozen.dial(ctx, "", "")
			}
			return working.dial(ctx, "", "")
		}}
		m := newMailer(t, transport)
		time.Sleep(away - 4*time.Minute) // so that no connection is given up before the server works again
		var all sync.WaitGroup
		for range mails {
			all.Go(func() { send(t, m, 1) })
		}
		all.Wait()
		if late := time.Since(begun) - away; late > 15*time.Second || working.taken != mails {
			t.Errorf("%d mails were sent %v after the server was back, want %d within 15 s", working.taken, late, mails)
		}
		if most := mails + 4*6 + 1; opened > most {
			t.Errorf("%d connections were opened in four minutes, want at most %d", opened, most)
		}
		time.Sleep(2 * time.Hour)
	})
}

// TestTooManyConnections has a mail server that refuses a third connection. Nothing fails: all mails
// are sent over the two other connections.
func TestTooManyConnections(t *testing.T) {
	t.Parallel()
	sink := mailtest.NewSink(t)
	var open, begun, refused atomic.Int64
	transport := sink.Transport(t)
	transport.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if open.Add(1) > 2 {
			refused.Add(1)
			ours, theirs := net.Pipe()
			go func() { _, _ = theirs.Write([]byte("421 4.7.0 too many connections\r\n")); _ = theirs.Close() }()
			return ours, nil
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	m := newMailer(t, transport)
	// Two mails keep the first two connections busy until the server has refused a third one.
	held := mailer.WithWatch(t.Context(), mailer.Watch{
		Begin: func() { begun.Add(1) },
		End: func() error {
			waittest.Eventually(t, "a connection is refused", func() bool { return refused.Load() > 0 })
			return nil
		},
	})
	var all sync.WaitGroup
	errs := make(chan error, 8)
	for range 2 {
		all.Go(func() { errs <- m.Send(held, letter(t, "confirm", "en")) })
	}
	// While no connection is open, a refusal would be an error for all mails.
	waittest.Eventually(t, "two mails on two connections", func() bool { return begun.Load() == 2 })
	for range 6 {
		all.Go(func() { errs <- m.Send(t.Context(), letter(t, "confirm", "en")) })
	}
	all.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Errorf("got error %v, want the mail to wait for a connection", err)
		}
	}
	if got := len(sink.Mails()); got != 8 || sink.Tries() != 2 {
		t.Errorf("%d mails over %d connections, want 8 over 2", got, sink.Tries())
	}
}

// The caller decides last whether a mail is sent: if its function End returns an error, the server
// does not get the mail, and the next mail is sent as usual.
func TestAMailIsStoppedBeforeItIsComplete(t *testing.T) {
	t.Parallel()
	sink := mailtest.NewSink(t)
	m := newMailer(t, sink.Transport(t))
	send(t, m, 1)
	errNo := errors.New("the lease is lost")
	var said []string
	ctx := mailer.WithWatch(t.Context(), mailer.Watch{
		Begin: func() { said = append(said, "begin") },
		End:   func() error { said = append(said, "end"); return errNo },
	})
	if err := m.Send(ctx, letter(t, "confirm", "en")); !errors.Is(err, errNo) || mailer.Permanent(err) || mailer.ServerAway(err) {
		t.Errorf("error %v, want that the lease is lost", err)
	}
	if got := strings.Join(said, " "); got != "begin end" {
		t.Errorf("the watch was told %q, want begin and end", got)
	}
	send(t, m, 1)
	if got := len(sink.Mails()); got != 2 {
		t.Errorf("%d mails came, want the 2 others: %s", got, fmt.Sprint(sink.Mails()))
	}
}
