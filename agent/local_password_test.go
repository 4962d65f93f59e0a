package agent_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/latchkey-media/latchkey/client"
)

// sealFor seals a password as static/js/local_password.js does.
func sealFor(t *testing.T, public string, linkID client.ID, password string) string {
	t.Helper()
	raw := must(base64.RawURLEncoding.DecodeString(public))(t)
	agent := must(ecdh.P256().NewPublicKey(raw))(t)
	own := must(ecdh.P256().GenerateKey(rand.Reader))(t)
	point := own.PublicKey().Bytes()
	key := must(hkdf.Key(sha256.New, must(own.ECDH(agent))(t), point, "latchkey local password "+string(linkID), 32))(t)
	gcm := must(cipher.NewGCM(must(aes.NewCipher(key))(t)))(t)
	plain, iv := make([]byte, 512), make([]byte, gcm.NonceSize())
	copy(plain, password)
	_, _ = rand.Read(iv)
	return base64.RawURLEncoding.EncodeToString(gcm.Seal(append(point, iv...), iv, plain, nil))
}

const chosen = "tapo-rimu-sake-lodi-wefa"

// passwordPlace waits until a person may choose a password. It has to wait because the service learns
// only from the next report of the agent that the local user is allowed.
func (d *deployment) passwordPlace(person *client.Client) (place client.LocalPasswordPlace) {
	d.t.Helper()
	eventually(d.t, "a local user who may get a password", func() bool {
		place = must(person.LocalPasswords.Place(d.t.Context(), d.serverID()))(d.t)
		return place.Refused == ""
	})
	return place
}

// choose makes a person choose a password for their local user.
func (d *deployment) choose(person *client.Client, password string) client.LocalPassword {
	d.t.Helper()
	place := d.passwordPlace(person)
	return must(person.LocalPasswords.Ask(d.t.Context(), d.serverID(), sealFor(d.t, place.PasswordKey, place.LinkID, password)))(d.t)
}

// passwordOf returns the password that the media server was given for a local user.
func (f *fake) passwordOf(id string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.passwords[id]
}

// allowPasswords lets linked people choose passwords.
func (d *deployment) allowPasswords() {
	d.t.Helper()
	must(d.ann.Servers.Change(d.t.Context(), d.serverID(), client.ServerChange{LinkedPasswords: new(true)}))(d.t)
}

// over waits until a password is done or has failed.
func (d *deployment) over(person *client.Client, asked client.LocalPassword) client.LocalPassword {
	d.t.Helper()
	eventually(d.t, "the answer of the agent", func() bool {
		asked = must(person.LocalPasswords.Get(d.t.Context(), asked.ID))(d.t)
		return asked.Status != "asked"
	})
	return asked
}

// A password reaches the local user of the link, and no log has it. "Sign out everywhere" replaces it
// by a random password.
func TestLocalPassword(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	d.allowPasswords()
	if got := d.over(bob, d.choose(bob, chosen)); got.Status != "done" {
		t.Fatalf("got %+v, want it done", got)
	}
	if got := d.fake.passwordOf("u1"); got != chosen {
		t.Errorf("the media server has the password %q, want the chosen one", got)
	}
	if strings.Contains(d.log.String(), chosen) {
		t.Error("the log has the password")
	}
	noError(t, bob.Sessions.EndAll(t.Context()))
	eventually(t, "a random password", func() bool {
		got := d.fake.passwordOf("u1")
		return got != chosen && len(got) > 30
	})
}

