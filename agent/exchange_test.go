package agent_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/servicetest"
)

func byAccount(id string) func(*agent.ExchangeAsk) {
	return func(ask *agent.ExchangeAsk) { ask.AccountID = id }
}

// TestExchangeOpensOnlyTheKeysAccount sends an access key together with the ids of
// accounts. The key must be accepted only with the id of its own account.
func TestExchangeOpensOnlyTheKeysAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob, cat := s.Join(t, "bob"), s.Join(t, "cat")
	ofBob, ofCat := d.linked(bob, "bob", "u1"), d.linked(cat, "cat", "u5")
	key := d.key(bob)
	got := must(d.exchange(key, byAccount(ofBob.AccountID)))(t)
	if got.LocalUserID != "u1" {
		t.Errorf("got %+v, want local user u1", got)
	}
	d.exchanged(key, "u1")
	d.exchanged(d.key(cat), "u5")
	for name, ask := range map[string]agent.ExchangeAsk{
		"another's account": {AccessKey: key, AccountID: ofCat.AccountID},
		"no key":            {AccountID: ofBob.AccountID},
		"nothing":           {},
		"wrong":             {AccessKey: key + "0"},
		"wrong for account": {AccessKey: "0" + key, AccountID: ofBob.AccountID},
	} {
		ask.Device = tv
		_, err := d.Exchanges.Exchange(t.Context(), ask)
		if !errors.Is(err, agent.ErrAccessKeyWrong) {
			t.Errorf("%s: error %v, want %v", name, err, agent.ErrAccessKeyWrong)
		}
	}
	for _, account := range []string{"1", "abc", "' OR 1=1 --", ofBob.AccountID + "0"} {
		_, err := d.exchange(key, byAccount(account))
		isError(t, err, agent.ErrAccountUnknown)
	}
	if strings.Contains(d.log.String(), key) || strings.Contains(d.log.String(), "secret-token") {
		t.Errorf("got a secret in the log, want none; log:\n%s", d.log)
	}
}

// TestExchangeRefusesLocalUsers exchanges for local users in several states at
// the media server.
func TestExchangeRefusesLocalUsers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		user    string
		local   bool
		admins  bool
		change  func(f *fake)
		want    error
		minting bool
	}{
		"usual":             {user: "u1"},
		"no remote":         {user: "u3", want: agent.ErrLocalUserRefused},
		"no remote at home": {user: "u3", local: true},
		"disabled":          {user: "u4", want: agent.ErrLocalUserRefused},
		"disabled at home":  {user: "u4", local: true, want: agent.ErrLocalUserRefused},
		"administrator":     {user: "u2", want: agent.ErrLocalUserRefused},
		"allowed":           {user: "u2", admins: true},
		"deleted":           {user: "u1", change: func(f *fake) { f.users = f.users[1:] }, want: agent.ErrLocalUserRefused},
		"made admin":        {user: "u1", change: func(f *fake) { f.users[0].Administrator = true }, want: agent.ErrLocalUserRefused},
		"away":              {user: "u1", change: func(f *fake) { f.down = errDown }, want: agent.ErrMediaServerAway},
		"key refused":       {user: "u1", change: func(f *fake) { f.down = mediaserver.ErrKeyRefused }, want: agent.ErrMediaServerAway},
		"mint refused": {user: "u1", change: func(f *fake) {
			f.before = func(c string) error {
				return map[bool]error{true: mediaserver.ErrNotAllowed}[strings.HasPrefix(c, "Mint")]
			}
		}, want: agent.ErrLocalUserRefused},
		"outside of the hours": {user: "u1", change: func(f *fake) {
			f.before = func(c string) error {
				return map[bool]error{true: mediaserver.ErrOutsideHours}[strings.HasPrefix(c, "Mint")]
			}
		}, want: agent.ErrOutsideHours},
		"mint fails": {user: "u1", change: func(f *fake) {
			f.before = func(c string) error { return map[bool]error{true: errDown}[strings.HasPrefix(c, "Mint")] }
		}, want: agent.ErrMediaServerAway},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			d := newDeployment(t, s, func(o *agent.Options) { o.Policy.AllowAdmins = test.admins }).started()
			bob := s.Join(t, "bob")
			d.linked(bob, "bob", test.user)
			if test.change != nil {
				d.fake.set(func() { test.change(d.fake) })
			}
			got, err := d.exchange(d.key(bob), func(ask *agent.ExchangeAsk) { ask.Local = test.local })
			isError(t, err, test.want)
			if (test.want != nil) != (got == agent.Exchanged{}) || test.want != nil && len(d.fake.tokens) > 0 {
				t.Errorf("got %+v and %d tokens, want an answer only without an error", got, len(d.fake.tokens))
			}
		})
	}
}

