package emby_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/latchkey-media/latchkey/agent/emby"
	"github.com/latchkey-media/latchkey/agent/emby/embytest"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// kit is an Emby server with the passwords that an agent manages.
type kit struct {
	*emby.Server
	fake *embytest.Server

	mu        sync.Mutex
	passwords map[string][]string
}

func newKit(t *testing.T, options ...embytest.Option) *kit {
	t.Helper()
	k := &kit{fake: embytest.New(t, options...), passwords: map[string][]string{}}
	k.Server = k.driver(t, k.fake.APIKey)
	return k
}

// mortal is a transport that sends nothing once it is dead, as a program that was killed.
type mortal struct {
	http.Transport

	dead atomic.Bool
}

func (m *mortal) RoundTrip(r *http.Request) (*http.Response, error) {
	if m.dead.Load() {
		return nil, errors.New("the program was killed")
	}
	answer, err := m.Transport.RoundTrip(r)
	if m.dead.Load() && err == nil { // it never reads this answer
		_ = answer.Body.Close()
		return nil, errors.New("the program was killed")
	}
	return answer, err
}

// driver returns an Emby server with a key.
func (k *kit) driver(t *testing.T, key string) *emby.Server {
	t.Helper()
	return k.driverBy(t, key, &http.Transport{DisableKeepAlives: true})
}

// driverBy returns an Emby server that is asked by a transport.
func (k *kit) driverBy(t *testing.T, key string, by http.RoundTripper) *emby.Server {
	t.Helper()
	server, err := emby.New(emby.Options{
		URL: k.fake.URL + "/web/index.html", APIKey: " " + key + "\n", HTTP: &http.Client{Transport: by}, Version: "1",
		Passwords: func(_ context.Context, id string) ([]string, error) {
			k.mu.Lock()
			defer k.mu.Unlock()
			return k.passwords[id], nil
		},
	})
	noError(t, err)
	return server
}

func (k *kit) manage(id string, passwords ...string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.passwords[id] = passwords
}

// guest makes a guest whose password the agent manages.
func (k *kit) guest(t *testing.T, name string) mediaserver.LocalUser {
	t.Helper()
	user, err := k.CreateGuest(t.Context(), name, secret, mediaserver.Restriction{Libraries: []string{k.fake.Library("Films")}})
	noError(t, err)
	k.manage(user.ID, secret)
	return user
}

const secret = "0123456789-0123456789-0123456789-0123456789"

func device(id string) mediaserver.Device {
	return mediaserver.Device{Client: `Emby "for" Kodi, Next`, Name: "Living room", ID: id, Version: "1.2"}
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// each runs a test beside a fake of each kind of behaviour that the description leaves open.
func each(t *testing.T, test func(t *testing.T, k *kit)) {
	t.Helper()
	for name, options := range map[string][]embytest.Option{
		"usual": nil, "keeps tokens": {embytest.KeepTokens()}, "same token": {embytest.SameToken()}, "no content": {embytest.NoContent()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newKit(t, options...))
		})
	}
}
