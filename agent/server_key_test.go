package agent_test

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/servicetest"
)

// storedKey returns the server key of the agent's file.
func (d *deployment) storedKey() string {
	d.t.Helper()
	return must(d.store.ServerKey(context.Background()))(d.t)
}

// keyWorks reports whether the service accepts a server key.
func (d *deployment) keyWorks(key string) bool {
	d.t.Helper()
	_, err := d.site.NewClient(d.t, client.WithUserAgent("raw")).As(key).Agent.Get(d.t.Context())
	if err != nil {
		isError(d.t, err, client.ErrServerKeyWrong)
	}
	return err == nil
}

// usesItsOwnKey waits until the agent has another key than the key before, and the service
// has ended the key before.
func (d *deployment) usesItsOwnKey(before string) {
	d.t.Helper()
	eventually(d.t, "the end of the former owner's key", func() bool {
		noError(d.t, d.site.Store.ServerKeys.Flush(d.t.Context()))
		return d.storedKey() != before && !d.keyWorks(before)
	}, d.log)
}

// isKeyRenewal reports whether a request replaces the server key.
func isKeyRenewal(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Path == "/api/v1/server/key"
}

// The owner ends a stolen key. Then the service refuses both the thief and the agent. The
// running agent accepts the new key, and its links stay.
func TestAgentTakesNewKey(t *testing.T) {
	t.Parallel()
	s, d := newRunning(t)
	bob, cat := s.Join(t, "bob"), s.Join(t, "cat")
	d.linked(bob, "bob", "u1")
	stolen, id := d.storedKey(), d.serverID()
	made := must(d.ann.Servers.ReplaceStolenKey(t.Context(), id))(t)
	eventually(t, "the key is refused", func() bool { return d.trouble("server_key_refused") })
	if d.log.Count("give it to the agent with latchkey agent setup --force") == 0 {
		t.Errorf("the log does not say how to give the agent a new key, want it to:\n%s", d.log)
	}
	noError(t, d.ServerKeys.Take(t.Context(), made.Key))
	eventually(t, "the end of the trouble", func() bool { return !d.trouble("server_key_refused") }, d.log)
	if d.keyWorks(stolen) || d.storedKey() != made.Key || d.serverID() != id || d.owned() != 1 {
		t.Errorf("the stolen key works: %t; server %s of %d; want it refused, and the same server %s alone", d.keyWorks(stolen), d.serverID(), d.owned(), id)
	}
	d.exchanged(d.key(bob), "u1")
	d.linked(cat, "cat", "u5") // the feed goes on
}

// The owner replaces the key, and the old key works for another day. The agent reports that
// as a trouble until it has the new key.
func TestAgentTakesNewKeyBeforeOldOneEnds(t *testing.T) {
	t.Parallel()
	s, d := newRunning(t)
	made := must(d.ann.Servers.ReplaceKey(t.Context(), d.serverID()))(t)
	s.Clock.Advance(7 * time.Hour) // the next comparison
	eventually(t, "the key is replaced", func() bool { return d.trouble("server_key_replaced") }, d.log)
	noError(t, d.ServerKeys.Take(t.Context(), made.Key))
	eventually(t, "the end of the trouble", func() bool { return !d.trouble("server_key_replaced") }, d.log)
}

