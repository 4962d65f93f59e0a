package agent_test

import (
	"encoding/json"
	"errors"
	"maps"
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

// TestRemovedLinkOpensNothingWhileMediaServerIsAway removes a link while the media server
// is away. After at most five seconds the access key must let nobody in. The token must end
// when the media server is back, even after a crash.
func TestRemovedLinkOpensNothingWhileMediaServerIsAway(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob, cat := s.Join(t, "bob"), s.Join(t, "cat")
	link := d.linked(bob, "bob", "u1")
	d.linked(cat, "cat", "u5")
	key, other := d.key(bob), d.key(cat)
	d.exchanged(key, "u1")
	d.exchanged(other, "u5")
	d.fake.setDown(errDown)
	questions := counted(s, "/changes")
	more(t, "the questions for changes", questions, 1) // the agent now waits for the answer to a question
	noError(t, bob.Links.Remove(t.Context(), client.ID(link.ID)))
	eventually(t, "the key opens nothing", func() bool {
		_, err := d.exchange(key)
		return errors.Is(err, agent.ErrAccessKeyWrong)
	})
	if n := questions.Load(); n > 3 {
		t.Errorf("%d questions until the key opened nothing, want 3 at most: the one that waited brings the removal", n)
	}
	if len(d.fake.live("u1")) != 1 || d.status().OwedTokens != 1 {
		t.Errorf("live tokens %v, status %+v; want one live token, which is owed", d.fake.live("u1"), d.status())
	}
	d.halt()
	d.fake.setDown(nil)
	d.open()
	s.Down() // revoking owed tokens needs no service
	d.run()
	eventually(t, "it is revoked", func() bool { return len(d.fake.live("u1")) == 0 && d.status().OwedTokens == 0 })
	d.exchanged(other, "u5")
	if len(d.fake.live("u5")) != 1 {
		t.Errorf("live tokens of u5: %v, want one", d.fake.live("u5"))
	}
}

// TestRelinkedAccountGetsOtherLocalUser links a person to another local user. The token of
// the first local user must end.
func TestRelinkedAccountGetsOtherLocalUser(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	link := d.linked(bob, "bob", "u1")
	d.exchanged(d.key(bob), "u1")
	noError(t, bob.Links.Remove(t.Context(), client.ID(link.ID)))
	eventually(t, "revoked", func() bool { return len(d.fake.live("u1")) == 0 })
	again := d.linked(bob, "bob", "u5")
	if again.ID == link.ID {
		t.Errorf("link %s again, want a new link", again.ID)
	}
	d.exchanged(d.key(bob), "u5")
}

// changesOf returns an interceptor that alters each answer of the feed with the function
// change.
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

// TestChangesThatMakeNoSenseArePassedOver makes the service send changes that are unknown
// or make no sense. The agent must pass over them and continue.
func TestChangesThatMakeNoSenseArePassedOver(t *testing.T) {
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
			d := newDeployment(t, s).started()
			bob, cat := s.Join(t, "bob"), s.Join(t, "cat")
			first := true
			s.Intercept(changesOf(func(list map[string]any) {
				for _, one := range list["changes"].([]any) {
					if change := one.(map[string]any); change["kind"] == client.LinkChanged && first {
						spoil(change)
						first = false
					}
				}
			}))
			d.allow("u1")
			at := d.localUserAt("u1")
			d.invite(bob, "bob", func(in *client.NewInvite) { in.Type, in.Servers[0].LocalUserID = client.Linked, at })
			d.linked(cat, "cat", "u5")
			for _, l := range must(d.Links.List(t.Context()))(t) {
				if l.Username == "bob" {
					t.Errorf("link %+v, want none of bob", l)
				}
			}
			d.exchanged(d.key(bob), "u1") // the agent asks the service about it
		})
	}
}

