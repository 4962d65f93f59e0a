// Package jellyfin drives a Jellyfin server, 10.9 or newer, with an API key of its
// administrator. It needs no plugin and no password of a local user. The key leaves this
// package only in the Authorization header of requests to that server.
//
// Tokens are made in the three steps of Quick Connect, with the identity of the device
// that will use them; the key approves them. The package never changes local
// administrators: it reads a local user again before each change.
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

// Options are the settings of a [Server].
type Options struct {
	URL     string // the address of Jellyfin, with its base path if it has one
	APIKey  string // from Dashboard → API Keys
	HTTP    *http.Client
	Now     func() time.Time
	Random  io.Reader
	Version string       // of Latchkey, which administrators of Jellyfin see
	Log     *slog.Logger // for warnings; nil for no log
}

// Server is a Jellyfin server. Make one with [New].
type Server struct {
	base    *url.URL // without a slash at the end of its path
	key     string   // the Authorization header with the key
	http    *http.Client
	now     func() time.Time
	random  io.Reader
	version string
	log     *slog.Logger

	policies sync.Mutex // held while a policy is read, changed and written
	trials   sync.Mutex // held by tryHours: a second trial would end the token of the first
	warned   sync.Once  // about a version that is newer than all known versions
}

var _ mediaserver.Server = (*Server)(nil)

const (
	requestTime = 15 * time.Second // for one request with its answer
	answerMax   = 8 << 20          // bytes of an answer; a thousand local users have about 3 MiB
	errorMax    = 4 << 10          // bytes that are read of an answer with an error status
)

// New returns the Jellyfin server that o describes, without a request to it. An error says
// which setting is wrong.
func New(o Options) (*Server, error) {
	base, err := parseURL(o.URL)
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
	// A redirect could send the key to another server, and turns a POST into a GET.
	s.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return s, nil
}

// parseURL reads the address of a Jellyfin server as people type it. An error says what is
// wrong with it.
func parseURL(text string) (*url.URL, error) {
	base, err := url.Parse(strings.TrimSpace(text))
	switch {
	case err != nil:
		return nil, errors.New("jellyfin: media-server-url is not an address")
	case base.Scheme != "http" && base.Scheme != "https", base.Hostname() == "":
		return nil, errors.New("jellyfin: media-server-url must begin with http:// or https:// and name a host")
	case base.User != nil:
		return nil, errors.New("jellyfin: media-server-url must not contain a name or password")
	case base.RawQuery != "" || base.Fragment != "":
		return nil, errors.New("jellyfin: media-server-url must not contain a query or fragment")
	}
	path := strings.TrimRight(base.Path, "/")
	// People copy these endings from the address line of the browser.
	path = strings.TrimSuffix(strings.TrimSuffix(path, "/index.html"), "/web")
	return &url.URL{Scheme: base.Scheme, Host: base.Host, Path: path}, nil
}

// transport returns a transport for a server nearby: without a proxy, with short timeouts.
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