// Passwords are refused if they were sealed for another link, are too short, or cannot be opened.
// Nothing changes at the media server.
func TestLocalPasswordRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		user   string
		seal   func(t *testing.T, place client.LocalPasswordPlace) string
		reason string
	}{
		"another link": {user: "u1", reason: client.LocalPasswordUnreadable, seal: func(t *testing.T, p client.LocalPasswordPlace) string {
			t.Helper()
			return sealFor(t, p.PasswordKey, "1"+p.LinkID, chosen)
		}},
		"short": {user: "u1", reason: client.LocalPasswordUnreadable, seal: func(t *testing.T, p client.LocalPasswordPlace) string {
			t.Helper()
			return sealFor(t, p.PasswordKey, p.LinkID, "short")
		}},
		"noise": {user: "u1", reason: client.LocalPasswordUnreadable, seal: func(*testing.T, client.LocalPasswordPlace) string {
			return strings.Repeat("A", 200)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			d := newDeployment(t, s).started()
			bob := s.Join(t, "bob")
			d.linked(bob, "bob", test.user)
			d.allowPasswords()
			place := d.passwordPlace(bob)
			asked := must(bob.LocalPasswords.Ask(t.Context(), d.serverID(), test.seal(t, place)))(t)
			if got := d.over(bob, asked); got.Reason != test.reason {
				t.Errorf("got %+v, want reason %q", got, test.reason)
			}
			if got := d.fake.passwordOf(test.user); got != "" {
				t.Errorf("the media server has the password %q, want none", got)
			}
		})
	}
}

// The program ends after the media server has taken a password, and before the agent knows that
// the service knows about it. The next run finishes the work. If the person has signed out
// everywhere meanwhile, the next run takes the password back.
func TestLocalPasswordAfterCrash(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ late, signOut bool }{
		"before the service knows": {}, "after the service knows": {late: true}, "taken back": {signOut: true},
		"taken back late": {late: true, signOut: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			d := newDeployment(t, s).started()
			bob := s.Join(t, "bob")
			d.linked(bob, "bob", "u1")
			d.allowPasswords()
			s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
				lost := strings.Contains(r.URL.Path, "/server/local-passwords/")
				if lost && test.late {
					w = httptest.NewRecorder() // the service acts, and its answer is lost
				}
				if !lost || test.late {
					inner.ServeHTTP(w, r)
				}
				if lost {
					panic(http.ErrAbortHandler)
				}
			})
			asked := d.choose(bob, chosen)
			eventually(t, "the media server has it", func() bool {
				return d.fake.passwordOf("u1") == chosen && (!test.late || must(bob.LocalPasswords.Get(t.Context(), asked.ID))(t).Status == "done")
			})
			d.halt()
			s.Up()
			if test.signOut {
				noError(t, bob.Sessions.EndAll(t.Context()))
			}
			d.open()
			d.run()
			if test.signOut {
				eventually(t, "a random password", func() bool { return d.fake.passwordOf("u1") != chosen })
				return
			}
			if got := d.over(bob, asked); got.Status != "done" {
				t.Errorf("got %+v, want it done", got)
			}
			d.rounds(3)
			if got := d.fake.passwordOf("u1"); got != chosen {
				t.Errorf("the media server has the password %q, want the chosen one", got)
			}
		})
	}
}

// If the answer of the media server is lost, the agent asks again. While the media server is away, the
// local user keeps the former password.
func TestLocalPasswordWhileTheMediaServerIsAway(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	d.allowPasswords()
	var lost atomic.Int64
	d.fake.hook(nil, func(call string) error {
		if strings.HasPrefix(call, "Password") && lost.Add(1) < 3 {
			return errDown
		}
		return nil
	})
	if got := d.over(bob, d.choose(bob, chosen)); got.Status != "done" {
		t.Errorf("got %+v, want it done", got)
	}
	if got := d.fake.passwordOf("u1"); got != chosen {
		t.Errorf("the media server has the password %q, want the chosen one", got)
	}
}

// The agent gives thirty passwords an hour, even if the service asks for more.
func TestLocalPasswordsAreLimited(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	d.allowPasswords()
	for range 30 {
		if got := d.over(bob, d.choose(bob, chosen)); got.Status != "done" {
			t.Fatalf("got %+v, want it done", got)
		}
	}
	if got := d.over(bob, d.choose(bob, "another one")); got.Reason != client.LocalPasswordUnavailable {
		t.Errorf("got %+v, want reason %q", got, client.LocalPasswordUnavailable)
	}
	if got := d.fake.passwordOf("u1"); got != chosen {
		t.Errorf("the media server has the password %q, want the first ones", got)
	}
}
