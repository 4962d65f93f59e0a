package agent_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/client"
)

// TestRemoval removes a link while the media server is away: the key opens
// nothing within the five seconds, and the token ends when the media server is
// back, also after a crash.
func TestRemoval(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	bob, cat := s.join(t, "bob"), s.join(t, "cat")
	link := d.linked(bob, "bob", "u1")
	d.linked(cat, "cat", "u5")
	key, other := d.key(bob), d.key(cat)
	d.exchanged(key, "u1")
	d.exchanged(other, "u5")
	d.fake.setDown(errDown)
	begin := time.Now()
	well(t, bob.Links.Remove(t.Context(), client.ID(link.ID)))
	eventually(t, "the key opens nothing", func() bool {
		_, err := d.exchange(key)
		return err != nil && strings.Contains(err.Error(), agent.ErrAccessKeyWrong.Error())
	})
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	if len(d.fake.live("u1")) != 1 || d.status().OwedTokens != 1 {
		t.Errorf("%+v", d.status())
	}
	d.halt()
	d.fake.setDown(nil)
	d.open()
	s.down() // what is owed is owed without the service as well
	d.run()
	eventually(t, "it is revoked", func() bool { return len(d.fake.live("u1")) == 0 && d.status().OwedTokens == 0 })
	d.exchanged(other, "u5")
	if len(d.fake.live("u5")) != 1 {
		t.Error("the other one's token ended")
	}
}

// TestRelink gives a person another local user: the token of the one before ends.
func TestRelink(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	bob := s.join(t, "bob")
	link := d.linked(bob, "bob", "u1")
	d.exchanged(d.key(bob), "u1")
	well(t, bob.Links.Remove(t.Context(), client.ID(link.ID)))
	eventually(t, "revoked", func() bool { return len(d.fake.live("u1")) == 0 })
	again := d.linked(bob, "bob", "u5")
	if again.ID == link.ID {
		t.Error("the same link")
	}
	d.exchanged(d.key(bob), "u5")
}

// changesOf answers the feed with something else.
func changesOf(change func(list map[string]any)) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if !strings.HasSuffix(r.URL.Path, "/changes") {
			inner.ServeHTTP(w, r)
			return
		}
		got := httptest.NewRecorder()
		inner.ServeHTTP(got, r)
		list := map[string]any{}
		if json.Unmarshal(got.Body.Bytes(), &list) == nil && got.Code == http.StatusOK {
			change(list)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(got.Code)
		_ = json.NewEncoder(w).Encode(list)
	}
}

// TestUnknownChanges has the service tell of what this agent does not know, and
// of what makes no sense: it passes over that, and goes on.
func TestUnknownChanges(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(change map[string]any){
		"kind":       func(c map[string]any) { c["kind"] = "moon_phase" },
		"no link":    func(c map[string]any) { c["link"] = nil },
		"other link": func(c map[string]any) { c["link_id"] = "12" },
		"no id":      func(c map[string]any) { c["link"].(map[string]any)["id"] = "../x" },
		"no hash":    func(c map[string]any) { c["link"].(map[string]any)["access_key_sha256"] = "zz" },
		"no account": func(c map[string]any) { c["link"].(map[string]any)["account_id"] = "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			d := newDen(t, s).started()
			bob, cat := s.join(t, "bob"), s.join(t, "cat")
			first := true
			s.answer(changesOf(func(list map[string]any) {
				for _, one := range list["changes"].([]any) {
					if change := one.(map[string]any); change["kind"] == client.LinkChanged && first {
						spoil(change)
						first = false
					}
				}
			}))
			at := d.localUserAt("u1")
			d.invite(bob, "bob", func(in *client.NewInvite) { in.Type, in.Servers[0].LocalUserID = client.Linked, at })
			d.linked(cat, "cat", "u5")
			for _, l := range must(d.Links.List(t.Context()))(t) {
				if l.Username == "bob" {
					t.Errorf("%+v", l)
				}
			}
			d.exchanged(d.key(bob), "u1") // asked of the service
		})
	}
}

