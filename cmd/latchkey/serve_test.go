package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/mailer/mailtest"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// TestServeInAnEmptyFolder starts the service with no setting except --dev.
func TestServeInAnEmptyFolder(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "serve", "--dev", "--listen=127.0.0.1:0")
	serving := regexp.MustCompile(`msg=serving address=(\S+)`)
	within(t, patience, "serves", func() bool {
		match := serving.FindStringSubmatch(p.said.String())
		if match != nil {
			p.address = match[1]
		}
		return match != nil
	})
	newVisitor(p.address, 1).get(t, "/")
	within(t, patience, "says where to look", func() bool { return strings.Contains(p.said.String(), "make demo") })
	for _, hint := range []string{"Open     http://" + p.address + " ", "http://" + p.address + "/dev/mail", "Ctrl-C"} {
		if !strings.Contains(p.said.String(), hint) {
			t.Errorf("the program does not say %q, want it:\n%s", hint, p.said)
		}
	}
	for path, mode := range map[string]os.FileMode{"data": 0o700, "data/secret-key": 0o600} {
		info, err := os.Stat(filepath.Join(p.command.Dir, path))
		if err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v; want mode %o", path, info, err, mode)
		}
	}
	if _, err := os.Stat(filepath.Join(p.command.Dir, "data/latchkey.db")); err != nil {
		t.Error(err)
	}
	key, err := os.ReadFile(filepath.Join(p.command.Dir, "data/secret-key"))
	if err != nil || strings.Contains(p.said.String(), strings.TrimSpace(string(key))) {
		t.Errorf("got the key in the output, want it hidden: %v\n%s", err, p.said)
	}
	p.stop()
}

// TestServeOnATakenPort checks that the service reports a used port, and ends.
func TestServeOnATakenPort(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	newShell(t, "--dev", "--listen="+listener.Addr().String()).refused(t, "make run ARGS=--listen=127.0.0.1:0", "serve")
}

// TestGracefulStop stops the program during a request. The program reports that it is not ready,
// serves for the drain delay, and lets the request end.
func TestGracefulStop(t *testing.T) {
	t.Parallel()
	// On a busy machine the drain delay may be over before the test has seen everything. Then the
	// test tries again with a longer delay.
	for drain := 2 * time.Second; !stopsGracefully(t, drain); drain *= 2 {
		t.Logf("a drain delay of %v was over before the program was asked", drain)
	}
}

// stopsGracefully does the work of TestGracefulStop. It returns false if the drain delay was over
// before the test had seen what the program answers in that time.
func stopsGracefully(t *testing.T, drain time.Duration) (seen bool) {
	t.Helper()
	p := serve(t, "--drain-delay="+drain.String())
	slow, err := net.Dial("tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	const body = "name_or_email=nobody&password=nothing"
	fmt.Fprintf(slow, "POST /signin HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s",
		p.address, len(body), body[:10])

	began := time.Now()
	p.signal()
	p.waitLog("stopping")
	ready, live, page := p.get("/readyz"), p.get("/livez"), p.get("/signin")
	if ready == 0 || live == 0 || page == 0 {
		p.kill()
		return false
	}
	if ready != http.StatusServiceUnavailable || live != http.StatusOK || page != http.StatusOK {
		t.Errorf("while stopping /readyz answers %d, /livez %d and a page %d; want 503, 200 and 200", ready, live, page)
	}
	within(t, patience, "the door is closed", func() bool { return p.get("/livez") == 0 })
	if took := time.Since(began); took < drain {
		t.Errorf("the door was closed after %v, want %v at the least", took, drain)
	}
	if !p.running() {
		t.Fatal("the program ended before the request, want it to wait")
	}
	finish(t, slow, body[10:])
	if err := p.wait(); err != nil {
		t.Errorf("stopped with %v, want exit status 0", err)
	}
	p.waitLog("stopped")
	return true
}

// finish sends the rest of a request, and checks that the answer is a whole page.
func finish(t *testing.T, slow net.Conn, rest string) {
	t.Helper()
	if _, err := io.WriteString(slow, rest); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(slow), nil)
	if err != nil {
		t.Fatalf("the request on its way was not answered: %v, want no error", err)
	}
	defer response.Body.Close()
	if page, err := io.ReadAll(response.Body); err != nil || !strings.Contains(string(page), "</html>") {
		t.Errorf("status %d, half a page: %v, want with %q", response.StatusCode, err, "</html>")
	}
}

// TestSecondSignal sends a second signal to a program that is stopping. The program ends at once,
// instead of draining for a time that is longer than this test waits.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	p := serve(t, "--drain-delay=1m")
	p.signal()
	p.waitLog("stopping")
	within(t, patience, "ended", func() bool { // the program may get the second signal a moment before it has stopped listening for signals
		if err := p.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Fatal(err)
		}
		return !p.running()
	})
	if err := p.wait(); err == nil {
		t.Error("the program ended without an error, want one")
	}
}

// TestStopWhileMailHangs checks that a mail server that does not answer does not delay the stop for
// long, and that no mail is lost.
func TestStopWhileMailHangs(t *testing.T) {
	t.Parallel()
	sink, address := mailtest.NewSink(t), modelstest.SQLite(t)
	p := serveMail(t, sink, "--database="+address)
	sink.Fail(mailtest.Faults{Hang: true})
	tries := sink.Tries()
	newVisitor(p.address, 1).post(t, "/signup", "/signup/sent", signUpForm("patient"))
	within(t, patience, "a try to send", func() bool { return sink.Tries() > tries })
	p.stop() // the mail server never answers, so the program itself has given up waiting for it
	data := look(t, address)
	if n := data.count(t, "SELECT COUNT(*) FROM outbox WHERE lease_owner = '' AND state = 'queued'"); n != 1 {
		t.Errorf("%d mails wait without a lease, want 1", n)
	}
}

func TestHealthcheck(t *testing.T) {
	t.Parallel()
	p := serve(t)
	s := newShell(t, "--listen="+p.address)
	if got := s.must(t, "healthcheck"); got != "ready\n" {
		t.Errorf("%q, want ready", got)
	}
	_, port, err := net.SplitHostPort(p.address)
	if err != nil {
		t.Fatal(err)
	}
	newShell(t, "--listen=0.0.0.0:"+port).must(t, "healthcheck")
	newShell(t, "--listen=:"+port).must(t, "healthcheck")
	p.stop()
	s.refused(t, "the service does not answer", "healthcheck")
}

// TestHealthcheckUnready runs the health check of a service that runs and is not ready.
func TestHealthcheckUnready(t *testing.T) {
	t.Parallel()
	address, line := behindProxy(t, modelstest.MySQL(t))
	p := serve(t, "--database="+address)
	line.cut()
	s := newShell(t, "--listen="+p.address)
	within(t, patience, "not ready", func() bool { return p.get("/readyz") == http.StatusServiceUnavailable })
	s.refused(t, "the service is not ready: 503", "healthcheck")
}
