// Package reach asks an address whether a certain media server answers there, and says what is wrong if it does
// not. It sends no secret, follows no redirect, and gives its caller nothing of the answer but what it means.
package reach

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"
)

// Finding is the result of a question at an address, in one word.
type Finding string

// The values of [Finding].
const (
	Fine        Finding = "fine"                  // the media server answers
	NameUnknown Finding = "name_unknown"          // the name leads to no address that may be asked
	OwnMachine  Finding = "own_machine"           // the machine that asks has this address
	NoAnswer    Finding = "no_answer"             // nothing accepts the connection, or nothing answers in time
	Expired     Finding = "certificate_expired"   // the certificate has expired
	WrongName   Finding = "certificate_name"      // the certificate is for another name
	Untrusted   Finding = "certificate_untrusted" // the certificate comes from an authority that is not trusted, or is not valid yet
	NoTLS       Finding = "no_tls"                // the address begins with https, and what answers does not speak it
	Redirect    Finding = "redirect"              // the address leads to another one
	BasePath    Finding = "base_path"             // a web server answers, but the media server is not below this path
	OtherServer Finding = "other_server"          // another media server answers, or another program
	ServerAway  Finding = "server_away"           // a proxy answers, and the media server behind it does not
)

// Target is the address of a media server.
type Target struct {
	Scheme string // http or https
	Host   string // a name in lower case, or an IP address without brackets
	Port   int
	Path   string // "", or an escaped path without a slash at its end
}

// Answer holds the finding of an [Asker].
type Answer struct {
	Finding Finding
	At      netip.Addr // the address that was asked; the zero Addr if none was
	Until   time.Time  // the end of the certificate; zero if none was seen

	// Itself reports whether the media server itself has answered. It may be true although the finding is not Fine:
	// the certificate is read first, and the question is asked all the same.
	Itself bool
}

// Asker asks addresses. All fields are required unless their comments say otherwise.
type Asker struct {
	// Resolve returns the addresses of a name. It is called once for each question, and the connection goes to one of
	// these addresses, so that a second resolution cannot lead elsewhere.
	Resolve func(ctx context.Context, name string) ([]netip.Addr, error)
	// Dial opens a TCP connection.
	Dial func(ctx context.Context, to netip.AddrPort) (net.Conn, error)
	// May reports whether an address may be asked. It sees each address that Resolve returns, in the form in which it came.
	May func(address netip.Addr) bool
	// Own reports whether an address belongs to the machine that asks; nil if that does not matter.
	Own   func(ctx context.Context, address netip.Addr) bool
	Roots *x509.CertPool // nil for those of the system
	Now   func() time.Time
	// Patience limits the whole question.
	Patience time.Duration
}

// Direct returns functions of the system for the fields Resolve and Dial.
func Direct() (resolve func(context.Context, string) ([]netip.Addr, error), dial func(context.Context, netip.AddrPort) (net.Conn, error)) {
	resolve = func(ctx context.Context, name string) ([]netip.Addr, error) {
		list, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
		for at := range list {
			list[at] = list[at].Unmap() // Go returns IPv4 addresses as IPv4 in IPv6
		}
		return list, err
	}
	dial = func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", to.String())
	}
	return resolve, dial
}

// Ask asks whether the media server with the id systemID answers at an address.
func (a *Asker) Ask(ctx context.Context, target Target, systemID string) Answer {
	ctx, cancel := context.WithTimeout(ctx, a.Patience)
	defer cancel()
	at, finding := a.place(ctx, target.Host)
	if finding != "" {
		return Answer{Finding: finding, At: at}
	}
	answer := a.talk(ctx, target, at, systemID)
	answer.At = at
	return answer
}

// place returns the one address to ask. Its finding is "" if there is such an address.
func (a *Asker) place(ctx context.Context, host string) (netip.Addr, Finding) {
	list, err := a.addresses(ctx, host)
	if err != nil {
		return netip.Addr{}, NameUnknown
	}
	list = slices.DeleteFunc(list, func(address netip.Addr) bool { return !a.May(address) })
	if len(list) == 0 {
		return netip.Addr{}, NameUnknown // a name of the network around this machine must not be told apart from none
	}
	slices.SortFunc(list, netip.Addr.Compare) // IPv4 first; and the same one each time
	if a.Own != nil && slices.ContainsFunc(list, func(address netip.Addr) bool { return a.Own(ctx, address) }) {
		return list[0], OwnMachine
	}
	return list[0], ""
}

// errNoName means that a host is neither an address nor a name.
var errNoName = errors.New("reach: not a name")

// addresses returns the addresses of a host. A name is asked for with a dot at its end, so that no search domain of
// this machine is added to it.
func (a *Asker) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	if address, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{address}, nil
	}
	if host == "" {
		return nil, errNoName
	}
	list, err := a.Resolve(ctx, host+".")
	return slices.Clone(list), err
}
