package mailer

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/textproto"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	mail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// SMTP is a transport over SMTP. It encrypts the connection and checks the server's certificate,
// unless Plain allows mail without TLS. Several mails may go through one connection, one after the
// other. A connection in which a mail failed is not used again, so that the failure of one mail
// cannot harm another. An SMTP must not be copied.
type SMTP struct {
	Host               string
	Port               int
	ImplicitTLS        bool  // TLS from the first byte; otherwise STARTTLS is required
	Plain              Plain // the zero value requires TLS
	Username, Password string
	Hello              string      // our name in EHLO: a host name or an IP address
	TLS                *tls.Config // nil means the certificates of the system
	Times              Times       // 0 in a field means the time of RFC 5321
	Keep               Keep        // how connections are kept for further mails; 0 in a field means its default
	// Dial opens the connection; nil means the network of this machine.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	lines lines
}

// Times are the longest times that a mail server may take for the steps of a
// conversation. Their defaults are long: if we gave up too early on a mail server that has
// taken the mail, the next attempt would send it the same mail again.
type Times struct {
	Connect  time.Duration // until the connection is open; the default is 1 minute
	Greeting time.Duration // until the server's greeting; the default is 5 minutes
	Command  time.Duration // for each of EHLO, STARTTLS, AUTH, MAIL and RCPT; the default is 5 minutes
	Data     time.Duration // for the answer to DATA; the default is 2 minutes
	Block    time.Duration // for accepting a block of the text; the default is 3 minutes
	Taken    time.Duration // from the end of the text until the server says that it has the mail; the default is 10 minutes
	Goodbye  time.Duration // for the answer to QUIT, which changes nothing; the default is 5 seconds
}

// orDefaults returns t with the times of RFC 5321, section 4.5.3.2, in the fields that are 0.
func (t Times) orDefaults() Times {
	return Times{
		Connect: cmp.Or(t.Connect, time.Minute), Greeting: cmp.Or(t.Greeting, 5*time.Minute),
		Command: cmp.Or(t.Command, 5*time.Minute), Data: cmp.Or(t.Data, 2*time.Minute),
		Block: cmp.Or(t.Block, 3*time.Minute), Taken: cmp.Or(t.Taken, 10*time.Minute),
		Goodbye: cmp.Or(t.Goodbye, 5*time.Second),
	}
}

// Send delivers m. Only a 5xx for the recipient or for the mail itself is [Permanent]. All other
// errors, such as a refused password, come from faults of networks and settings, which get
// repaired. [ServerAway] says which errors concern every mail.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	message, err := compose(m)
	if err != nil {
		return err
	}
	for {
		c, err := s.get(ctx)
		if err != nil {
			return err
		}
		err = c.send(ctx, m, message)
		if err == nil {
			s.giveBack(c)
			return nil
		}
		s.drop(c)
		if !errors.Is(err, errDead) {
			return err
		}
		s.endIdle() // the others are probably dead, too
	}
}

// conversation is one connection to a mail server, over which mails are sent.
type conversation struct {
	server    *SMTP
	times     Times
	mails     int          // how many mails the server has accepted over this connection
	recipient string       // of the present mail; the texts of errors leave it out
	conn      net.Conn     // the connection below TLS; it has the deadline of the step
	deadline  time.Time    // of conn
	client    *smtp.Client // nil until the server has greeted
	text      *textWriter  // where the mail goes after DATA
	answered  bool         // the server answers, so it gets a QUIT
	sleep     *time.Timer  // ends the connection if no mail uses it
}

// errDead means that a connection which was kept can no longer be used. The server has received
// nothing of the mail, so the mail can be sent over another connection at once.
var errDead = errors.New("mailer: the connection that was kept is dead")

// begin opens the connection and signs in.
func (c *conversation) begin(ctx context.Context) error {
	s, t := c.server, c.times
	if err := c.take(ctx, step{"the connection", t.Connect, c.connect, aboutServer}); err != nil {
		return err
	}
	defer c.watch(ctx)()
	steps := []step{
		{"the greeting", t.Greeting, c.greeting, aboutServer},
		{"EHLO", t.Command, func(context.Context) error { return c.client.Hello(helloName(s.Hello)) }, aboutServer},
	}
	if !s.ImplicitTLS && s.Plain == PlainNowhere {
		steps = append(steps, step{"STARTTLS", t.Command, c.startTLS, aboutServer})
	}
	if s.Username != "" {
		steps = append(steps, step{"AUTH", t.Command, c.auth, aboutServer})
	}
	return c.takeAll(ctx, steps)
}

