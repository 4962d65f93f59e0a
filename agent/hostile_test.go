package agent_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/servicetest"
)

// TestHostileRepeatedQuestionsOpenNoMissingLink asks again and again with the access key of a link
// that exists only in the agent's file. This happens after a backup of the service was restored.
// Many questions must not let the caller in.
func TestHostileRepeatedQuestionsOpenNoMissingLink(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	key := d.key(bob)
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		switch {
		case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/links"):
			writeJSON(w, map[string]any{"links": []any{}})
		case strings.HasSuffix(r.URL.Path, "/exchanges"):
			problem(w, http.StatusNotFound, "access_key_wrong")
		default:
			inner.ServeHTTP(w, r)
		}
	})
	s.Clock.Advance(7 * time.Hour)
	eventually(t, "refused", func() bool { _, err := d.exchange(key); return err != nil })
	for range 40 {
		if _, err := d.exchange(key); err == nil {
			t.Fatal("the exchange succeeded, want an error for a link that the service refuses")
		}
	}
}

// problem answers as the service does when it refuses a request.
func problem(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"status":%d,"code":%q}`, status, code)
}

// TestHostileStuckTokensHoldUpNoOther makes some tokens that the media server never
// revokes. Other tokens must end nevertheless, and one line of the log must say what to do.
func TestHostileStuckTokensHoldUpNoOther(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	link := d.linked(bob, "bob", "u1")
	key := d.key(bob)
	stuck := map[string]bool{}
	for i := range 3 {
		stuck["Revoke "+d.onDevice(key, fmt.Sprint("d", i))] = true
	}
	d.fake.hook(func(call string) error {
		if stuck[call] {
			return errDown
		}
		return nil
	}, nil)
	// The tokens that get stuck end first, so that they are the oldest.
	noError(t, bob.Sessions.EndAll(t.Context()))
	bob = s.SignIn(t, "bob")
	eventually(t, "owed", func() bool { return d.status().OwedTokens == 3 })
	s.Clock.Advance(time.Second)
	key = d.key(bob)
	for i := range 5 {
		d.onDevice(key, fmt.Sprint("e", i))
	}
	noError(t, bob.Links.Remove(t.Context(), client.ID(link.ID)))
	eventually(t, "the others end", func() bool { return len(d.fake.live("u1")) == 3 })
	eventually(t, "trouble of its own", func() bool { return d.trouble("revoke") })
	if d.trouble("media_server_away") || d.log.Count("does not revoke a local token") != 1 {
		t.Errorf("want one line about tokens, and no media_server_away; log:\n%s", d.log)
	}
	d.fake.hook(nil, nil)
	eventually(t, "the end of it", func() bool { return !d.trouble("revoke") && len(d.fake.live("u1")) == 0 })
}

// onDevice exchanges on a device and returns the token.
func (d *deployment) onDevice(key, id string) string {
	d.t.Helper()
	return must(d.exchange(key, func(ask *agent.ExchangeAsk) { ask.Device.ID = id }))(d.t).AccessToken
}

// TestHostileHangDelaysNoRevocation lets the service hang. A link that the admin ends must
// end at the media server at once.
func TestHostileHangDelaysNoRevocation(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	link := d.linked(bob, "bob", "u1")
	d.exchanged(d.key(bob), "u1")
	s.Intercept(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) { servicetest.Hang(r) })
	done := make(chan error, 1)
	go func() { done <- d.Links.End(context.Background(), link.ID) }()
	eventually(t, "revoked", func() bool { return len(d.fake.live("u1")) == 0 }) // nothing else ends the token while the service hangs
	s.Down()                                                                     // the questions that hang fail
	noError(t, waittest.Receive(t, done, "the end of the link"))
}

// rests waits until something has happened n times more. It fails the test if that took
// less than n-1 times rest, the pause of the agent.
func rests(t *testing.T, what string, count func() int64, n int64, rest time.Duration) {
	t.Helper()
	begin := time.Now()
	from := count()
	eventually(t, what, func() bool { return count() >= from+n })
	got, took := count()-from, time.Since(begin)
	if least := time.Duration(got-1) * rest; took < least {
		t.Errorf("%s: %d in %v, want at least %v for them: the agent rests between two", what, got, took, least)
	}
}

// TestHostileGapsAreLoggedSometimes lets the service announce changes, again and again, but
// nobody can fetch these changes. Only a few lines must be logged.
func TestHostileGapsAreLoggedSometimes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	asked := emptyChanges(s, 5)
	rests(t, "questions for changes", asked.Load, 20, agent.Round)
	if lines := d.log.Count("no longer has some of the changes"); lines == 0 || lines > 3 {
		t.Errorf("%d lines, want 1 to 3", lines)
	}
}

// TestHostileQuickAnswersAreNotAskedForAllTheTime lets the service answer at once, and
// never with a change. The agent must not ask all the time.
func TestHostileQuickAnswersAreNotAskedForAllTheTime(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	newDeployment(t, s).started()
	asked := emptyChanges(s, 0)
	rests(t, "questions for changes", asked.Load, 20, agent.Round)
}

// emptyChanges answers each question for changes at once, with an empty list and with the
// number of a last change. This number is greater than the number in the question by ahead.
// It counts the questions.
func emptyChanges(s *servicetest.Service, ahead int64) *atomic.Int64 {
	asked := &atomic.Int64{}
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if !strings.HasSuffix(r.URL.Path, "/changes") {
			inner.ServeHTTP(w, r)
			return
		}
		asked.Add(1)
		var after int64
		_, _ = fmt.Sscan(r.URL.Query().Get("after"), &after)
		writeJSON(w, map[string]any{"changes": []any{}, "last": after + ahead})
	})
	return asked
}

// TestHostileSeenAsCausesFewReports makes the service see the agent at another address each
// time. The agent must not send reports without end.
func TestHostileSeenAsCausesFewReports(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s, func(o *agent.Options) { o.ReportEvery, o.CheckEvery = time.Minute, time.Minute }).started()
	var reports atomic.Int64
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if strings.HasSuffix(r.URL.Path, "/report") {
			n := reports.Add(1)
			writeJSON(w, map[string]any{"changed": true, "seen_as": fmt.Sprintf("203.0.113.%d", 1+n%2)})
			return
		}
		inner.ServeHTTP(w, r)
	})
	s.Clock.Advance(2 * time.Minute)
	d.rounds(1)
	for range 20 { // the report loop is not woken, and would have to wake itself
		d.WakeOwed()
		eventually(t, "another round", d.Woken)
	}
	if n := reports.Load(); n == 0 || n > 5 {
		t.Errorf("%d reports, want 1 to 5", n)
	}
}

// TestHostileProofsAreBegunSometimes lets the service list a proof and refuse its result.
// The agent must not begin the proof again and again at the media server.
func TestHostileProofsAreBegunSometimes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/changes"):
			servicetest.Hang(r)
		case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/proofs"):
			writeJSON(w, map[string]any{"proofs": []any{map[string]any{
				"id": "77", "account_id": "5", "username": "bob", "status": "asked", "expires_at": s.Clock.Now().Add(time.Hour),
			}}})
		case strings.Contains(r.URL.Path, "/proofs/"):
			w.WriteHeader(http.StatusInternalServerError)
		default:
			inner.ServeHTTP(w, r)
		}
	})
	d.Wake()
	begun := func() (n int64) {
		d.fake.set(func() { n = int64(len(d.fake.proofs)) })
		return n
	}
	rests(t, "proofs that were begun", begun, 8, agent.LongestWait)
}

// TestHostileGuestsStayBelowLimit lets the service change the type of each guest's link to
// linked, so that the guest no longer counts as a guest. The agent must not create more
// than GuestLimit allows.
func TestHostileGuestsStayBelowLimit(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s, func(o *agent.Options) { o.Policy.GuestLimit = 2 }).started()
	var round, compared atomic.Int64
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if strings.HasSuffix(r.URL.Path, "/changes") {
			r.URL.RawQuery = strings.ReplaceAll(r.URL.RawQuery, "wait=", "wait=0&was=") // so that the agent compares soon
		}
		if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "/links") {
			inner.ServeHTTP(w, r)
			return
		}
		n := int(round.Load())
		compared.Add(1)
		list := make([]any, 0, n+1)
		for i := range n + 1 {
			link := madeUp(i)
			if link["type"] = client.Guest; i < n {
				link["type"], link["local_user"] = client.Linked, map[string]any{"id": fmt.Sprint("g", i+1), "name": "x"}
			}
			list = append(list, link)
		}
		writeJSON(w, map[string]any{"links": list})
	})
	for i := range 5 {
		round.Store(int64(i))
		s.Clock.Advance(7 * time.Hour)
		more(t, "the comparisons of links", &compared, 1)
		d.rounds(3)
	}
	if n := d.fake.count("CreateGuest"); n != 2 {
		t.Errorf("%d guests were created, want 2", n)
	}
}

// madeUp returns a link that exists nowhere, as the service sends it.
func madeUp(i int) map[string]any {
	return map[string]any{
		"id": fmt.Sprint(1000 + i), "account_id": fmt.Sprint(2000 + i), "username": fmt.Sprintf("many%02d", i), "type": client.Linked,
		"status": client.Accepted, "active": true, "access_key_sha256": strings.Repeat(fmt.Sprintf("%02x", i), 32),
	}
}

// TestHostileLinksAreLimited sends more links than the agent keeps. The agent must
// ignore the links beyond the limit and keep the links that it knows already,
// and it must go on reading the feed.
func TestHostileLinksAreLimited(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob, cat := s.Join(t, "bob"), s.Join(t, "cat")
	d.linked(bob, "bob", "u1")
	d.store.KeepLinks(3)
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/links") {
			list := make([]any, 0, 10)
			for i := range 10 {
				list = append(list, madeUp(i))
			}
			writeJSON(w, map[string]any{"links": list})
			return
		}
		inner.ServeHTTP(w, r)
	})
	s.Clock.Advance(7 * time.Hour)
	eventually(t, "trouble", func() bool { return d.trouble("links") })
	if n := d.status().Links; n != 3 {
		t.Errorf("%d links, want 3", n)
	}
	at := d.localUserAt("u5")
	before := d.status().ChangeSeq
	d.invite(cat, "cat", func(in *client.NewInvite) { in.Type, in.Servers[0].LocalUserID = client.Linked, at })
	eventually(t, "the feed goes on", func() bool { return d.status().ChangeSeq > before })
	if n := d.status().Links; n != 3 || d.trouble("own_file") {
		t.Errorf("%d links, want 3 and no own_file; log:\n%s", n, d.log)
	}
}

// TestHostileServerIDIsRefused answers the registration with an id that is not a number.
// Nothing of that answer must be kept.
func TestHostileServerIDIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s)
	s.Intercept(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprint(w, `{"id":"\u001b[2J","server_key":"lk_sv_x","key":"lk_sv_x"}`)
	})
	d.run()
	eventually(t, "trouble", func() bool { return d.trouble("service_answer") })
	if status := d.status(); status.Registered || status.ServerID != "" {
		t.Errorf("status %+v, want not registered", status)
	}
}
