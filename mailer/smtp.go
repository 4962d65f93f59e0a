package mailer

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	mail "github.com/wneessen/go-mail"
)

// The longest times of an attempt: for one step of the conversation, and for the
// whole conversation, even if the server goes on answering.
const (
	stepTimeout    = 10 * time.Second
	attemptTimeout = 30 * time.Second
)

var (
	errStep    = errors.New("the mail server did not answer in time")
	errAttempt = errors.New("the mail server took too long")
)

// SMTP is a transport over SMTP. It always encrypts, and checks the server's
// certificate. Each mail has its own connection, so that a bad mail cannot harm
// another.
type SMTP struct {
	Host               string
	Port               int
	ImplicitTLS        bool // TLS from the first byte; otherwise STARTTLS is required
	Username, Password string
	Hello              string        // our name in EHLO: a host name or an IP address
	TLS                *tls.Config   // nil means the certificates of the system
	StepTimeout        time.Duration // 0 means 10 s
	AttemptTimeout     time.Duration // 0 means 30 s
}

// Send delivers m within the attempt's time. Only a 5xx for the recipient or for the
// mail itself is [Permanent]. All other errors, a refused password too, are faults of
// networks and settings, which get repaired.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	message, err := compose(m)
	if err != nil {
		return err
	}
	attempt := s.begin(ctx)
	defer attempt.end()
	client, err := s.client(attempt)
	if err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	connection, err := client.DialToSMTPClientWithContext(attempt.ctx)
	if err != nil {
		return attempt.explain(fmt.Errorf("connect: %w", tidy(err)))
	}
	// If the server has accepted the mail, an error of the QUIT after it does not
	// count: another attempt would deliver the mail twice.
	if err := client.SendWithSMTPClient(connection, message); err != nil && !message.IsDelivered() {
		return attempt.explain(classify(err))
	}
	_ = client.CloseWithSMTPClient(connection)
	return nil
}

func (s *SMTP) client(a *attempt) (*mail.Client, error) {
	options := []mail.Option{
		mail.WithPort(s.Port),
		mail.WithHELO(helloName(s.Hello)),
		mail.WithTimeout(cmp.Or(s.AttemptTimeout, attemptTimeout)), // attempt limits the time of each step
		mail.WithTLSConfig(s.tlsConfig()),
		mail.WithTLSPolicy(mail.TLSMandatory),
		mail.WithDialContextFunc(a.dial),
		mail.WithoutNoop(),
		mail.WithoutSMTPUTF8(),
	}
	if s.ImplicitTLS {
		// mail.WithSSL is not used, because it has no effect with a dial function of our own.
		options = append(options, mail.WithTLSPolicy(mail.NoTLS), mail.WithDialContextFunc(a.dialTLS))
	}
	if s.Username != "" {
		// The connection is encrypted and the server's certificate was checked, so the
		// plain methods are as safe as others, and work everywhere.
		options = append(options, mail.WithUsername(s.Username), mail.WithPassword(s.Password),
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthPlain, mail.SMTPAuthLogin,
				mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthSCRAMSHA1, mail.SMTPAuthCramMD5))
	}
	return mail.NewClient(s.Host, options...)
}

func (s *SMTP) tlsConfig() *tls.Config {
	config := s.TLS.Clone()
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	config.ServerName = cmp.Or(config.ServerName, s.Host)
	return config
}

// helloName returns a host name as it is, and an IP address in brackets, as SMTP
// requires.
func helloName(hello string) string {
	address, err := netip.ParseAddr(hello)
	switch {
	case hello == "":
		return "localhost"
	case err != nil:
		return hello
	case address.Is6():
		return "[IPv6:" + hello + "]"
	default:
		return "[" + hello + "]"
	}
}

// classify makes an error permanent if another attempt would fail too.
func classify(err error) error {
	refused, ok := errors.AsType[*mail.SendError](err)
	if !ok {
		return tidy(err)
	}
	final := slices.Contains([]mail.SendErrReason{mail.ErrSMTPRcptTo, mail.ErrSMTPData, mail.ErrSMTPDataClose}, refused.Reason)
	// 530, 534, 535, 538 and 502 are about our sign-in, not about this mail.
	ours := slices.Contains([]int{502, 530, 534, 535, 538}, refused.ErrorCode())
	if final && !ours && refused.ErrorCode() >= 500 {
		return permanent("%w", tidy(err))
	}
	return tidy(err)
}

// tidyError is an error with a text for logs and for the list of mails: one short
// line without the recipient.
type tidyError struct {
	err  error
	text string
}

func (e *tidyError) Error() string { return e.text }
func (e *tidyError) Unwrap() error { return e.err }

func tidy(err error) error {
	text := err.Error()
	for _, tail := range []string{", affected recipient(s): ", ", affected message ID: "} {
		text, _, _ = strings.Cut(text, tail)
	}
	return &tidyError{err: err, text: inert(strings.Join(strings.Fields(text), " "), 300)}
}

// attempt is one conversation with a mail server, with its time limits. When the time
// of a step, or of the whole conversation, is over, attempt closes the connection. So
// a server that sends a byte now and then cannot make it longer.
type attempt struct {
	ctx     context.Context //nolint:containedctx // of this one call of Send
	cancel  context.CancelCauseFunc
	release context.CancelFunc
	step    *time.Timer
	length  time.Duration
	secure  *tls.Config
}

func (s *SMTP) begin(ctx context.Context) *attempt {
	all, release := context.WithTimeoutCause(ctx, cmp.Or(s.AttemptTimeout, attemptTimeout), errAttempt)
	steps, cancel := context.WithCancelCause(all)
	a := &attempt{ctx: steps, cancel: cancel, release: release, length: cmp.Or(s.StepTimeout, stepTimeout), secure: s.tlsConfig()}
	a.step = time.AfterFunc(a.length, func() { cancel(errStep) })
	return a
}

func (a *attempt) end() {
	a.step.Stop()
	a.cancel(nil)
	a.release()
}

// explain adds the reason to err if attempt closed the connection.
func (a *attempt) explain(err error) error {
	if cause := context.Cause(a.ctx); cause != nil {
		return fmt.Errorf("%w: %w", cause, err)
	}
	return err
}

func (a *attempt) dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{}
	inner, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &timedConn{Conn: inner, attempt: a}
	context.AfterFunc(a.ctx, func() { _ = inner.Close() })
	a.step.Reset(a.length)
	return c, nil
}

func (a *attempt) dialTLS(ctx context.Context, network, address string) (net.Conn, error) {
	inner, err := a.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	outer := tls.Client(inner, a.secure)
	if err := outer.HandshakeContext(ctx); err != nil {
		_ = inner.Close()
		return nil, err
	}
	return outer, nil
}

// timedConn starts a new step of the attempt whenever we send something. Data from
// the server does not make a step longer.
type timedConn struct {
	net.Conn
	attempt *attempt
}

func (c *timedConn) Write(b []byte) (int, error) {
	c.attempt.step.Reset(c.attempt.length)
	return c.Conn.Write(b)
}