// TestOtherAnswersInPlaceOfTheService lets something else answer in place of the service.
// Nothing must be lost, and the trouble must be logged once.
func TestOtherAnswersInPlaceOfTheService(t *testing.T) {
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
			d := newDeployment(t, s).started()
			bob := s.Join(t, "bob")
			d.linked(bob, "bob", "u1")
			key := d.key(bob)
			eventually(t, "no trouble", func() bool { return len(d.status().Trouble) == 0 })
			var answers atomic.Int64
			s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
				answers.Add(1)
				over(w, r, inner)
			})
			if name != "no links" {
				eventually(t, "a line", func() bool { return len(d.status().Trouble) > 0 })
			}
			more(t, "the answers", &answers, 20)
			d.never("a link is lost", func() bool { return len(must(d.Links.List(t.Context()))(t)) != 1 })
			d.exchanged(key, "u1")
			if n := d.log.Count("level=WARN") + d.log.Count("level=ERROR"); n > 3 {
				t.Errorf("%d warnings and errors, want 3 at most; log:\n%s", n, d.log)
			}
			if strings.Contains(d.log.String(), "secret=1") || strings.Contains(d.log.String(), key) {
				t.Errorf("got a secret in the log, want none; log:\n%s", d.log)
			}
			s.Up()
			eventually(t, "the end of it", func() bool { return len(d.status().Trouble) == 0 })
			d.linked(s.Join(t, "cat"), "cat", "u5")
		})
	}
}

// copyFile copies a database that is not open.
func copyFile(t *testing.T, from, to string) {
	t.Helper()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		data, err := os.ReadFile(from + suffix)
		if err != nil {
			_ = os.Remove(to + suffix)
			continue
		}
		noError(t, os.WriteFile(to+suffix, data, 0o600))
	}
}

// acknowledged waits until the agent has acknowledged everything.
func (d *deployment) acknowledged() (seq int64) {
	d.t.Helper()
	eventually(d.t, "everything is acknowledged", func() bool {
		this := must(d.asServer().Get(d.t.Context()))(d.t)
		seq = this.ChangeSeq
		return this.AcknowledgedSeq == seq && d.status().ChangeSeq == seq
	})
	return seq
}

// TestRestoredAgentCatchesUp restores the agent's file from a backup. The service
// must send the changes since then again.
func TestRestoredAgentCatchesUp(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob, cat := s.Join(t, "bob"), s.Join(t, "cat")
	link := d.linked(bob, "bob", "u1")
	key := d.key(bob)
	d.exchanged(key, "u1")
	d.allow("u5") // a yes that was given after the backup is lost
	d.halt()
	copyFile(t, d.path, d.path+".backup")
	tokens := maps.Clone(d.fake.tokens) // the media server is restored to this moment, too
	d.open()
	d.run()
	d.linked(cat, "cat", "u5")
	noError(t, bob.Links.Remove(t.Context(), client.ID(link.ID)))
	eventually(t, "the removal is known", func() bool { return d.status().Links == 1 })
	seq := d.acknowledged()
	d.halt()
	copyFile(t, d.path+".backup", d.path)
	d.fake.set(func() { d.fake.tokens = tokens })
	d.open()
	_, err := d.exchange(key) // which asks the service, because the copy is old
	isError(t, err, agent.ErrAccessKeyWrong)
	d.run()
	eventually(t, "it has caught up", func() bool { return d.status().ChangeSeq == seq })
	_, err = d.exchange(key)
	isError(t, err, agent.ErrAccessKeyWrong)
	d.exchanged(d.key(cat), "u5")
	eventually(t, "the token of the former link ends", func() bool { return len(d.fake.live("u1")) == 0 })
	if d.log.Count("a later change on record than this agent has carried out") != 1 {
		t.Errorf("want one line about the later change on record; log:\n%s", d.log)
	}
}