// TestExchangeEndsWithTheLink sends the access key of a link before and after the end of
// the link.
func TestExchangeEndsWithTheLink(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	link := d.linked(bob, "bob", "u1")
	key, at := d.key(bob), s.Clock.Now()
	d.exchanged(key, "u1")

	noError(t, d.ann.People.Change(t.Context(), d.serverID(), client.ID(link.ID), client.PersonChange{EndsAt: new(at.Add(time.Hour))}))
	eventually(t, "the end date", func() bool { return !d.linkOf("bob").EndsAt.IsZero() })
	d.exchanged(key, "u1")
	s.Down()
	eventually(t, "the service is away", func() bool { return d.trouble("service_away") })
	s.Clock.Advance(time.Hour - time.Millisecond)
	d.exchanged(key, "u1")
	s.Clock.Advance(time.Millisecond)
	_, err := d.exchange(key)
	isError(t, err, agent.ErrAccessKeyWrong)
	eventually(t, "its token is revoked", func() bool { return len(d.fake.live("u1")) == 0 })
	s.Up()

	// The link stays ended when the service is back.
	eventually(t, "the service is back", func() bool { return !d.trouble("service_away") })
	_, err = d.exchange(key)
	isError(t, err, agent.ErrAccessKeyWrong)
}

// TestExchangeOfDisabledAccount disables the account and enables it again.
func TestExchangeOfDisabledAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	link := d.linked(bob, "bob", "u1")
	key := d.key(bob)
	d.exchanged(key, "u1")
	noError(t, s.Store.Operators.Disable(t.Context(), "bob"))
	eventually(t, "revoked", func() bool { return len(d.fake.live("u1")) == 0 })
	_, err := d.exchange(key)
	isError(t, err, agent.ErrAccessKeyWrong)
	noError(t, s.Store.Operators.Enable(t.Context(), "bob"))
	eventually(t, "it is active again", func() bool { return d.linkOf("bob").Active })
	_, err = d.exchange(key) // disabling replaces keys
	isError(t, err, agent.ErrAccessKeyWrong)
	bob = s.SignIn(t, "bob")
	if fresh := d.key(bob); fresh == key {
		t.Error("got the old access key, want a new one")
	}
	d.exchanged(d.key(bob), "u1")
	if got := d.linkOf("bob"); got.ID != link.ID {
		t.Errorf("link %+v, want link %s", got, link.ID)
	}
}

// TestExchangeBeforeTheFeedKnowsTheLink sends an access key before the feed has brought its
// link.
func TestExchangeBeforeTheFeedKnowsTheLink(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if strings.HasSuffix(r.URL.Path, "/changes") {
			servicetest.Hang(r)
			return
		}
		inner.ServeHTTP(w, r)
	})
	d.allow("u1")
	at := d.localUserAt("u1")
	d.invite(bob, "bob", func(in *client.NewInvite) { in.Type, in.Servers[0].LocalUserID = client.Linked, at })
	key := d.key(bob)
	if len(must(d.Links.List(t.Context()))(t)) != 0 {
		t.Fatal("the agent has the link already, want the feed to be held up")
	}
	eventually(t, "it asks the service", func() bool { _, err := d.exchange(key); return err == nil })
	account := d.linkOf("bob").AccountID
	must(d.exchange(key, byAccount(account)))(t)
}

// TestAccessKeysStayHere reads everything that the agent sends while it has to ask the
// service about a right and a wrong key. A service that somebody has taken over must not
// learn access keys in plain text.
func TestAccessKeysStayHere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s, func(o *agent.Options) { o.Policy.AllowAllUsers = true }).started()
	bob := s.Join(t, "bob")
	var mu sync.Mutex
	var sent strings.Builder
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if strings.HasSuffix(r.URL.Path, "/changes") {
			servicetest.Hang(r)
			return
		}
		if strings.HasPrefix(r.URL.Path, "/api/v1/server/") {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			mu.Lock()
			fmt.Fprintln(&sent, r.URL, string(body))
			mu.Unlock()
		}
		inner.ServeHTTP(w, r)
	})
	at := d.localUserAt("u1")
	d.invite(bob, "bob", func(in *client.NewInvite) { in.Type, in.Servers[0].LocalUserID = client.Linked, at })
	key := d.key(bob)
	_, err := d.exchange(key + "0")
	isError(t, err, agent.ErrAccessKeyWrong)
	eventually(t, "it asks the service", func() bool { _, err := d.exchange(key); return err == nil })
	mu.Lock()
	defer mu.Unlock()
	if text := sent.String(); strings.Contains(text, key) || !strings.Contains(text, "/exchanges") {
		t.Errorf("the agent sent %s, want questions about the key %s without the key", text, key)
	}
}

// TestExchangeBeforeTheFeedKnowsTheAccount sends the id of an account before the feed has
// brought the link of the account. The agent must ask for all links.
func TestExchangeBeforeTheFeedKnowsTheAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if strings.HasSuffix(r.URL.Path, "/changes") || strings.HasSuffix(r.URL.Path, "/exchanges") {
			servicetest.Hang(r)
			return
		}
		inner.ServeHTTP(w, r)
	})
	d.allow("u1")
	at := d.localUserAt("u1")
	d.invite(bob, "bob", func(in *client.NewInvite) { in.Type, in.Servers[0].LocalUserID = client.Linked, at })
	account := string(must(bob.Accounts.Get(t.Context()))(t).ID)
	key := d.key(bob)
	eventually(t, "the list", func() bool { _, err := d.exchange(key, byAccount(account)); return err == nil })
}