// Keys that are not the newest of this server are refused, and the stored key stays.
func TestAgentRefusesOtherKeys(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d, early := newDeployment(t, s).started(), newDeployment(t, newSite(t))
	other := s.Register(t, s.Join(t, "bob"), servicetest.Den())
	unknown := must(secret.NewToken(secret.ServerKey, rand.Reader))(t)
	before := d.storedKey()
	replaced := must(d.ann.Servers.ReplaceKey(t.Context(), d.serverID()))(t).Key
	newest := must(d.ann.Servers.ReplaceKey(t.Context(), d.serverID()))(t).Key
	for _, one := range []struct {
		name, key string
		want      error
	}{
		{"another server's", other.Key, agent.ErrKeyOfOther},
		{"a replaced one", replaced, agent.ErrKeyReplaced},
		{"a damaged one", newest[:len(newest)-1], agent.ErrKeyRefused},
		{"an unknown one", unknown, agent.ErrKeyRefused},
	} {
		if err := d.ServerKeys.Take(t.Context(), one.key); d.storedKey() != before {
			t.Errorf("%s was stored, want the key before", one.name)
		} else {
			isError(t, err, one.want)
		}
	}
	isError(t, early.ServerKeys.Take(t.Context(), newest), agent.ErrNotRegistered)
	s.Intercept(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		problem(w, http.StatusForbidden, "server_disabled")
	})
	isError(t, d.ServerKeys.Take(t.Context(), newest), agent.ErrServerOff)
	s.Down()
	isError(t, d.ServerKeys.Take(t.Context(), newest), agent.ErrServiceAway)
	if d.storedKey() != before {
		t.Error("a key was stored that the service did not confirm, want the key before")
	}
}

// A former owner keeps a copy of the server key. The agent replaces it without a restart,
// and the copy is refused then.
func TestHandOverRenewsKey(t *testing.T) {
	t.Parallel()
	s, d := newRunning(t)
	bob, cat := s.Join(t, "bob"), s.Join(t, "cat")
	d.linked(bob, "bob", "u1")
	copied, id := d.storedKey(), d.serverID()
	noError(t, d.ann.Servers.HandOver(t.Context(), id, "cat"))
	d.usesItsOwnKey(copied)
	eventually(t, "the new owner", func() bool { return d.status().Owner == "cat" })
	keys := must(cat.Servers.Keys(t.Context(), id))(t)
	if len(keys) != 1 || keys[0].FormerOwner || !keys[0].EndsAt.IsZero() {
		t.Errorf("keys %+v, want the agent's own alone", keys)
	}
	d.exchanged(d.key(bob), "u1")
	for _, name := range []string{"server_key_replaced", "server_key_refused", "server_key_handed_over"} {
		if d.trouble(name) {
			t.Errorf("trouble %s, want none:\n%s", name, d.log)
		}
	}
}

// The program ends after the service has answered the renewal, and before the new key is
// written down. The next run gets the same new key.
func TestRenewalAfterCrash(t *testing.T) {
	t.Parallel()
	s, d := newRunning(t)
	cat := s.Join(t, "cat")
	copied, id := d.storedKey(), d.serverID()
	var crashed atomic.Bool
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if isKeyRenewal(r) {
			_ = d.store.Close()
			inner.ServeHTTP(httptest.NewRecorder(), r)
			crashed.Store(true)
			panic(http.ErrAbortHandler)
		}
		inner.ServeHTTP(w, r)
	})
	noError(t, d.ann.Servers.HandOver(t.Context(), id, "cat"))
	eventually(t, "the crash", crashed.Load)
	d.halt()
	s.Up()
	d.open()
	if d.storedKey() != copied {
		t.Fatal("the new key was stored before the crash, want the old one")
	}
	d.run()
	d.usesItsOwnKey(copied)
	if keys := must(cat.Servers.Keys(t.Context(), id))(t); len(keys) != 1 {
		t.Errorf("keys %+v, want one: the renewal was repeated as another one", keys)
	}
	if facts := must(d.store.Facts(t.Context()))(t); facts["key_renewal"] != "" {
		t.Error("the file still holds the renewal, want it forgotten")
	}
	if d.trouble("server_key_replaced") {
		t.Errorf("the agent says that its key was replaced, want no trouble:\n%s", d.log)
	}
}

