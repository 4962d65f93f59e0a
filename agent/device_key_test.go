package agent_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/servicetest"
)

// device is a device of bob with a session of its own, and a local token for it.
type device struct {
	client *client.Client
	key    string
	token  string
}

// signedInOn signs a person in on a new device and exchanges the access key that the device gets. The
// local device has another id than the session: only the key connects the two.
func (d *deployment) signedInOn(name, id string) device {
	d.t.Helper()
	one := device{client: d.site.SignIn(d.t, name)}
	one.key = d.key(one.client)
	one.token = must(d.exchange(one.key, onLocal(id)))(d.t).AccessToken
	return one
}

func onLocal(id string) func(*agent.ExchangeAsk) {
	return func(ask *agent.ExchangeAsk) { ask.Device.ID = id }
}

// isLive reports whether a token of the local user u1 lets a device in.
func (d *deployment) isLive(token string) bool {
	return slices.Contains(d.fake.live("u1"), token)
}

// TestDeviceKeyEndsWithItsSession signs one device out: its token ends at once and its key opens
// nothing, while the token and the key of the other device still work.
func TestDeviceKeyEndsWithItsSession(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	account := d.linked(bob, "bob", "u1").AccountID
	one, other := d.signedInOn("bob", "den"), d.signedInOn("bob", "kitchen")
	if len(one.key) != 32 || one.key == other.key {
		t.Fatalf("keys %s and %s, want two of 32 digits", one.key, other.key)
	}
	noError(t, one.client.Sessions.SignOut(t.Context()))
	eventually(t, "the device's token ends", func() bool { return !d.isLive(one.token) })
	seq := d.acknowledged()
	for range 2 {
		for _, ask := range []func(*agent.ExchangeAsk){onLocal("den"), byAccount(account)} {
			_, err := d.exchange(one.key, ask)
			isError(t, err, agent.ErrAccessKeyWrong)
		}
		if !d.isLive(other.token) {
			t.Errorf("live tokens %v, want that of the other device among them", d.fake.live("u1"))
		}
		must(d.exchange(other.key, onLocal("study"), byAccount(account)))(t)
		d.restart() // the agent still knows which session has ended
	}
	if got := d.status().ChangeSeq; got < seq {
		t.Errorf("at change %d, want %d or later", got, seq)
	}
	s.Down()
	eventually(t, "the service is away", func() bool { return d.trouble("service_away") })
	_, err := d.exchange(one.key)
	isError(t, err, agent.ErrAccessKeyWrong)
	must(d.exchange(other.key, byAccount(account)))(t)
	must(d.exchange(other.key))(t)
	// Somebody who has the ended key does not learn the state of the local user either.
	d.fake.set(func() { d.fake.find("u1").Disabled = true })
	_, err = d.exchange(one.key)
	isError(t, err, agent.ErrAccessKeyWrong)
	_, err = d.exchange(other.key)
	isError(t, err, agent.ErrLocalUserDisabled)
}

// TestForgedDeviceKeys tries keys that the service gave to nobody.
func TestForgedDeviceKeys(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob, cat := s.Join(t, "bob"), s.Join(t, "cat")
	account := d.linked(bob, "bob", "u1").AccountID
	d.linked(cat, "cat", "u5")
	one, other, cats := d.signedInOn("bob", "den"), d.signedInOn("bob", "kitchen"), d.signedInOn("cat", "cat")
	number := secret.DeviceKeyNumber(other.key)
	for what, key := range map[string]string{
		"the session of one key with the proof of another": one.key[:16] + other.key[16:],
		"a session of nobody":                              fmt.Sprintf("%016x", number+1) + one.key[16:],
		"derived from the hash of a device key":            secret.DeviceKey(secret.Sum(one.key), number),
		"in capitals":                                      strings.ToUpper(one.key[:16]) + strings.ToUpper(one.key[16:]),
		"shortened":                                        one.key[:31],
		"somebody else's":                                  cats.key,
		"none":                                             "",
	} {
		_, err := d.exchange(key, byAccount(account))
		if isError(t, err, agent.ErrAccessKeyWrong); err == nil {
			t.Errorf("%s: %q let somebody in", what, key)
		}
	}
	// The link's own key, which the service gives to nobody, opens nothing either.
	for _, link := range must(d.asServer().Links(t.Context()))(t) {
		if !link.DeviceKeys || link.SessionMark == "" {
			t.Errorf("link %+v, want device keys and a mark", link)
		}
	}
}

