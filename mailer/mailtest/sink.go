package mailtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/latchkey-media/latchkey/mailer"
)

// The account with which clients sign in to the sink.
const (
	Username = "latchkey"
	Password = "sink/secret@1"
)

// Received is one mail that the sink accepted.
type Received struct {
	Hello string // the client's name in EHLO
	From  string // MAIL FROM
	To    []string
	Data  []byte
}

// Sink is an SMTP server on a loopback port. It accepts mail only over TLS, and only after a
// sign-in with [Username] and [Password]. A sink of [NewPlainSink] requires neither.
type Sink struct {
	box[Received]
	address string
	cert    tls.Certificate
	pool    *x509.CertPool
	secure  bool // TLS from the first byte
	plain   bool // no TLS and no sign-in

	mu     sync.Mutex
	faults Faults
	server *smtp.Server
	line   *faultyListener
	done   chan struct{}
	quit   chan struct{} // closed when the sink goes down
	tries  int
	silent int
}

// Faults are the faults that the sink shows from the next connection on.
type Faults struct {
	Hang      bool                 // accepts connections and sends nothing
	Banner    string               // is sent instead of the greeting, and then the connection is cut: "421 4.3.2 try later"
	Recipient map[string]int       // answers RCPT TO for these recipients with 451, 550 …
	Silent    func(to string) bool // never answers RCPT TO for these recipients
	Content   int                  // answers the mail itself with 554 …, and forgets it
	CutData   bool                 // accepts the mail, and cuts the connection instead of answering
	CutAfter  bool                 // accepts the mail, answers, and cuts the connection
	Dribble   time.Duration        // the wait before each byte that the sink sends
}

// NewSink starts a sink with STARTTLS, which stops with the test.
func NewSink(t testing.TB) *Sink { t.Helper(); return newSink(t, &Sink{}) }

// NewTLSSink starts a sink that speaks TLS from the first byte.
func NewTLSSink(t testing.TB) *Sink { t.Helper(); return newSink(t, &Sink{secure: true}) }

// NewPlainSink starts a sink that knows no TLS and accepts mail from everybody, as a relay on the
// same machine or a mail catcher does.
func NewPlainSink(t testing.TB) *Sink { t.Helper(); return newSink(t, &Sink{plain: true}) }

// NewPlainSinkAt starts the same kind of sink as [NewPlainSink], on a free port of host, an IP
// address of this machine.
func NewPlainSinkAt(t testing.TB, host string) *Sink {
	t.Helper()
	return newSink(t, &Sink{plain: true, address: net.JoinHostPort(host, "0")})
}

// NewIPv6Sinks starts one sink of each kind on the IPv6 loopback address.
func NewIPv6Sinks(t testing.TB) []*Sink {
	t.Helper()
	const address = "[::1]:0"
	return []*Sink{
		newSink(t, &Sink{address: address}), newSink(t, &Sink{address: address, secure: true}), newSink(t, &Sink{address: address, plain: true}),
	}
}

func newSink(t testing.TB, s *Sink) *Sink {
	t.Helper()
	s.cert, s.pool = Certificate(t)
	if s.address == "" {
		s.address = "127.0.0.1:0"
	}
	s.Up(t)
	t.Cleanup(s.Down)
	return s
}

// URL returns the mail URL that leads to the sink.
func (s *Sink) URL() string {
	scheme := "smtp"
	switch {
	case s.plain:
		return "smtp+plain://" + s.address
	case s.secure:
		scheme = "smtps"
	}
	return scheme + "://latchkey:sink%2Fsecret%401@" + s.address
}

// Transport returns the transport that [mailer.ParseTransport] makes from the sink's URL. It trusts
// the sink's certificate.
func (s *Sink) Transport(t testing.TB) *mailer.SMTP {
	t.Helper()
	transport, err := mailer.ParseTransport(s.URL(), "accounts.example.org")
	if err != nil {
		t.Fatal(err)
	}
	over, ok := transport.(*mailer.SMTP)
	if !ok {
		t.Fatalf("the sink's transport is a %T", transport)
	}
	over.TLS = &tls.Config{RootCAs: s.pool, MinVersion: tls.VersionTLS12}
	return over
}

// Pool holds the sink's certificate.
func (s *Sink) Pool() *x509.CertPool { return s.pool }

// Fail makes the sink show the faults; Fail(Faults{}) repairs the sink.
func (s *Sink) Fail(faults Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = faults
}

// Down stops the sink as a crash would: the port is closed and every connection is cut.
func (s *Sink) Down() {
	s.mu.Lock()
	server, line, done, quit := s.server, s.line, s.done, s.quit
	s.server = nil
	s.mu.Unlock()
	if server == nil {
		return
	}
	close(quit)
	_ = server.Close()
	_ = line.Close() // server.Close closes this listener only if the server has begun to serve
	line.cut()
	<-done
}

