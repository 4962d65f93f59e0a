// Package jellyfin drives a Jellyfin server, 10.9 or newer, with an API key of its
// administrator. It needs no plugin and no password of a local user. The key leaves this
// package only in the Authorization header of requests to that server.
//
// Tokens are made in the three steps of Quick Connect, with the identity of the device
// that will use them; the key approves them. The package never changes local
// administrators: it reads a local user again before each change.
package jellyfin

import (
	"cmp"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediacall"
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
	calls   *mediacall.Client
	key     string // the Authorization header with the key
	now     func() time.Time
	random  io.Reader
	version string
	log     *slog.Logger

	policies sync.Mutex // held while a policy is read, changed and written
	trials   sync.Mutex // held by tryHours: a second trial would end the token of the first
	warned   sync.Once  // about a version that is newer than all known versions
}

var _ mediaserver.Server = (*Server)(nil)

const answerMax = 8 << 20 // bytes of an answer; a thousand local users have about 3 MiB

// New returns the Jellyfin server that o describes, without a request to it. An error says
// which setting is wrong.
func New(o Options) (*Server, error) {
	o.Version = cmp.Or(o.Version, "0")
	calls, err := mediacall.New(mediacall.Options{Product: product, URL: o.URL, Version: o.Version, HTTP: o.HTTP, AnswerMax: answerMax, DoneStatus: http.StatusNoContent})
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(o.APIKey) == "" || o.Now == nil || o.Random == nil {
		return nil, errors.New("jellyfin: an API key, a clock and randomness are needed")
	}
	s := &Server{
		calls: calls, key: authorization(pair{"Token", strings.TrimSpace(o.APIKey)}), now: o.Now, random: o.Random,
		version: o.Version, log: o.Log,
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s, nil
}
