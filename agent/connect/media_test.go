package connect_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// Ids of local users, and tokens that the media server knows.
const (
	systemID = "383ceec546a24889be99de692f6b7b09"
	kid      = "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"
	aunt     = "1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b"
	root     = "2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c"

	rootToken = "root-token"
	kidToken  = "kid-token"
)

// media is a media server in memory.
type media struct {
	lock   sync.Mutex
	away   bool
	users  map[string]*mediaserver.LocalUser
	minted []mediaserver.Device
	live   map[string]string // tokens by local user and device
	held   chan struct{}     // if not nil, no guest is created until it is closed
}

func newMedia() *media {
	return &media{
		live: map[string]string{},
		users: map[string]*mediaserver.LocalUser{
			kid:  {ID: kid, Name: "Kid", RemoteAccess: true},
			aunt: {ID: aunt, Name: "Aunt"},
			root: {ID: root, Name: "Root", Administrator: true, RemoteAccess: true},
		},
	}
}

var errAway = errors.New("connection refused")

// with calls work with the local users, unless the media server is away.
func (m *media) with(f func() error) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.away {
		return errAway
	}
	return f()
}

// change changes the media server without going through its methods.
func (m *media) change(f func()) {
	m.lock.Lock()
	defer m.lock.Unlock()
	f()
}

func (m *media) devices() []mediaserver.Device {
	m.lock.Lock()
	defer m.lock.Unlock()
	return append([]mediaserver.Device{}, m.minted...)
}

// alive reports whether a token is valid.
func (m *media) alive(token string) bool {
	m.lock.Lock()
	defer m.lock.Unlock()
	return slices.Contains(slices.Collect(maps.Values(m.live)), token)
}

func (m *media) Identity(context.Context) (mediaserver.Identity, error) {
	return mediaserver.Identity{ID: systemID, Name: "Den", Version: "10.11.1", Product: "Jellyfin Server"}, m.with(func() error { return nil })
}

func (m *media) Libraries(context.Context) ([]mediaserver.Library, error) {
	return []mediaserver.Library{{ID: strings.Repeat("a", 32), Name: "Films"}, {ID: strings.Repeat("b", 32), Name: "Music"}}, m.with(func() error { return nil })
}

func (m *media) LocalUsers(context.Context) (list []mediaserver.LocalUser, err error) {
	return list, m.with(func() error {
		for _, user := range m.users {
			list = append(list, *user)
		}
		return nil
	})
}

func (m *media) LocalUser(_ context.Context, id string) (user mediaserver.LocalUser, err error) {
	return user, m.with(func() error {
		found := m.users[id]
		if found == nil {
			return mediaserver.ErrNotFound
		}
		user = *found
		return nil
	})
}

func (m *media) GivePassword(context.Context, string, string) error {
	return mediaserver.ErrUnsupported
}

func (m *media) IsGuest(context.Context, string, string) (bool, error) { return false, nil }

func (m *media) CreateGuest(_ context.Context, name, _ string, _ mediaserver.Restriction) (user mediaserver.LocalUser, err error) {
	if m.held != nil {
		<-m.held
	}
	return user, m.with(func() error {
		user = mediaserver.LocalUser{ID: fmt.Sprintf("%032x", len(m.users)+1), Name: name, Hidden: true, RemoteAccess: true}
		m.users[user.ID] = &user
		return nil
	})
}

func (m *media) Restrict(context.Context, string, mediaserver.Restriction) error {
	return m.with(func() error { return nil })
}

func (m *media) SetDisabled(_ context.Context, id string, disabled bool) error {
	return m.with(func() error { m.users[id].Disabled = disabled; return nil })
}

func (m *media) Delete(_ context.Context, id string) error {
	return m.with(func() error { delete(m.users, id); return nil })
}

func (m *media) Mint(_ context.Context, id string, device mediaserver.Device) (token mediaserver.Token, err error) {
	return token, m.with(func() error {
		m.minted = append(m.minted, device)
		token = mediaserver.Token{Value: fmt.Sprintf("local-%d", len(m.minted)), LocalUserID: id}
		m.live[id+"/"+device.ID] = token.Value
		return nil
	})
}

func (m *media) Revoke(_ context.Context, token string) error {
	return m.with(func() error {
		for place, value := range m.live {
			if value == token {
				delete(m.live, place)
			}
		}
		return nil
	})
}

func (m *media) Administrator(_ context.Context, token string) (is bool, err error) {
	return token == rootToken, m.with(func() error {
		if token != rootToken && token != kidToken {
			return mediaserver.ErrTokenEnded
		}
		return nil
	})
}

func (m *media) StartProof(context.Context, string) (mediaserver.Proof, error) {
	return mediaserver.Proof{}, mediaserver.ErrUnsupported
}

func (m *media) CheckProof(context.Context, string) (mediaserver.LocalUser, error) {
	return mediaserver.LocalUser{}, mediaserver.ErrProofOver
}

func (m *media) ApproveCode(context.Context, string, string) error { return mediaserver.ErrUnsupported }

func (m *media) SignedIn(context.Context) ([]mediaserver.SignedIn, error) {
	return nil, mediaserver.ErrUnsupported
}

func (m *media) EndTrial(context.Context, string) error          { return nil }
func (m *media) EndDevice(context.Context, string, string) error { return mediaserver.ErrUnsupported }