// Up starts the sink again, on the port that it had.
func (s *Sink) Up(t testing.TB) {
	t.Helper()
	inner, err := new(net.ListenConfig).Listen(t.Context(), "tcp", s.address)
	if err != nil {
		t.Fatalf("start the mail sink: %v", err)
	}
	s.address = inner.Addr().String()
	server := smtp.NewServer(smtp.BackendFunc(s.session))
	server.Domain = "sink.example.org"
	server.ErrorLog = log.New(io.Discard, "", 0)
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{s.cert}, MinVersion: tls.VersionTLS12}
	if s.plain {
		server.TLSConfig = nil
	}
	line := &faultyListener{Listener: inner, sink: s}
	listener := net.Listener(line)
	if s.secure {
		listener = tls.NewListener(line, server.TLSConfig)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.server, s.line, s.done, s.quit = server, line, make(chan struct{}), make(chan struct{})
	go func(done chan struct{}) {
		defer close(done)
		_ = server.Serve(listener)
	}(s.done)
}

// Mails returns what has been received so far, oldest first.
func (s *Sink) Mails() []Received { return s.all() }

// Wait waits until at least n mails have been received, and returns all of them. It fails the test
// if that takes too long.
func (s *Sink) Wait(t testing.TB, n int) []Received {
	t.Helper()
	return s.wait(t, n)
}

// Tries counts the connections that were opened so far.
func (s *Sink) Tries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tries
}

// Silences counts how often the sink did not answer for a recipient, see [Faults].
func (s *Sink) Silences() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.silent
}

// hush waits until the sink goes down, so that the client gets no answer.
func (s *Sink) hush() {
	s.mu.Lock()
	s.silent++
	quit := s.quit
	s.mu.Unlock()
	<-quit
}

func (s *Sink) fault() Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

func (s *Sink) session(c *smtp.Conn) (smtp.Session, error) {
	return &session{sink: s, line: c}, nil
}

// session is one conversation with the sink.
type session struct {
	sink  *Sink
	line  *smtp.Conn
	known bool
	mail  Received
}

func (*session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != Username || password != Password {
			return smtp.ErrAuthFailed
		}
		s.known = true
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if _, secure := s.line.TLSConnectionState(); !s.sink.plain && (!secure || !s.known) {
		return smtp.ErrAuthRequired
	}
	s.mail = Received{Hello: s.line.Hostname(), From: from}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if silent := s.sink.fault().Silent; silent != nil && silent(to) {
		s.sink.hush()
		return smtp.ErrServerClosed
	}
	if code := s.sink.fault().Recipient[to]; code != 0 {
		return &smtp.SMTPError{
			Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1},
			Message: fmt.Sprintf("mailbox says %d", code),
		}
	}
	s.mail.To = append(s.mail.To, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if code := s.sink.fault().Content; code != 0 {
		return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 6, 0}, Message: "mail refused"}
	}
	s.mail.Data = data
	s.sink.add(s.mail)
	if s.sink.fault().CutData {
		_ = s.line.Conn().Close()
		return errors.New("line cut")
	}
	return nil
}

// Reset forgets the mail of the session. The library calls it after the answer to a
// mail.
func (s *session) Reset() {
	if s.mail.Data != nil && s.sink.fault().CutAfter {
		_ = s.line.Conn().Close()
	}
	s.mail = Received{}
}

func (*session) Logout() error { return nil }

// faultyListener accepts connections and gives them the faults of the sink.
type faultyListener struct {
	net.Listener
	sink *Sink
	mu   sync.Mutex
	open []net.Conn
}

func (l *faultyListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		l.mu.Lock()
		l.open = append(l.open, c)
		l.mu.Unlock()
		l.sink.mu.Lock()
		l.sink.tries++
		faults := l.sink.faults
		l.sink.mu.Unlock()
		switch {
		case faults.Hang:
		case faults.Banner != "":
			_, _ = io.WriteString(c, faults.Banner+"\r\n")
			_ = c.Close()
		case faults.Dribble > 0:
			return &dribble{Conn: c, wait: faults.Dribble}, nil
		default:
			return c, nil
		}
	}
}

// cut ends all connections, also those that hang.
func (l *faultyListener) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.open {
		_ = c.Close()
	}
}

// dribble is a connection that writes one byte at a time, and waits before each of them.
type dribble struct {
	net.Conn
	wait time.Duration
}

func (d *dribble) Write(b []byte) (int, error) {
	for i := range b {
		time.Sleep(d.wait)
		if _, err := d.Conn.Write(b[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(b), nil
}

// Certificate makes a certificate for the loopback addresses and localhost. It returns the
// certificate and a pool of authorities that contains it, for clients that must trust it.
func Certificate(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "mail sink"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		DNSNames:              []string{"localhost"},
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}