// send sends one mail over the connection. It returns errDead if the connection was kept and has
// died meanwhile.
func (c *conversation) send(ctx context.Context, m Message, message *mail.Msg) error {
	c.recipient = m.To
	defer c.watch(ctx)()
	watch := Watching(ctx)
	watch.Begin()
	first := step{"MAIL FROM", c.times.Command, func(context.Context) error { return c.client.Mail("<" + m.From.Address + ">") }, aboutSender}
	if c.mails > 0 {
		first.limit = min(first.limit, keptLimit)
	}
	if err := c.take(ctx, first); err != nil {
		if c.mails > 0 && ctx.Err() == nil {
			return fmt.Errorf("%w: %w", errDead, err)
		}
		return err
	}
	t := c.times
	err := c.takeAll(ctx, []step{
		{"RCPT TO", t.Command, func(context.Context) error { return c.client.Rcpt("<" + m.To + ">") }, aboutMail},
		{"DATA", t.Data, c.data, aboutMail},
		{"the text of the mail", t.Block, func(context.Context) error { _, err := message.WriteTo(c.text); return err }, aboutMail},
	})
	if err != nil {
		return err
	}
	if err = watch.End(); err != nil {
		c.answered = false // the server waits for more text, not for a QUIT
		return err
	}
	c.mails++
	return c.take(ctx, step{endOfMail, t.Taken, func(context.Context) error { return c.text.Close() }, aboutMail})
}

// keptLimit is how long a server may take for the first command in a connection that was kept. A
// dead connection never answers, and to open another one costs little.
const keptLimit = 10 * time.Second

// watch closes the connection if ctx ends before the caller calls stop. The caller must do that
// before another mail gets the connection.
func (c *conversation) watch(ctx context.Context) (stop func()) {
	ended := context.AfterFunc(ctx, func() { _ = c.conn.Close() })
	return func() { ended() }
}

// step is one step of a conversation: we do something, and the server has to answer in time.
type step struct {
	name  string
	limit time.Duration
	do    func(ctx context.Context) error
	about about
}

// about says whether a server that refuses a step refuses every mail, our address, or
// only this mail.
type about int

const (
	aboutServer about = iota // every mail: any other mail would fail here too
	aboutSender              // our own address: another attempt may find it accepted
	aboutMail                // this mail or its recipient: a 5xx is final
)

// endOfMail is the name of the step after which the server may have the mail, even if the server
// does not confirm it.
const endOfMail = "the end of the mail"

// takeAll takes steps until one fails.
func (c *conversation) takeAll(ctx context.Context, steps []step) error {
	for _, one := range steps {
		if err := c.take(ctx, one); err != nil {
			return err
		}
	}
	return nil
}

// take takes one step. The time for the step ends at a fixed moment, so a server cannot extend it
// by sending a byte now and then.
func (c *conversation) take(ctx context.Context, s step) error {
	err := c.within(s.limit)
	if err == nil {
		err = s.do(ctx)
	}
	c.answered = c.client != nil
	if err == nil {
		return nil
	}
	if _, spoke := errors.AsType[*textproto.Error](err); !spoke {
		c.answered = false
	}
	return c.explain(ctx, s, err)
}

// within sets the deadline for the next answer of the server: the present time plus limit.
func (c *conversation) within(limit time.Duration) error {
	if c.conn == nil {
		return nil
	}
	c.deadline = time.Now().Add(limit) //nolint:forbidigo // deadlines of connections go by the clock of the machine
	return c.conn.SetDeadline(c.deadline)
}

// late reports whether the time for the step is over. The error of the step does not always show
// that: if only the beginning of a line came in time, the library takes it for a whole line and
// returns another error.
func (c *conversation) late() bool {
	return c.conn != nil && !time.Now().Before(c.deadline) //nolint:forbidigo // as above
}

// address returns the host and port of the server.
func (s *SMTP) address() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// connect opens the connection. With ImplicitTLS, TLS begins only in the next step,
// greeting.
func (c *conversation) connect(ctx context.Context) error {
	s := c.server
	dial := s.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: c.times.Connect, ControlContext: s.Plain.control}).DialContext
	}
	connection, err := dial(ctx, "tcp", s.address())
	if err != nil {
		return err
	}
	c.conn = connection
	return nil
}

// greeting waits for the greeting of the server.
func (c *conversation) greeting(context.Context) error {
	line := c.conn
	if c.server.ImplicitTLS {
		line = tls.Client(line, c.server.tlsConfig()) // the handshake begins at the first read
	}
	client, err := smtp.NewClient(line, c.server.Host)
	if err != nil {
		return err
	}
	client.SkipSMTPUTF8(true)
	c.client = client
	return nil
}

// errNoTLS means that the server offers no STARTTLS. The server has received neither our password
// nor a mail.
var errNoTLS = errors.New("it offers no STARTTLS, and mail is sent only encrypted: many servers take smtps:// at port 465; " +
	"for a relay without TLS on this machine write smtp+plain:// in mail-url, " +
	"and for one in your private network smtp+plain://…?network=private")

