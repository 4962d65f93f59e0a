// Package emby drives an Emby server, 4.8 or newer, with an API key of its administrator. The key
// leaves this package only in the X-Emby-Token header of requests to that server.
//
// Emby signs nobody in without a password. So tokens are made for those local users alone whose
// password the agent manages: it made the local user, or gave them the password. Other local users
// sign in with the password that they have. The package never changes local administrators: it reads a
// local user again before each change.
//
// It was written from the description that Emby publishes (4.8.11), and not tried at a running server.
// Where the description says nothing about behaviour, the package does not rely on one.
package emby

import (
	"context"
	"errors"
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
	URL     string // the address of Emby, with its base path if it has one
	APIKey  string // from the dashboard, Advanced, API Keys
	HTTP    *http.Client
	Version string       // of Latchkey, which administrators of Emby see
	Log     *slog.Logger // for warnings; nil for no log

	// Passwords returns the passwords that the agent manages for a local user: the one that counts, and
	// before it a newer one, if nobody knows whether Emby has taken that one. It returns none for a local
	// user whose password is their own.
	Passwords func(ctx context.Context, localUserID string) ([]string, error)
}

// Server is an Emby server. Make one with [New].
type Server struct {
	base      *url.URL // without a slash at the end of its path
	key       string
	http      *http.Client
	version   string
	log       *slog.Logger
	passwords func(ctx context.Context, localUserID string) ([]string, error)

	policies sync.Mutex // held while a policy is read, changed and written
	warned   sync.Once  // about a version that is newer than all known versions
}

var _ mediaserver.Server = (*Server)(nil)

const (
	requestTime = 15 * time.Second // for one request with its answer
	answerMax   = 16 << 20         // bytes of an answer
	errorMax    = 4 << 10          // bytes that are read of an answer with an error status
)

// New returns the Emby server that o describes, without a request to it. An error says which setting
// is wrong.
func New(o Options) (*Server, error) {
	base, err := parseURL(o.URL)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(o.APIKey) == "" || o.Passwords == nil {
		return nil, errors.New("emby: an API key and the managed passwords are needed")
	}
	s := &Server{base: base, key: strings.TrimSpace(o.APIKey), version: o.Version, log: o.Log, passwords: o.Passwords, http: &http.Client{Timeout: requestTime}}
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

// parseURL reads the address of an Emby server as people type it. An error says what is wrong with it.
func parseURL(text string) (*url.URL, error) {
	base, err := url.Parse(strings.TrimSpace(text))
	switch {
	case err != nil:
		return nil, errors.New("emby: media-server-url is not an address")
	case base.Scheme != "http" && base.Scheme != "https", base.Hostname() == "":
		return nil, errors.New("emby: media-server-url must begin with http:// or https:// and name a host")
	case base.User != nil:
		return nil, errors.New("emby: media-server-url must not contain a name or password")
	case base.RawQuery != "":
		return nil, errors.New("emby: media-server-url must not contain a query")
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