// TestSessionsEndWhileAgentIsAway signs a device out while the agent is killed. The agent notices at
// its next start that the session has ended, even if it is killed once more before that.
func TestSessionsEndWhileAgentIsAway(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	one, other := d.signedInOn("bob", "den"), d.signedInOn("bob", "kitchen")
	seq := d.acknowledged()
	d.halt()
	noError(t, one.client.Sessions.SignOut(t.Context()))
	d.fake.setDown(errDown) // the token cannot be ended yet
	d.open()
	d.run()
	eventually(t, "the change is carried out", func() bool { return d.status().ChangeSeq > seq })
	d.halt()
	d.fake.setDown(nil)
	d.open()
	d.run()
	eventually(t, "the device's token ends", func() bool { return !d.isLive(one.token) })
	_, err := d.exchange(one.key)
	isError(t, err, agent.ErrAccessKeyWrong)
	if !d.isLive(other.token) {
		t.Errorf("live tokens %v, want that of the other device", d.fake.live("u1"))
	}
	must(d.exchange(other.key))(t)
}

// TestSessionEndsWhileATokenIsMade ends the session between the check of its key and the token.
func TestSessionEndsWhileATokenIsMade(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	one := device{client: s.SignIn(t, "bob")}
	one.key = d.key(one.client)
	seq := d.status().ChangeSeq
	d.fake.hook(func(call string) error {
		if strings.HasPrefix(call, "Mint") {
			noError(t, one.client.Sessions.SignOut(t.Context()))
			eventually(t, "the end is known", func() bool { return d.status().ChangeSeq > seq })
		}
		return nil
	}, nil)
	_, err := d.exchange(one.key)
	isError(t, err, agent.ErrAccessKeyWrong)
	eventually(t, "the token ends", func() bool { return len(d.fake.live("u1")) == 0 && d.status().Tokens == 0 })
}

// TestFilmsGoOn signs in again on the same device and changes the password: the keys of the former
// sessions end, and their local tokens stay.
func TestFilmsGoOn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	one := d.signedInOn("bob", "den")
	bob = s.NewClient(t).As(must(bob.Passwords.Change(t.Context(), servicetest.Password, servicetest.OtherPassword))(t))
	eventually(t, "the key ends", func() bool { _, err := d.exchange(one.key, onLocal("another")); return err != nil })
	d.rounds(2)
	if !d.isLive(one.token) {
		t.Errorf("live tokens %v, want that of the device still", d.fake.live("u1"))
	}
	must(d.exchange(d.key(bob)))(t)
}