func (c *conversation) startTLS(context.Context) error {
	if offered, _ := c.client.Extension("STARTTLS"); !offered {
		return errNoTLS
	}
	return c.client.StartTLS(c.server.tlsConfig())
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

// auth signs in with the first method that both sides know. Over TLS the methods that send the
// password are as safe as the others and work everywhere, so they come first; without TLS they come
// last.
func (c *conversation) auth(context.Context) error {
	s := c.server
	offered, methods := c.client.Extension("AUTH")
	if !offered {
		return errors.New("it offers no sign-in: leave the user and the password out of mail-url, or use the server's port for submission")
	}
	bare := s.Plain != PlainNowhere
	open := []method{
		{"PLAIN", func() smtp.Auth { return smtp.PlainAuth("", s.Username, s.Password, s.Host, bare) }},
		{"LOGIN", func() smtp.Auth { return smtp.LoginAuth(s.Username, s.Password, s.Host, bare) }},
	}
	hidden := []method{
		{"SCRAM-SHA-256", func() smtp.Auth { return smtp.ScramSHA256Auth(s.Username, s.Password) }},
		{"SCRAM-SHA-1", func() smtp.Auth { return smtp.ScramSHA1Auth(s.Username, s.Password) }},
		{"CRAM-MD5", func() smtp.Auth { return smtp.CRAMMD5Auth(s.Username, s.Password) }},
	}
	known := append(open, hidden...)
	if bare {
		known = append(hidden, open...)
	}
	theirs := strings.Fields(strings.ToUpper(methods))
	for _, m := range known {
		if slices.Contains(theirs, m.name) {
			return c.client.Auth(m.make())
		}
	}
	return fmt.Errorf("it offers only the sign-ins %q, and this program knows PLAIN, LOGIN, SCRAM and CRAM-MD5", inert(methods, 100))
}

// method is a way to sign in.
type method struct {
	name string
	make func() smtp.Auth
}

func (c *conversation) data(context.Context) error {
	text, err := c.client.Data()
	if err == nil {
		c.text = &textWriter{c: c, inner: text}
	}
	return err
}

// end sends QUIT to a server that still answers, and closes the connection. It ignores the answer
// to QUIT: an error here would lead to another attempt, and a mail that the server has accepted
// already would arrive twice.
func (c *conversation) end() {
	if c.conn == nil {
		return
	}
	if c.answered && c.within(c.times.Goodbye) == nil {
		_ = c.client.Quit()
	}
	_ = c.conn.Close()
}

// explain returns the error of a step in words that help an operator: which server, at which step,
// and what the server said or how long it was silent.
func (c *conversation) explain(ctx context.Context, s step, err error) error {
	e := &stepError{err: err, away: s.about == aboutServer}
	where := "the mail server " + c.server.address()
	answer, spoke := errors.AsType[*textproto.Error](err)
	slow, isNet := errors.AsType[net.Error](err)
	switch {
	case ctx.Err() != nil:
		e.err, e.away = fmt.Errorf("%w: %w", context.Cause(ctx), err), false
		e.text = fmt.Sprintf("broken off at %s of %s: %v", s.name, where, context.Cause(ctx))
	case spoke:
		e.text = fmt.Sprintf("%s answered %s with %d %s", where, s.name, answer.Code, answer.Msg)
	case errors.Is(err, os.ErrDeadlineExceeded), isNet && slow.Timeout(), c.late():
		e.text = fmt.Sprintf("%s did not answer in time: %s may take %v", where, s.name, s.limit)
	default:
		e.text = fmt.Sprintf("%s failed at %s: %v", where, s.name, err)
	}
	if s.name == endOfMail && !spoke {
		e.text += "; it may have the mail, which is sent once more"
	}
	// Servers often repeat the recipient's address in their answers, and logs must not name people.
	if c.recipient != "" {
		e.text = strings.ReplaceAll(e.text, c.recipient, "(the recipient)")
	}
	e.text = inert(strings.Join(strings.Fields(e.text), " "), 400)
	// These codes mean that the server refuses our sign-in. The mail can be sent when the sign-in is
	// repaired.
	ours := spoke && slices.Contains([]int{502, 530, 534, 535, 538}, answer.Code)
	if s.about == aboutMail && spoke && answer.Code >= 500 && !ours {
		return permanent("%w", e)
	}
	return e
}

// stepError is the error of one step. Its text is one short line without the recipient,
// for logs and for the list of mails.
type stepError struct {
	err  error
	text string
	away bool
}

func (e *stepError) Error() string { return e.text }
func (e *stepError) Unwrap() error { return e.err }

// ServerAway reports whether an error of Send concerns the mail server and not just one mail: the
// server could not be reached, or refused us before it knew the recipient.
func ServerAway(err error) bool {
	e, ok := errors.AsType[*stepError](err)
	return ok && e.away
}

// helloName returns a host name as it is, and an IP address in brackets, as SMTP requires for EHLO.
func helloName(hello string) string {
	address, err := netip.ParseAddr(hello)
	switch {
	case hello == "":
		return "localhost"
	case err != nil:
		return hello
	case address.Is6():
		return "[IPv6:" + address.WithZone("").String() + "]"
	default:
		return "[" + hello + "]"
	}
}