// The service does not carry the renewal out for a while. The feed goes on, the admin
// reads why, and the agent tries again.
func TestRenewalIsRepeatedWhileTheFeedGoesOn(t *testing.T) {
	t.Parallel()
	s, d := newRunning(t)
	bob, cat := s.Join(t, "bob"), s.Join(t, "cat")
	copied, id := d.storedKey(), d.serverID()
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if isKeyRenewal(r) {
			problem(w, http.StatusTooManyRequests, "throttled")
			return
		}
		inner.ServeHTTP(w, r)
	})
	noError(t, d.ann.Servers.HandOver(t.Context(), id, "cat"))
	eventually(t, "the trouble", func() bool { return d.trouble("server_key_handed_over") }, d.log)
	d.ann = cat // the owner now
	d.linked(bob, "bob", "u1")
	if d.storedKey() != copied || !d.keyWorks(copied) {
		t.Error("the agent has lost the key that works, want it kept")
	}
	s.Up()
	s.Clock.Advance(time.Minute)
	d.usesItsOwnKey(copied)
	eventually(t, "the end of the trouble", func() bool { return !d.trouble("server_key_handed_over") }, d.log)
}

// A former owner is faster than the agent and replaces the key. The agent says that it
// needs the newest key. The new owner makes a key, in one of the two ways, and gives it to
// the agent: as soon as the agent uses this key, no key of the former owner works.
func TestFormerOwnerReplacesKeyFirst(t *testing.T) {
	t.Parallel()
	t.Run("any new key", func(t *testing.T) { t.Parallel(); formerOwnerReplacesKeyFirst(t, (*client.Servers).ReplaceKey) })
	t.Run("stolen", func(t *testing.T) { t.Parallel(); formerOwnerReplacesKeyFirst(t, (*client.Servers).ReplaceStolenKey) })
}

func formerOwnerReplacesKeyFirst(t *testing.T, replace func(*client.Servers, context.Context, client.ID) (client.ServerKey, error)) {
	t.Helper()
	s, d := newRunning(t)
	cat := s.Join(t, "cat")
	copied, id := d.storedKey(), d.serverID()
	d.halt()
	noError(t, d.ann.Servers.HandOver(t.Context(), id, "cat"))
	thief := must(s.NewClient(t, client.WithUserAgent("raw")).As(copied).Agent.RotateKey(t.Context(), ""))(t)
	var renewals atomic.Int64
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if isKeyRenewal(r) {
			renewals.Add(1)
		}
		inner.ServeHTTP(w, r)
	})
	d.open()
	d.run()
	eventually(t, "the trouble", func() bool { return d.trouble("server_key_replaced") }, d.log)
	made := must(replace(cat.Servers, t.Context(), id))(t)
	noError(t, d.ServerKeys.Take(t.Context(), made.Key))
	eventually(t, "the end of the trouble", func() bool { return !d.trouble("server_key_replaced") && !d.trouble("server_key_refused") }, d.log)
	if n := renewals.Load(); n != 0 {
		t.Errorf("the agent asked %d times for a new key with one that ends, want no time: the service refuses that", n)
	}
	noError(t, s.Store.ServerKeys.Flush(t.Context()))
	if d.keyWorks(thief.Key) || d.keyWorks(copied) || d.storedKey() != made.Key {
		t.Error("a key of the former owner works, or the agent has one, want the new one alone")
	}
}

// The owner gives the agent a new key while the answer to the agent's own renewal is on its
// way. The key from the owner is the newer one, and must not be overwritten.
func TestGivenKeyOutlastsRenewal(t *testing.T) {
	t.Parallel()
	s, d := newRunning(t)
	cat := s.Join(t, "cat")
	copied, id := d.storedKey(), d.serverID()
	given := make(chan string, 1)
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		inner.ServeHTTP(w, r) // the answer is sent when this function returns
		if isKeyRenewal(r) {
			made, err := cat.Servers.ReplaceKey(context.Background(), id)
			if err == nil {
				err = d.ServerKeys.Take(context.Background(), made.Key)
			}
			if err != nil {
				t.Error(err)
			}
			given <- made.Key
		}
	})
	noError(t, d.ann.Servers.HandOver(t.Context(), id, "cat"))
	key := <-given
	d.usesItsOwnKey(copied)
	more(t, "the questions for changes", counted(s, "/changes"), 2)
	d.never("another key than the given one", func() bool { return d.storedKey() != key })
}
