// Package jellyfin drives a Jellyfin server, 10.9 and newer, with a key of its
// administrator: no plugin, and nobody's password. The key never leaves this
// package but in the Authorization header of requests to that server.
//
// Tokens are minted in the three steps of Quick Connect, with the identity of the
// device that will use them; the key approves them. Local administrators are never
// changed: each change reads first who the local user is now.
package jellyfin

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// Options are what a [Server] works with.
type Options struct {
	URL     string // where Jellyfin answers, with its base path when it has one
	APIKey  string // of Dashboard → API Keys
	HTTP    *http.Client
	Now     func() time.Time
	Random  io.Reader
	Version string       // of ours, which Jellyfin's administrators see
	Log     *slog.Logger // for what is odd but no error; nil for nowhere
}

// Server is a Jellyfin server. Make one with [New].
type Server struct {
	base    *url.URL // without a slash at the end of its path
	key     string   // the header that shows the key
	http    *http.Client
	now     func() time.Time
	random  io.Reader
	version string
	log     *slog.Logger

	policies sync.Mutex // a policy is read, changed and written as a whole: one at a time
	warned   sync.Once  // of a version newer than all that are known
}

var _ mediaserver.Server = (*Server)(nil)

const (
	requestTime = 15 * time.Second // for one request with its answer
	mostAnswer  = 8 << 20          // bytes of an answer; a thousand local users are about 3 MiB
	mostError   = 4 << 10          // bytes of an answer that is an error
)

// New returns the Jellyfin server of o. It asks that server nothing. An error says
// which setting is wrong.
func New(o Options) (*Server, error) {
	base, err := ParseURL(o.URL)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(o.APIKey) == "" || o.Now == nil || o.Random == nil {
		return nil, errors.New("jellyfin: an API key, a clock and randomness are needed")
	}
	s := &Server{
		base: base, key: authorization(pair{"Token", strings.TrimSpace(o.APIKey)}), now: o.Now, random: o.Random,
		version: o.Version, log: o.Log, http: &http.Client{Timeout: requestTime},
	}
	if s.version == "" {
		s.version = "0"
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if o.HTTP != nil {
		s.http.Transport = o.HTTP.Transport
		if o.HTTP.Timeout > 0 {
			s.http.Timeout = o.HTTP.Timeout
		}
	}
	if s.http.Transport == nil {
		s.http.Transport = transport()
	}
	// A redirect would carry the key elsewhere, and turn a POST into a GET.
	s.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return s, nil
}

// ParseURL reads the address of a Jellyfin server as people type it. An error says
// what is wrong with it.
func ParseURL(text string) (*url.URL, error) {
	base, err := url.Parse(strings.TrimSpace(text))
	switch {
	case err != nil:
		return nil, errors.New("jellyfin: media-server-url is no address")
	case base.Scheme != "http" && base.Scheme != "https", base.Hostname() == "":
		return nil, errors.New("jellyfin: media-server-url has to begin with http:// or https:// and name a host")
	case base.User != nil:
		return nil, errors.New("jellyfin: media-server-url may not hold a name or password")
	case base.RawQuery != "" || base.Fragment != "":
		return nil, errors.New("jellyfin: media-server-url may not hold a query or fragment")
	}
	path := strings.TrimRight(base.Path, "/")
	// What people copy from the browser's address line.
	path = strings.TrimSuffix(strings.TrimSuffix(path, "/index.html"), "/web")
	return &url.URL{Scheme: base.Scheme, Host: base.Host, Path: path}, nil
}

// transport is for a server that is near: no proxy, short waits.
func transport() *http.Transport {
	return &http.Transport{
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:    5 * time.Second,
		ResponseHeaderTimeout:  10 * time.Second,
		IdleConnTimeout:        time.Minute,
		MaxIdleConnsPerHost:    4,
		MaxResponseHeaderBytes: 64 << 10,
		ForceAttemptHTTP2:      true,
	}
}
