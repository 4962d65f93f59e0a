package agent_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/emby"
	"github.com/latchkey-media/latchkey/agent/emby/embytest"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/servicetest"
)

// onEmby returns an agent beside an Emby server.
func onEmby(t *testing.T, s *servicetest.Service, options ...embytest.Option) (d *deployment, fake *embytest.Server) {
	t.Helper()
	fake = embytest.New(t, options...)
	driver := must(emby.New(emby.Options{
		URL: fake.URL, APIKey: fake.APIKey, HTTP: &http.Client{}, Version: "1",
		Passwords: func(ctx context.Context, id string) ([]string, error) { return d.store.ManagedPasswords(ctx, id) },
	}))(t)
	d = newDeployment(t, s, func(o *agent.Options) { o.MediaServer, o.MediaKind = driver, client.MediaEmby })
	return d, fake
}

// exchangedAt exchanges an access key for the only live token of a local user at Emby.
func (d *deployment) exchangedAt(fake *embytest.Server, person *client.Client, localUser string) string {
	d.t.Helper()
	got := must(d.exchange(d.key(person)))(d.t)
	if live := fake.Tokens(localUser); got.LocalUserID != localUser || !slices.Equal(live, []string{got.AccessToken}) {
		d.t.Errorf("exchanged %+v, want the one of the tokens %v of %s", got, live, localUser)
	}
	return got.AccessToken
}

// A guest beside Emby gets tokens by the password that the agent manages, also after the person has chosen
// another one, and none any longer after the link has ended. The password is in no log and not readable in
// the agent's file.
func TestGuestBesideEmby(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]embytest.Option{"usual": nil, "keeps tokens": {embytest.KeepTokens()}, "same token": {embytest.SameToken()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			d, fake := onEmby(t, s, options...)
			d.started()
			lena := s.Join(t, "lena")
			d.invite(lena, "lena")
			guest := d.guestOf("lena").LocalUserID
			token := d.exchangedAt(fake, lena, guest)
			if got := d.over(lena, d.choose(lena, chosen)); got.Status != "done" || fake.Password(guest) != chosen {
				t.Fatalf("got %+v and the password %q, want the chosen one", got, fake.Password(guest))
			}
			if again := d.exchangedAt(fake, lena, guest); again == token {
				t.Error("the same token after another password, want a new one")
			}
			noError(t, lena.Sessions.EndAll(t.Context()))
			eventually(t, "a random password", func() bool { return fake.Password(guest) != chosen })
			lena = s.SignIn(t, "lena")
			d.exchangedAt(fake, lena, guest)
			noError(t, d.ann.People.Remove(t.Context(), d.serverID(), client.ID(d.guestOf("lena").ID)))
			eventually(t, "the guest is shut out", func() bool { return fake.Policy(guest)["IsDisabled"] == true && len(fake.Tokens(guest)) == 0 })
			if strings.Contains(d.log.String(), chosen) || d.log.Count("level=ERROR") > 0 {
				t.Errorf("the log has the password or an error:\n%s", d.log)
			}
		})
	}
}

// Somebody whose local user existed before signs in at Emby with the password of their own: a device with
// an access key is refused, with the reason in the log, and nothing is wrong otherwise.
func TestLinkBesideEmby(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d, fake := onEmby(t, s)
	kid := fake.AddUser("Kid", "their own", false)
	d.started()
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", kid)
	_, err := d.exchange(d.key(bob))
	isError(t, err, agent.ErrLocalUserRefused)
	if d.log.Count("with a password of their own") != 1 || d.trouble("media_server") || d.status().OwedTokens != 0 {
		t.Errorf("status %+v and log, want one line and no trouble:\n%s", d.status(), d.log)
	}
	d.allowPasswords()
	if got := d.over(bob, d.choose(bob, chosen)); got.Status != "done" || fake.Password(kid) != chosen {
		t.Errorf("got %+v, want the chosen password", got)
	}
	if kept := must(d.store.ManagedPasswords(t.Context(), kid))(t); len(kept) != 0 {
		t.Errorf("the agent keeps %d passwords of a local user who existed before, want none", len(kept))
	}
}

// The program ends at each step of making a guest. Afterwards there is one guest, whom a device gets a token
// of, and nobody else whom somebody could use without a password.
func TestGuestBesideEmbyAfterCrash(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"postUsersNew", "postUsersByIdPassword", "postUsersByIdPolicy", "postUsersById"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			d, fake := onEmby(t, s)
			d.started()
			lena := s.Join(t, "lena")
			var crashed atomic.Bool
			fake.Before(step, func() {
				_ = d.store.Close()
				crashed.Store(true)
			})
			fake.Lose(step, 1)
			d.invite(lena, "lena")
			eventually(t, "the crash", crashed.Load)
			d.restart()
			guest := d.guestOf("lena").LocalUserID
			eventually(t, "it can be used", func() bool { _, err := d.exchange(d.key(lena)); return err == nil })
			if left := fake.Named("lena"); len(left) != 1 || left[0] != guest || fake.Password(guest) == "" {
				t.Errorf("local users %v, want %s alone, with a password", left, guest)
			}
		})
	}
}

// The program ends after Emby has taken a chosen password. The next run knows which of the two counts.
func TestChosenPasswordBesideEmbyAfterCrash(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d, fake := onEmby(t, s)
	d.started()
	lena := s.Join(t, "lena")
	d.invite(lena, "lena")
	guest := d.guestOf("lena").LocalUserID
	d.exchangedAt(fake, lena, guest)
	var crashed atomic.Bool
	fake.Before("postUsersByIdPassword", func() {
		_ = d.store.Close()
		crashed.Store(true)
	})
	asked := d.choose(lena, chosen)
	eventually(t, "the crash", crashed.Load)
	d.halt()
	d.open()
	if both := must(d.store.ManagedPasswords(t.Context(), guest))(t); len(both) != 2 || both[0] != chosen {
		t.Errorf("%d passwords after the crash, want the chosen one and the former one", len(both))
	}
	d.run()
	if got := d.over(lena, asked); got.Status != "done" {
		t.Errorf("got %+v, want it done", got)
	}
	d.exchangedAt(fake, lena, guest)
	if kept := must(d.store.ManagedPasswords(t.Context(), guest))(t); len(kept) != 1 || kept[0] != chosen {
		t.Errorf("%d passwords, want the chosen one alone", len(kept))
	}
}