// TestGarbage has something else answer in the service's place. Nothing is lost,
// and it says so once.
func TestGarbage(t *testing.T) {
	t.Parallel()
	page := func(status int, kind, body string) func(http.ResponseWriter, *http.Request, http.Handler) {
		return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Location", "https://elsewhere.example.org/?secret=1")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	for name, over := range map[string]func(http.ResponseWriter, *http.Request, http.Handler){
		"html":         page(200, "text/html", "<html>hello"),
		"empty":        page(200, "application/json", "{}"),
		"no links":     page(200, "application/json", `{"links":[],"changes":[],"last":0,"id":"1"}`),
		"half":         page(200, "application/json", `{"changes":[{"seq":1,`),
		"redirect":     page(302, "text/html", ""),
		"not found":    page(404, "text/html", "no such page"),
		"unauthorised": page(401, "text/html", "who are you"),
		"huge":         page(200, "application/json", `{"changes":[],"last":`+strings.Repeat(" ", 2<<20)+"0}"),
		"broken":       page(503, "text/html", "try later"),
		"gone": func(http.ResponseWriter, *http.Request, http.Handler) {
			panic(http.ErrAbortHandler)
		},
		"slow": func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
			select {
			case <-r.Context().Done():
			case <-time.After(time.Second):
			}
			panic(http.ErrAbortHandler)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			d := newDen(t, s).started()
			bob := s.join(t, "bob")
			d.linked(bob, "bob", "u1")
			key := d.key(bob)
			eventually(t, "no trouble", func() bool { return len(d.status().Trouble) == 0 })
			s.answer(over)
			if name != "no links" {
				eventually(t, "a line", func() bool { return len(d.status().Trouble) > 0 })
			}
			never(t, "a link is lost", func() bool { return len(must(d.Links.List(t.Context()))(t)) != 1 })
			d.exchanged(key, "u1")
			if n := d.log.count("level=WARN") + d.log.count("level=ERROR"); n > 3 {
				t.Errorf("%d lines:\n%s", n, d.log)
			}
			if strings.Contains(d.log.String(), "secret=1") || strings.Contains(d.log.String(), key) {
				t.Error("a secret is in the log")
			}
			s.up()
			eventually(t, "the end of it", func() bool { return len(d.status().Trouble) == 0 })
			d.linked(s.join(t, "cat"), "cat", "u5")
		})
	}
}

// copyFile copies a database that nobody has open.
func copyFile(t *testing.T, from, to string) {
	t.Helper()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		data, err := os.ReadFile(from + suffix)
		if err != nil {
			_ = os.Remove(to + suffix)
			continue
		}
		well(t, os.WriteFile(to+suffix, data, 0o600))
	}
}

// acknowledged waits until the agent has acknowledged everything.
func (d *den) acknowledged() (seq int64) {
	d.t.Helper()
	eventually(d.t, "everything is acknowledged", func() bool {
		this := must(d.asServer().Get(d.t.Context()))(d.t)
		seq = this.ChangeSeq
		return this.AcknowledgedSeq == seq && d.status().ChangeSeq == seq
	})
	return seq
}

// TestRestoredAgent brings the agent's file back from a backup: what happened
// since is told again.
func TestRestoredAgent(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	bob, cat := s.join(t, "bob"), s.join(t, "cat")
	link := d.linked(bob, "bob", "u1")
	key := d.key(bob)
	d.halt()
	copyFile(t, d.path, d.path+".backup")
	d.open()
	d.run()
	d.linked(cat, "cat", "u5")
	well(t, bob.Links.Remove(t.Context(), client.ID(link.ID)))
	eventually(t, "the removal is known", func() bool { return d.status().Links == 1 })
	seq := d.acknowledged()
	d.halt()
	copyFile(t, d.path+".backup", d.path)
	d.open()
	d.exchanged(key, "u1") // that is how it was
	d.run()
	eventually(t, "it has caught up", func() bool { return d.status().ChangeSeq == seq })
	_, err := d.exchange(key)
	is(t, err, agent.ErrAccessKeyWrong)
	d.exchanged(d.key(cat), "u5")
	eventually(t, "the token of the former link ends", func() bool { return len(d.fake.live("u1")) == 0 })
	if d.log.count("a later change on record than this agent has carried out") != 1 {
		t.Errorf("log:\n%s", d.log)
	}
}