// TestGuessedKeysAskTheServiceOnlySometimes guesses keys. The service must not be
// asked without limit, and the right key must still work.
func TestGuessedKeysAskTheServiceOnlySometimes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	key := d.key(bob)
	var asked, polled atomic.Int32
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if strings.HasSuffix(r.URL.Path, "/exchanges") || strings.HasSuffix(r.URL.Path, "/links") {
			asked.Add(1)
		}
		if strings.HasSuffix(r.URL.Path, "/changes") {
			polled.Add(1)
		}
		inner.ServeHTTP(w, r)
	})
	d.halt()
	polled.Store(0)
	d.open()
	d.run()
	eventually(t, "no trouble", func() bool { return len(d.status().Trouble) == 0 && polled.Load() > 0 })
	asked.Store(0) // the links were compared
	d.exchanged(key, "u1")
	if asked.Load() != 0 {
		t.Errorf("%d questions about a known key, want 0", asked.Load())
	}
	for i := range 100 {
		_, err := d.exchange(fmt.Sprint("guess", i), byAccount(map[bool]string{true: fmt.Sprint(i + 1)}[i%2 == 0]))
		if !errors.Is(err, agent.ErrAccessKeyWrong) && !errors.Is(err, agent.ErrAccountUnknown) {
			t.Fatalf("guess %d: error %v, want ErrAccessKeyWrong or ErrAccountUnknown", i, err)
		}
	}
	if n := asked.Load(); n == 0 || n > 20 {
		t.Errorf("%d questions, want 1 to 20", n)
	}
	d.exchanged(key, "u1")
	before := asked.Load()
	_, err := d.exchange("guess", func(ask *agent.ExchangeAsk) { ask.Device.Address = netip.MustParseAddr("203.0.113.99") })
	isError(t, err, agent.ErrAccessKeyWrong)
	if asked.Load() != before+1 {
		t.Errorf("%d questions for another source, want 1", asked.Load()-before)
	}
}

// TestExchangeWhileServiceIsAway exchanges without the service, for as long as
// OfflineTrust allows.
func TestExchangeWhileServiceIsAway(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	account := d.linked(bob, "bob", "u1").AccountID
	key := d.key(bob)
	s.Down()
	eventually(t, "the service is away", func() bool { return d.trouble("service_away") })
	s.Clock.Advance(71 * time.Hour)
	d.exchanged(key, "u1")
	must(d.exchange(key, byAccount(account)))(t)
	_, err := d.exchange("other")
	isError(t, err, agent.ErrAccessKeyWrong)
	_, err = d.exchange(key, byAccount("77"))
	isError(t, err, agent.ErrAccountUnknown)
	d.restart() // the agent still knows how long the service has been away
	eventually(t, "it runs", func() bool { return d.trouble("service_away") })
	d.exchanged(key, "u1")
	s.Clock.Advance(2 * time.Hour)
	_, err = d.exchange(key)
	isError(t, err, agent.ErrTrustOver)
	if len(d.fake.live("u1")) != 1 || d.log.Count("offline-trust allows") != 1 {
		t.Errorf("live tokens %v, want 1, and one line about offline-trust; log:\n%s", d.fake.live("u1"), d.log)
	}
	s.Up()
	eventually(t, "it is back", func() bool { _, err := d.exchange(key); return err == nil })
	// When the service answers, the loop first stores the time, and then ends the trouble.
	eventually(t, "the trouble offline_trust ends", func() bool { return !d.trouble("offline_trust") })
}

// TestExchangeWhileServiceIsSlow lets the service hang while a device waits.
func TestExchangeWhileServiceIsSlow(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	d.AskTime(50 * time.Millisecond)
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if strings.HasSuffix(r.URL.Path, "/exchanges") {
			servicetest.Hang(r)
			return
		}
		inner.ServeHTTP(w, r)
	})
	eventually(t, "no trouble", func() bool { return len(d.status().Trouble) == 0 })
	_, err := d.exchange("unknown") // the question never gets an answer, so the agent has given up waiting for it
	isError(t, err, agent.ErrAccessKeyWrong)
}

// TestExchangeRevokesTokenThatCannotBeWritten makes the agent's file fail after a token was
// made and before it is written down. The token must end.
func TestExchangeRevokesTokenThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	key := d.key(bob)
	d.fake.hook(nil, func(call string) error {
		if strings.HasPrefix(call, "Mint") {
			_ = d.store.Close()
		}
		return nil
	})
	if _, err := d.exchange(key); err == nil {
		t.Error("the exchange succeeded without writing the token, want an error")
	}
	if n := len(d.fake.live("u1")); n != 0 {
		t.Errorf("%d live tokens, want 0", n)
	}
}

// TestExchangeUsesIndex asks SQLite how it finds a link.
func TestExchangeUsesIndex(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, newSite(t))
	for _, condition := range []string{"account_id = ?", "access_key_sha256 = ?"} {
		if plan := must(d.store.Plan(t.Context(), condition))(t); !strings.Contains(plan, "USING INDEX links_") {
			t.Errorf("%s: plan %q, want an index", condition, plan)
		}
	}
}