// TestDeviceKeysBegin starts with an agent that has no device keys, and then switches them on: the
// link's key, which devices know, is replaced, and no film stops.
func TestDeviceKeysBegin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s)
	before := true
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if before && strings.HasSuffix(r.URL.Path, "/report") {
			body := map[string]any{}
			_ = json.NewDecoder(r.Body).Decode(&body)
			if body["device_keys"] != nil { // a service that is older than the member answers in this way
				w.Header().Set("Content-Type", "application/problem+json")
				w.WriteHeader(http.StatusBadRequest)
				writeJSON(w, map[string]any{"code": "json_invalid", "status": http.StatusBadRequest})
				return
			}
			text, _ := json.Marshal(body)
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(string(text))), int64(len(text))
		}
		inner.ServeHTTP(w, r)
	})
	d.started()
	bob := s.Join(t, "bob")
	account := d.linked(bob, "bob", "u1").AccountID
	one := d.signedInOn("bob", "den")
	if other := d.key(bob); other != one.key {
		t.Fatalf("keys %s and %s, want one for the link", one.key, other)
	}
	d.halt()
	s.Up()
	d.open()
	d.run()
	eventually(t, "the link has device keys", func() bool { return d.key(bob) != one.key })
	key := d.key(bob)
	must(d.exchange(key, onLocal("study")))(t)
	eventually(t, "the old key ends", func() bool { _, err := d.exchange(one.key, onLocal("another")); return err != nil })
	_, err := d.exchange(secret.DeviceKey(secret.Sum(one.key), secret.DeviceKeyNumber(key)), byAccount(account))
	isError(t, err, agent.ErrAccessKeyWrong)
	d.rounds(2)
	if !d.isLive(one.token) {
		t.Errorf("live tokens %v, want that of the device from before", d.fake.live("u1"))
	}
}

// TestRestoredAgentAsksAboutSessions restores the agent's file after the service has forgotten the
// changes since the backup. A session may have ended meanwhile, so the agent asks the service. While
// the service is away, the key opens nothing.
func TestRestoredAgentAsksAboutSessions(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	one, other := d.signedInOn("bob", "den"), d.signedInOn("bob", "kitchen")
	d.acknowledged()
	d.halt()
	copyFile(t, d.path, d.path+".backup")
	tokens := maps.Clone(d.fake.tokens) // the media server is restored to this moment, too
	d.open()
	d.run()
	noError(t, one.client.Sessions.SignOut(t.Context()))
	eventually(t, "the device's token ends", func() bool { return !d.isLive(one.token) })
	seq := d.acknowledged()
	d.halt()
	s.Clock.Advance(8 * 24 * time.Hour)
	noError(t, s.Store.Sweep(t.Context()))
	copyFile(t, d.path+".backup", d.path)
	d.fake.set(func() { d.fake.tokens = tokens })
	d.open()
	d.run()
	eventually(t, "it has caught up", func() bool { return d.status().ChangeSeq == seq })
	_, err := d.exchange(one.key)
	isError(t, err, agent.ErrAccessKeyWrong)
	must(d.exchange(other.key))(t)
	s.Clock.Advance(5 * time.Minute) // beyond the mark
	later := d.signedInOn("bob", "later")
	s.Down()
	eventually(t, "the service is away", func() bool { return d.trouble("service_away") })
	for _, key := range []string{one.key, other.key} {
		_, err := d.exchange(key)
		isError(t, err, agent.ErrServiceAway)
	}
	must(d.exchange(later.key))(t)
}

// TestManyEndedSessions makes the agent forget the oldest ended sessions of a link. The agent then
// asks the service about them.
func TestManyEndedSessions(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	d.store.KeepEndedSessions(4)
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	var ended []device
	for i := range 6 {
		s.Clock.Advance(time.Second)
		one := d.signedInOn("bob", fmt.Sprint("tv-", i))
		noError(t, one.client.Sessions.SignOut(t.Context()))
		eventually(t, "the device's token ends", func() bool { return !d.isLive(one.token) })
		ended = append(ended, one)
	}
	last := d.signedInOn("bob", "last")
	for i, one := range ended {
		_, err := d.exchange(one.key)
		if isError(t, err, agent.ErrAccessKeyWrong); err == nil {
			t.Errorf("the key of ended session %d opens the link, want it refused", i)
		}
	}
	must(d.exchange(last.key))(t)
	asked := counted(s, "/exchanges")
	_, err := d.exchange(ended[0].key)
	isError(t, err, agent.ErrAccessKeyWrong)
	_, err = d.exchange(ended[5].key)
	isError(t, err, agent.ErrAccessKeyWrong)
	if asked.Load() != 1 {
		t.Errorf("%d questions, want one, about the session that was forgotten", asked.Load())
	}
}
