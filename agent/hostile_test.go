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
)

// TestHostileMissingLink asks again and again with the key of a link that the
// service does not know any more, while the agent's file, brought back from a
// backup, does: asking often opens nothing.
func TestHostileMissingLink(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	bob := s.join(t, "bob")
	d.linked(bob, "bob", "u1")
	key := d.key(bob)
	s.answer(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		switch {
		case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/links"):
			writeJSON(w, map[string]any{"links": []any{}})
		case strings.HasSuffix(r.URL.Path, "/exchanges"):
			problem(w, http.StatusNotFound, "access_key_wrong")
		default:
			inner.ServeHTTP(w, r)
		}
	})
	s.clock.Advance(7 * time.Hour)
	eventually(t, "refused", func() bool { _, err := d.exchange(key); return err != nil })
	for range 40 {
		if _, err := d.exchange(key); err == nil {
			t.Fatal("a link that the service refuses opened")
		}
	}
}

// problem answers as the service does when it refuses.
func problem(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"status":%d,"code":%q}`, status, code)
}

// TestHostileStuckTokens has tokens that the media server never ends: those of
// others end all the same, and one line says what to do.
func TestHostileStuckTokens(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	bob := s.join(t, "bob")
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
	// They end first, so that the stuck ones are the oldest.
	well(t, bob.Sessions.EndAll(t.Context()))
	bob = s.signIn(t, "bob")
	eventually(t, "owed", func() bool { return d.status().OwedTokens == 3 })
	s.clock.Advance(time.Second)
	key = d.key(bob)
	for i := range 5 {
		d.onDevice(key, fmt.Sprint("e", i))
	}
	well(t, bob.Links.Remove(t.Context(), client.ID(link.ID)))
	eventually(t, "the others end", func() bool { return len(d.fake.live("u1")) == 3 })
	eventually(t, "trouble of its own", func() bool { return d.trouble("revoke") })
	if d.trouble("media_server_away") || d.log.count("does not revoke a local token") != 1 {
		t.Errorf("log:\n%s", d.log)
	}
	d.fake.hook(nil, nil)
	eventually(t, "the end of it", func() bool { return !d.trouble("revoke") && len(d.fake.live("u1")) == 0 })
}

// onDevice exchanges on a device and returns the token.
func (d *den) onDevice(key, id string) string {
	d.t.Helper()
	return must(d.exchange(key, func(ask *agent.ExchangeAsk) { ask.Device.ID = id }))(d.t).AccessToken
}

// TestHostileHang has a service that answers nothing: what the machine's admin ends
// is ended at the media server at once.
func TestHostileHang(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	bob := s.join(t, "bob")
	link := d.linked(bob, "bob", "u1")
	d.exchanged(d.key(bob), "u1")
	s.answer(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) { hang(r) })
	begin := time.Now()
	done := make(chan error, 1)
	go func() { done <- d.Links.End(context.Background(), link.ID) }()
	eventually(t, "revoked", func() bool { return len(d.fake.live("u1")) == 0 })
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("it waited for the service: %v", took)
	}
	well(t, <-done)
}

// inATime lets an agent go on for a while with a service that behaves badly.
func inATime() { time.Sleep(time.Second) }

// TestHostileGaps tells of changes that nobody can fetch, without end: a few lines
// say so.
func TestHostileGaps(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	asked := s.changes(5)
	inATime()
	if lines, n := d.log.count("no longer has some of the changes"), asked.Load(); lines == 0 || lines > 3 || n > 100 {
		t.Errorf("%d lines, asked %d times", lines, n)
	}
}

// TestHostileNoWait answers at once, and never with something new.
func TestHostileNoWait(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	newDen(t, s).started()
	asked := s.changes(0)
	inATime()
	if n := asked.Load(); n == 0 || n > 100 {
		t.Errorf("asked %d times", n)
	}
}

// changes answers each question for changes at once with none, and that the last
// one is so far ahead. It counts the questions.
func (s *site) changes(ahead int64) *atomic.Int64 {
	asked := &atomic.Int64{}
	s.answer(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
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

// TestHostileSeenAs sees the agent at another address each time: it does not report
// itself without end.
func TestHostileSeenAs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s, func(o *agent.Options) { o.ReportEvery, o.CheckEvery = time.Minute, time.Minute }).started()
	var reports atomic.Int64
	s.answer(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if strings.HasSuffix(r.URL.Path, "/report") {
			n := reports.Add(1)
			writeJSON(w, map[string]any{"changed": true, "seen_as": fmt.Sprintf("203.0.113.%d", 1+n%2)})
			return
		}
		inner.ServeHTTP(w, r)
	})
	s.clock.Advance(2 * time.Minute)
	d.Wake()
	inATime()
	if n := reports.Load(); n == 0 || n > 5 {
		t.Errorf("%d reports", n)
	}
}

// TestHostileProofs lists a proof and takes no word about it: it is not begun
// again and again at the media server.
func TestHostileProofs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	s.answer(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/changes"):
			hang(r)
		case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/proofs"):
			writeJSON(w, map[string]any{"proofs": []any{map[string]any{
				"id": "77", "account_id": "5", "username": "bob", "status": "asked", "expires_at": s.clock.Now().Add(time.Hour),
			}}})
		case strings.Contains(r.URL.Path, "/proofs/"):
			w.WriteHeader(http.StatusInternalServerError)
		default:
			inner.ServeHTTP(w, r)
		}
	})
	d.Wake()
	inATime()
	begun := 0
	d.fake.set(func() { begun = len(d.fake.proofs) })
	if begun == 0 || begun > 40 {
		t.Errorf("%d proofs were begun", begun)
	}
}

// TestHostileGuests tells of each guest that it is linked by now, so that it is no
// guest any more: not more are made than guest-limit allows.
func TestHostileGuests(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s, func(o *agent.Options) { o.Policy.GuestLimit = 2 }).started()
	var round atomic.Int64
	s.answer(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if strings.HasSuffix(r.URL.Path, "/changes") {
			r.URL.RawQuery = strings.ReplaceAll(r.URL.RawQuery, "wait=", "wait=0&was=") // so that it compares soon
		}
		if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "/links") {
			inner.ServeHTTP(w, r)
			return
		}
		n := int(round.Load())
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
		s.clock.Advance(7 * time.Hour)
		for end := time.Now().Add(500 * time.Millisecond); time.Now().Before(end) && d.fake.count("CreateGuest") <= i; time.Sleep(3 * time.Millisecond) {
		}
	}
	if n := d.fake.count("CreateGuest"); n != 2 {
		t.Errorf("%d guests were made, the limit is 2", n)
	}
}

// madeUp is a link that only the service knows of.
func madeUp(i int) map[string]any {
	return map[string]any{
		"id": fmt.Sprint(1000 + i), "account_id": fmt.Sprint(2000 + i), "username": fmt.Sprintf("many%02d", i), "type": client.Linked,
		"status": client.Accepted, "active": true, "access_key_sha256": strings.Repeat(fmt.Sprintf("%02x", i), 32),
	}
}

// TestHostileLinks tells of more links than are kept: the others are passed over,
// those that are known stay, and the feed goes on.
func TestHostileLinks(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	bob, cat := s.join(t, "bob"), s.join(t, "cat")
	d.linked(bob, "bob", "u1")
	d.store.KeepLinks(3)
	s.answer(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
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
	s.clock.Advance(7 * time.Hour)
	eventually(t, "trouble", func() bool { return d.trouble("links") })
	if n := d.status().Links; n != 3 {
		t.Errorf("%d links", n)
	}
	at := d.localUserAt("u5")
	before := d.status().ChangeSeq
	d.invite(cat, "cat", func(in *client.NewInvite) { in.Type, in.Servers[0].LocalUserID = client.Linked, at })
	eventually(t, "the feed goes on", func() bool { return d.status().ChangeSeq > before })
	if n := d.status().Links; n != 3 || d.trouble("own_file") {
		t.Errorf("%d links, log:\n%s", n, d.log)
	}
}

// TestHostileServerID registers with an id that is none: nothing of it is kept.
func TestHostileServerID(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s)
	s.answer(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprint(w, `{"id":"\u001b[2J","server_key":"lk_sv_x","key":"lk_sv_x"}`)
	})
	d.run()
	eventually(t, "trouble", func() bool { return d.trouble("service_answer") })
	if status := d.status(); status.Registered || status.ServerID != "" {
		t.Errorf("%+v", status)
	}
}
