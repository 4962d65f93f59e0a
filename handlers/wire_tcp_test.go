package handlers_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/waittest"
)

// wire is a connection to the site on which a test writes every byte itself.
type wire struct {
	t      *testing.T
	conn   net.Conn
	reader *bufio.Reader
}

func (s *site) wire(t *testing.T) *wire {
	t.Helper()
	transport, ok := s.Client().Transport.(*http.Transport)
	if !ok {
		t.Fatal("no transport")
	}
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: transport.TLSClientConfig.RootCAs, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12}}
	conn, err := dialer.DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(waittest.Patience)); err != nil {
		t.Fatal(err)
	}
	return &wire{t, conn, bufio.NewReader(conn)}
}

// head sends a request line and headers, with the host of the site.
func (w *wire) head(lines ...string) {
	w.t.Helper()
	host := "Host: " + w.conn.RemoteAddr().String()
	w.body(strings.Join(append(append(lines[:1:1], host), lines[1:]...), "\r\n") + "\r\n\r\n")
}

func (w *wire) body(text string) {
	w.t.Helper()
	if _, err := io.WriteString(w.conn, text); err != nil {
		w.t.Fatal(err)
	}
}

// answer reads the next answer, which may be "100 Continue".
func (w *wire) answer(method string) (*http.Response, string) {
	w.t.Helper()
	response, err := http.ReadResponse(w.reader, &http.Request{Method: method})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return response, string(body)
}

// A client that sends "Expect: 100-continue" waits for permission before it sends its body
// (§1.1). It does not get this permission for a body that is too long.
func TestServiceExpectContinue(t *testing.T) {
	t.Parallel()
	s := busySite(t)
	f := newFixture(t, s)
	body := "nameOrEmail=" + f.ann.username + "&rawpw=" + url.QueryEscape(f.ann.password)
	w := s.wire(t)
	const request = "POST /service/user/authenticate HTTP/1.1"
	for _, expect := range []string{"Expect: 100-continue", "expect: 100-Continue"} {
		w.head(request, "Content-Type: application/x-www-form-urlencoded", expect, "Content-Length: "+strconv.Itoa(len(body)))
		if leave, _ := w.answer(http.MethodPost); leave.StatusCode != http.StatusContinue {
			t.Fatalf("leave: %d, want %d", leave.StatusCode, http.StatusContinue)
		}
		w.body(body)
		if answer, text := w.answer(http.MethodPost); answer.StatusCode != http.StatusOK || !strings.Contains(text, `"AccessToken"`) {
			t.Fatalf("status %d with %q, want 200 with an access token", answer.StatusCode, text)
		}
	}
	w.head(request, "Expect: 100-continue", "Content-Length: 70000")
	answer, text := w.answer(http.MethodPost)
	if answer.StatusCode != http.StatusRequestEntityTooLarge || text != "" || answer.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("too long: %d %q %v, want status %d, no text, Access-Control-Allow-Origin *", answer.StatusCode, text, answer.Header, http.StatusRequestEntityTooLarge)
	}
}

// A server of 2017 sends these bytes: a body that is not encoded, in one piece
// or in chunks, without asking for compression.
func TestServiceRawBytes(t *testing.T) {
	t.Parallel()
	s := busySite(t)
	const name = `Den & Co + 50% "Server"`
	const body = "name=" + name + "&url=http://127.0.0.1:8096&systemId=383ceec546a24889be99de692f6b7b09&localAddress=http://127.0.0.1:18096"
	w := s.wire(t)
	check := func(how string) {
		t.Helper()
		answer, text := w.answer(http.MethodPost)
		if answer.StatusCode != http.StatusOK || !strings.Contains(text, `"Name":"Den \u0026 Co + 50% \"Server\""`) || answer.Header.Get("Content-Encoding") != "" {
			t.Fatalf("%s: status %d with %q and %v, want 200 with the name, not compressed", how, answer.StatusCode, text, answer.Header)
		}
	}
	common := []string{"x-application: Emby Server/3.2.0.0", "content-type: application/x-www-form-urlencoded", "accept-encoding: deflate"}
	w.head(append([]string{"POST /service/Servers HTTP/1.1", "Content-Length: " + strconv.Itoa(len(body))}, common...)...)
	w.body(body)
	check("whole")
	w.head(append([]string{"POST /SERVICE/servers HTTP/1.1", "Transfer-Encoding: chunked"}, common...)...)
	for piece := range strings.SplitAfterSeq(body, "&") {
		w.body(strconv.FormatInt(int64(len(piece)), 16) + "\r\n" + piece + "\r\n")
	}
	w.body("0\r\n\r\n")
	check("in pieces")
	w.head(append([]string{"POST /service/Servers HTTP/1.0", "Content-Length: " + strconv.Itoa(len(body))}, common...)...)
	w.body(body)
	check("HTTP/1.0")
}

// No client waits in vain if its request is refused before the body was read.
func TestServiceRefusesOnTheWire(t *testing.T) {
	t.Parallel()
	s := busySite(t)
	for line, want := range map[string]int{
		"POST /service/nowhere HTTP/1.1":                     404,
		"PUT /service/servers HTTP/1.1":                      405,
		"HEAD /service/ServerAuthorizations/accept HTTP/1.1": 405,
		"OPTIONS /service/user/authenticate HTTP/1.1":        200,
		"OPTIONS * HTTP/1.1":                                 200, // by net/http itself
	} {
		w := s.wire(t)
		method, _, _ := strings.Cut(line, " ")
		w.head(line, "Content-Length: 0")
		answer, text := w.answer(method)
		if answer.StatusCode != want || text != "" {
			t.Errorf("%s: %d %q, want %d", line, answer.StatusCode, text, want)
		}
		if !strings.Contains(line, "*") && answer.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: headers %v, want Access-Control-Allow-Origin *", line, answer.Header)
		}
	}
}

// An app that appends /user/authenticate to the address https://HOST/service/ sends two
// slashes before "user". With the address https://HOST/ another app may send two slashes
// at the start of the path.
func TestServiceTakesTwoSlashes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.browser(t).join("ann")
	p := s.program(t)
	for _, path := range []string{"/service//user/authenticate", "//service/user/authenticate", "/Service//User//Authenticate//"} {
		a := p.form(http.MethodPost, path, url.Values{"nameOrEmail": {"ann"}, "rawpw": {goodPassword}})
		if a.status != http.StatusOK || !strings.Contains(a.body, `"AccessToken"`) {
			t.Errorf("%s: status %d, want 200 with a token: %s", path, a.status, a.body)
		}
	}
	if a := p.do(http.MethodGet, "//account", "", ""); a.status == http.StatusOK {
		t.Errorf("//account: status %d, want pages of people to have one address", a.status)
	}
}
