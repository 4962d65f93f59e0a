package mailer_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-media/latchkey/mailer"
	"github.com/latchkey-media/latchkey/mailer/mailtest"
)

// slowServer is a mail server that waits before it answers a step. It runs on the clock of a test's
// bubble, so that an hour of waiting takes no real time.
type slowServer struct {
	step string // the step at which it waits
	wait time.Duration
	tls  *tls.Config

	mu    sync.Mutex
	taken int            // mails that it has accepted, whether or not it has said so
	said  map[string]int // how often clients sent each command
}

// dial returns our end of a connection to the server.
func (s *slowServer) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	go s.serve(theirs)
	return ours, nil
}

func (s *slowServer) think(step string) {
	if step == s.step {
		time.Sleep(s.wait)
	}
}

// hear counts a command of a client; a dot ends a mail.
func (s *slowServer) hear(verb string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if verb == "." {
		s.taken++
	}
	if s.said == nil {
		s.said = map[string]int{}
	}
	s.said[verb]++
}

// serve holds one conversation. It never sends more than one line at a time.
func (s *slowServer) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	say := func(line string) { _, _ = io.WriteString(conn, line+"\r\n") }
	s.think("the greeting")
	say("220 slow.example.org")
	lines := bufio.NewScanner(conn)
	text := false
	for lines.Scan() {
		line := lines.Text()
		verb, _, _ := strings.Cut(line, " ")
		switch {
		case text && line != ".":
			continue
		case text:
			text = false
			s.hear(".")
			s.think("the end of the mail")
			say("250 taken")
		case verb == "QUIT":
			s.hear(verb)
			s.think(verb)
			say("221 bye")
			return
		case verb == "EHLO":
			s.think("EHLO")
			_, _ = io.WriteString(conn, "250-slow.example.org\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n")
		case verb == "STARTTLS":
			s.think("STARTTLS")
			say("220 go on")
			conn = tls.Server(conn, s.tls)
			lines = bufio.NewScanner(conn)
		case verb == "AUTH":
			s.think("AUTH")
			say("235 welcome")
		case verb == "DATA":
			s.think("DATA")
			say("354 speak")
			text = true
		case verb == "MAIL", verb == "RCPT":
			s.think(map[string]string{"MAIL": "MAIL FROM", "RCPT": "RCPT TO"}[verb])
			say("250 well")
		default:
			s.think(verb)
			say("221 bye")
			return
		}
	}
}

// TestPatienceOfEachStep has a mail server that waits at each step for nearly as long as RFC 5321
// allows: the mail is sent, once. If the server waits for a second too long, the error names the
// step.
func TestPatienceOfEachStep(t *testing.T) {
	t.Parallel()
	cert, pool := mailtest.Certificate(t)
	today := time.Now() // the clock of a bubble starts long before the certificate
	for step, limit := range map[string]time.Duration{
		"the greeting": 5 * time.Minute, "EHLO": 5 * time.Minute, "STARTTLS": 5 * time.Minute, "AUTH": 5 * time.Minute,
		"MAIL FROM": 5 * time.Minute, "RCPT TO": 5 * time.Minute, "DATA": 2 * time.Minute, "the end of the mail": 10 * time.Minute,
	} {
		for _, late := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				server := &slowServer{step: step, wait: limit - time.Second, tls: &tls.Config{Certificates: []tls.Certificate{cert}}}
				if late {
					server.wait = limit + time.Second
				}
				transport := &mailer.SMTP{
					Host: "localhost", Port: 587, Username: "ann", Password: "secret", Dial: server.dial,
					TLS: &tls.Config{RootCAs: pool, Time: func() time.Time { return today }, MinVersion: tls.VersionTLS12},
				}
				err := newMailer(t, transport).Send(t.Context(), letter(t, "confirm", "en"))
				time.Sleep(time.Hour) // the server ends, too
				switch {
				case !late && (err != nil || server.taken != 1):
					t.Errorf("%s after %v: error %v, taken %d times; want the mail sent once", step, server.wait, err, server.taken)
				case late && (err == nil || mailer.Permanent(err) || !strings.Contains(err.Error(), "did not answer in time: "+step+" may take")):
					t.Errorf("%s after %v: error %v, want one that names the step", step, server.wait, err)
				}
				maybe := err != nil && strings.Contains(err.Error(), "it may have the mail")
				if maybe != (server.taken == 1 && late) {
					t.Errorf("%s: error %v with %d mails taken; want it to say when the server may have the mail", step, err, server.taken)
				}
			})
		}
	}
}

// TestGoodbyeIsShort has a mail server that waits for an hour before it answers QUIT, after it has
// accepted the mail. Send returns without an error after seconds.
func TestGoodbyeIsShort(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &slowServer{step: "QUIT", wait: time.Hour}
		transport := &mailer.SMTP{Host: "localhost", Port: 25, Plain: mailer.PlainLoopback, Dial: server.dial}
		start := time.Now()
		err := newMailer(t, transport).Send(t.Context(), letter(t, "confirm", "en"))
		if took := time.Since(start); err != nil || took > 10*time.Second {
			t.Errorf("got error %v after %v, want none within 10 s", err, took)
		}
		time.Sleep(2 * time.Hour)
	})
}
