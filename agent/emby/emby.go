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
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/latchkey-media/latchkey/agent/mediacall"
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
	calls     *mediacall.Client
	key       string
	version   string
	log       *slog.Logger
	passwords func(ctx context.Context, localUserID string) ([]string, error)

	policies sync.Mutex // held while a policy is read, changed and written
	warned   sync.Once  // about a version that is newer than all known versions
}

var _ mediaserver.Server = (*Server)(nil)

const answerMax = 16 << 20 // bytes of an answer

// New returns the Emby server that o describes, without a request to it. An error says which setting
// is wrong.
func New(o Options) (*Server, error) {
	o.Version = cmp.Or(o.Version, "0")
	calls, err := mediacall.New(mediacall.Options{Product: product, URL: o.URL, Version: o.Version, HTTP: o.HTTP, AnswerMax: answerMax})
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(o.APIKey) == "" || o.Passwords == nil {
		return nil, errors.New("emby: an API key and the managed passwords are needed")
	}
	s := &Server{calls: calls, key: strings.TrimSpace(o.APIKey), version: o.Version, log: o.Log, passwords: o.Passwords}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s, nil
}
