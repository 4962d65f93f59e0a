package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The reasons why a message was not delivered.
const (
	NameUnknown = "name_unknown" // the name leads to no address that may be asked
	HTTPSWanted = "https_wanted" // the address must begin with https
	NoAnswer    = "no_answer"    // nothing accepts the connection, or the answer is not HTTP
	TooSlow     = "too_slow"     // no answer in time
	Certificate = "certificate"  // the certificate is not good
	Redirected  = "redirected"   // the receiver leads to another address
	Refused     = "refused"      // the receiver answers with another status than 2xx
	Unreadable  = "unreadable"   // the address or its secret cannot be read
)

// Reasons returns all reasons.
func Reasons() []string {
	return []string{NameUnknown, HTTPSWanted, NoAnswer, TooSlow, Certificate, Redirected, Refused, Unreadable}
}

// Answer is the result of one try.
type Answer struct {
	Reason string        // "" if the message was delivered
	Status int           // 0 without an answer
	Text   string        // the first words of the answer, which may be anything; without what is secret in the request
	After  time.Duration // how long the receiver wants to be left alone; 0 if it does not say
}

// Sender sends messages. All fields are required unless their comments say otherwise.
type Sender struct {
	// Resolve returns the addresses of a name. It is called once for each message, and the connection goes to one of
	// these addresses, so that a second resolution cannot lead elsewhere.
	Resolve func(ctx context.Context, name string) ([]netip.Addr, error)
	// Dial opens a TCP connection.
	Dial func(ctx context.Context, to netip.AddrPort) (net.Conn, error)
	// May reports whether everybody may send to an address.
	May func(ctx context.Context, address netip.Addr) bool
	// Trusted reports whether an address belongs to a network that the operator has named. It may be asked, and also
	// without encryption.
	Trusted func(address netip.Addr) bool
	Roots   *x509.CertPool // nil for those of the system
	Now     func() time.Time
	// Patience limits a whole try.
	Patience time.Duration
}

const (
	mostRead   = 16 << 10 // bytes of an answer
	mostHeader = 16 << 10 // bytes of its headers
	mostText   = 200      // characters of an answer that are kept
)

// The reasons why a connection is not made.
var (
	errName  = errors.New("webhook: no address that may be asked")
	errPlain = errors.New("webhook: not encrypted")
)

// Send sends a message once, follows no redirect, and reads little of the answer.
func (s *Sender) Send(ctx context.Context, to Target, m Message) Answer {
	ctx, cancel := context.WithTimeout(ctx, s.Patience)
	defer cancel()
	request, err := Request(ctx, to, m, s.Now())
	if err != nil {
		return Answer{Reason: Unreadable}
	}
	plain := request.URL.Scheme != "https"
	transport := &http.Transport{
		DialContext:            func(ctx context.Context, _, place string) (net.Conn, error) { return s.connect(ctx, place, plain) },
		TLSClientConfig:        &tls.Config{RootCAs: s.Roots, MinVersion: tls.VersionTLS12, Time: s.Now},
		DisableKeepAlives:      true,
		DisableCompression:     true, // a small answer must not become a large one
		MaxResponseHeaderBytes: mostHeader,
	}
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return Answer{Reason: reasonOf(ctx, err)}
	}
	defer func() { _ = response.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(response.Body, mostRead)) // what came before an error is enough
	answer := Answer{Status: response.StatusCode, Text: cut(hide(strings.ToValidUTF8(string(body), "\uFFFD"), to), mostText)}
	switch {
	case answer.Status >= 200 && answer.Status < 300:
	case answer.Status >= 300 && answer.Status < 400:
		answer.Reason = Redirected
	default:
		answer.Reason, answer.After = Refused, s.after(response.Header.Get("Retry-After"), body)
	}
	return answer
}

// connect opens a connection to the one address that may be asked.
func (s *Sender) connect(ctx context.Context, place string, plain bool) (net.Conn, error) {
	host, port, err := net.SplitHostPort(place)
	if err != nil {
		return nil, errName
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, errName
	}
	list, err := s.addresses(ctx, host)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(a netip.Addr) bool { return !s.Trusted(a) && !s.May(ctx, a) })
	if len(list) == 0 {
		return nil, errName // a name of the network around this machine must not be told apart from none
	}
	if plain {
		if list = slices.DeleteFunc(list, func(a netip.Addr) bool { return !s.Trusted(a) }); len(list) == 0 {
			return nil, errPlain
		}
	}
	slices.SortFunc(list, netip.Addr.Compare) // IPv4 first; and the same one each time
	return s.Dial(ctx, netip.AddrPortFrom(list[0], uint16(number)))
}

// addresses returns the addresses of a host. A name is asked for with a dot at its end, so that no search domain of this
// machine is added to it, unless it has no dot at all: a name of the home network.
func (s *Sender) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	if address, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{address}, nil
	}
	if strings.Contains(host, ".") {
		host = strings.TrimSuffix(host, ".") + "."
	}
	list, err := s.Resolve(ctx, host)
	if err != nil {
		return nil, errName
	}
	return slices.Clone(list), nil
}

// reasonOf returns the reason for an error of the HTTP client. The error itself is never shown: it repeats the address.
func reasonOf(ctx context.Context, err error) string {
	verify := &tls.CertificateVerificationError{}
	switch {
	case errors.Is(err, errName):
		return NameUnknown
	case errors.Is(err, errPlain):
		return HTTPSWanted
	case errors.As(err, &verify):
		return Certificate
	case ctx.Err() != nil:
		return TooSlow
	default:
		return NoAnswer
	}
}

// hide returns a text without what is secret in a target: a receiver may repeat the request.
func hide(text string, to Target) string {
	for _, secret := range []string{to.Address, to.Token} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "…")
		}
	}
	return text
}

// after returns how long a receiver wants to be left alone: by the header Retry-After, or by the answers of Telegram,
// Discord and Matrix.
func (s *Sender) after(header string, body []byte) time.Duration {
	if seconds, err := strconv.ParseFloat(header, 64); err == nil && seconds > 0 && seconds < 1e6 {
		return time.Duration(seconds * float64(time.Second))
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, at.Sub(s.Now()))
	}
	var said struct {
		Parameters struct {
			Seconds float64 `json:"retry_after"` // of Telegram
		} `json:"parameters"`
		Seconds float64 `json:"retry_after"`    // of Discord
		Millis  float64 `json:"retry_after_ms"` // of Matrix
	}
	if json.Unmarshal(body, &said) != nil {
		return 0
	}
	seconds := max(said.Parameters.Seconds, said.Seconds, said.Millis/1000)
	if seconds < 0 || seconds > 1e6 {
		return 0
	}
	return time.Duration(seconds * float64(time.Second))
}