// TestRestoredAgentLate does so when the service has forgotten what was
// acknowledged: nothing is removed for that, but the service is asked.
func TestRestoredAgentLate(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	bob, cat := s.join(t, "bob"), s.join(t, "cat")
	link := d.linked(bob, "bob", "u1")
	key := d.key(bob)
	d.halt()
	copyFile(t, d.path, d.path+".backup")
	d.open()
	d.run()
	well(t, bob.Links.Remove(t.Context(), client.ID(link.ID)))
	d.linked(cat, "cat", "u5")
	seq := d.acknowledged()
	d.halt()
	s.clock.Advance(8 * 24 * time.Hour)
	well(t, s.store.Sweep(t.Context()))
	copyFile(t, d.path+".backup", d.path)
	d.open()
	d.run()
	eventually(t, "it has caught up", func() bool { return d.status().ChangeSeq == seq })
	if len(must(d.Links.List(t.Context()))(t)) != 2 {
		t.Errorf("%+v", must(d.Links.List(t.Context()))(t))
	}
	_, err := d.exchange(key)
	is(t, err, agent.ErrAccessKeyWrong)
	d.exchanged(d.key(s.signIn(t, "cat")), "u5")
	s.down()
	eventually(t, "the service is away", func() bool { return d.trouble("service_away") })
	d.exchanged(key, "u1") // nobody has ever said that it was removed
}

// TestRestoredService brings the service's database back: nothing is removed for
// that, and what happens afterwards is carried out.
func TestRestoredService(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	bob, cat := s.join(t, "bob"), s.join(t, "cat")
	link := d.linked(bob, "bob", "u1")
	path := strings.TrimPrefix(s.database, "sqlite:")
	s.down()
	well(t, s.store.Close())
	copyFile(t, path, path+".backup")
	s.restore(t)
	s.up()
	d.linked(cat, "cat", "u5")
	s.down()
	key := d.key(cat)
	well(t, s.store.Close())
	copyFile(t, path+".backup", path)
	s.restore(t)
	s.up()
	eventually(t, "one line", func() bool { return d.log.count("has fewer changes than this agent has seen") == 1 })
	never(t, "a link is lost", func() bool { return len(must(d.Links.List(t.Context()))(t)) != 2 })
	bob = s.signIn(t, "bob")
	well(t, bob.Links.Remove(t.Context(), client.ID(link.ID)))
	eventually(t, "the removal", func() bool { return len(must(d.Links.List(t.Context()))(t)) == 1 })
	if d.log.count("has fewer changes than this agent has seen") != 1 {
		t.Error("more lines")
	}
	_, err := d.exchange(key) // the service says that there is no such key
	is(t, err, agent.ErrAccessKeyWrong)
	if got := d.linkOf("cat"); got.LocalUserID != "u5" || len(d.fake.live("u5")) != 0 {
		t.Errorf("%+v", got)
	}
}

// TestCrashInFeed ends the program after the changes were told and before they
// were acknowledged.
func TestCrashInFeed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	bob := s.join(t, "bob")
	var once atomic.Bool
	s.answer(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if strings.HasSuffix(r.URL.Path, "/acknowledge") && once.CompareAndSwap(false, true) {
			_ = d.store.Close()
			panic(http.ErrAbortHandler)
		}
		inner.ServeHTTP(w, r)
	})
	at := d.localUserAt("u1")
	d.invite(bob, "bob", func(in *client.NewInvite) { in.Type, in.Servers[0].LocalUserID = client.Linked, at })
	eventually(t, "the crash", once.Load)
	d.restart()
	d.exchanged(d.key(bob), "u1")
	eventually(t, "it is acknowledged", func() bool {
		this := must(d.asServer().Get(t.Context()))(t)
		return this.AcknowledgedSeq == this.ChangeSeq && this.ChangeSeq > 0
	})
}