// TestRestoredAgentAsksAfterChangesAreForgotten restores the agent's file after the service
// has forgotten the acknowledged changes. No link must be removed because of that, but a link
// that the service does not list counts as ended: its tokens must end, and its access key must
// let nobody in while the service is away.
func TestRestoredAgentAsksAfterChangesAreForgotten(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob, cat := s.Join(t, "bob"), s.Join(t, "cat")
	link := d.linked(bob, "bob", "u1")
	key := d.key(bob)
	d.exchanged(key, "u1")
	d.allow("u5") // a yes that was given after the backup is lost
	d.halt()
	copyFile(t, d.path, d.path+".backup")
	tokens := maps.Clone(d.fake.tokens) // the media server is restored to this moment, too
	d.open()
	d.run()
	noError(t, bob.Links.Remove(t.Context(), client.ID(link.ID)))
	d.linked(cat, "cat", "u5")
	seq := d.acknowledged()
	d.halt()
	s.Clock.Advance(8 * 24 * time.Hour)
	noError(t, s.Store.Sweep(t.Context()))
	copyFile(t, d.path+".backup", d.path)
	d.fake.set(func() { d.fake.tokens = tokens })
	d.open()
	d.run()
	eventually(t, "it has caught up", func() bool { return d.status().ChangeSeq == seq })
	if len(must(d.Links.List(t.Context()))(t)) != 2 {
		t.Errorf("links %+v, want 2", must(d.Links.List(t.Context()))(t))
	}
	_, err := d.exchange(key)
	isError(t, err, agent.ErrAccessKeyWrong)
	d.exchanged(d.key(s.SignIn(t, "cat")), "u5")
	eventually(t, "the token of the former link ends", func() bool { return len(d.fake.live("u1")) == 0 })
	s.Clock.Advance(5 * time.Minute) // sessions that begin now are not asked about
	s.Down()
	eventually(t, "the service is away", func() bool { return d.trouble("service_away") })
	for range 2 {
		_, err = d.exchange(key)
		isError(t, err, agent.ErrAccessKeyWrong)
		d.exchanged(d.key(s.SignIn(t, "cat")), "u5")
		d.restart()
		eventually(t, "the service is away", func() bool { return d.trouble("service_away") })
	}
}

// TestRestoredServiceRemovesNothing restores the service's database from a
// backup. No link must be removed because of that, and later changes must be
// carried out.
func TestRestoredServiceRemovesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob, cat := s.Join(t, "bob"), s.Join(t, "cat")
	link := d.linked(bob, "bob", "u1")
	path := strings.TrimPrefix(s.Database(), "sqlite:")
	s.Down()
	eventually(t, "no request", s.Idle)
	noError(t, s.Store.Close())
	copyFile(t, path, path+".backup")
	s.Reopen(t)
	s.Up()
	d.linked(cat, "cat", "u5")
	s.Down()
	key := d.key(cat)
	eventually(t, "no request", s.Idle)
	noError(t, s.Store.Close())
	copyFile(t, path+".backup", path)
	s.Reopen(t)
	s.Up()
	eventually(t, "one line", func() bool { return d.log.Count("has fewer changes than this agent has seen") == 1 })
	bob = s.SignIn(t, "bob")
	noError(t, d.ann.People.Change(t.Context(), d.serverID(), client.ID(link.ID), client.PersonChange{Libraries: &[]string{"l1"}}))
	eventually(t, "a later change", func() bool { return d.linkOf("bob").Libraries != nil })
	if links := must(d.Links.List(t.Context()))(t); len(links) != 2 {
		t.Errorf("links %+v, want the 2 from before the backup was restored", links)
	}
	noError(t, bob.Links.Remove(t.Context(), client.ID(link.ID)))
	eventually(t, "the removal", func() bool { return len(must(d.Links.List(t.Context()))(t)) == 1 })
	if d.log.Count("has fewer changes than this agent has seen") != 1 {
		t.Errorf("want one line about fewer changes; log:\n%s", d.log)
	}
	_, err := d.exchange(key) // the service does not know the key
	isError(t, err, agent.ErrAccessKeyWrong)
	if got := d.linkOf("cat"); got.LocalUserID != "u5" || len(d.fake.live("u5")) != 0 {
		t.Errorf("link of cat %+v, live tokens %v; want u5 and no token", got, d.fake.live("u5"))
	}
}

// TestCrashBeforeAcknowledgement ends the program after it has read the changes
// and before it has acknowledged them.
func TestCrashBeforeAcknowledgement(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	var once atomic.Bool
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if strings.HasSuffix(r.URL.Path, "/acknowledge") && once.CompareAndSwap(false, true) {
			_ = d.store.Close()
			panic(http.ErrAbortHandler)
		}
		inner.ServeHTTP(w, r)
	})
	d.allow("u1")
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
