package agent_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/servicetest"
)

// television lets ann type digits for the person of a link, and waits for what happens to them.
func (d *deployment) television(linkID, code string) client.QuickConnect {
	d.t.Helper()
	ctx := d.t.Context()
	eventually(d.t, "the service knows for whom the agent does it", func() bool {
		return must(d.ann.People.Television(ctx, d.serverID(), client.ID(linkID)))(d.t).Refused != client.TelevisionOff
	}, d.log)
	asked := must(d.ann.People.SignTelevisionIn(ctx, d.serverID(), client.ID(linkID), code))(d.t)
	eventually(d.t, "the end of it", func() bool {
		asked = must(d.ann.People.TelevisionTry(ctx, d.serverID(), asked.ID))(d.t)
		return asked.Status != "asked"
	}, d.log)
	return asked
}

// forTelevisions adjusts for whom the owner may sign televisions in.
func forTelevisions(whose string) change {
	return func(o *agent.Options) { o.Policy.Televisions = whose }
}

// televisionFor signs a television in for a guest of a media server. The function show shows a code on the
// television. The guest finds the television among their devices, and its sign-in ends with the link.
func televisionFor(t *testing.T, s *servicetest.Service, d *deployment, show func() string, signedIn func(localUser string) bool) {
	t.Helper()
	cat := s.Join(t, "cat")
	d.invite(cat, "cat")
	guest := d.guestOf("cat")
	eventually(t, "the guest is let in", func() bool { return !must(d.options.MediaServer.LocalUser(t.Context(), guest.LocalUserID))(t).Disabled })
	if got := d.television(guest.ID, show()); got.Status != "done" {
		t.Fatalf("got %+v, want the television signed in; log:\n%s", got, d.log)
	}
	eventually(t, "the television is in", func() bool { return signedIn(guest.LocalUserID) })
	told := false
	for event, err := range cat.Accounts.History(t.Context()) {
		noError(t, err)
		told = told || event.Kind == "television"
	}
	if !told {
		t.Error("the history of the guest does not have the television, want it there")
	}
	noError(t, d.ann.People.Remove(t.Context(), d.serverID(), client.ID(guest.ID)))
	eventually(t, "the television is out", func() bool { return !signedIn(guest.LocalUserID) }, d.log)
}

// TestTelevision signs a television in for a guest on each media server that takes six digits.
func TestTelevision(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"10.11", "12"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			d, fake := onJellyfin(t, s, version)
			d.started()
			televisionFor(t, s, d, func() string {
				code, _ := fake.ShowCode("Television", "tv-1")
				return code
			}, func(localUser string) bool {
				return slices.ContainsFunc(fake.Tokens(localUser), func(token jellyfintest.Token) bool { return token.DeviceID == "tv-1" })
			})
		})
	}
	t.Run("builtin", func(t *testing.T) { // which has no codes: the page says so
		t.Parallel()
		s := newSite(t)
		d, _ := onBuiltin(t, s, nil)
		d.started()
		cat := s.Join(t, "cat")
		d.invite(cat, "cat")
		guest := d.guestOf("cat")
		eventually(t, "the service knows that there are no codes", func() bool {
			return must(d.ann.People.Television(t.Context(), d.serverID(), client.ID(guest.ID)))(t).Refused == client.TelevisionNoCodes
		}, d.log)
		_, err := d.ann.People.SignTelevisionIn(t.Context(), d.serverID(), client.ID(guest.ID), "123456")
		isError(t, err, client.ErrTelevisionRefused)
	})
}

// TestTelevisionBounds lets a service that lies say that an owner has typed digits for a local user. The agent goes by
// its own setting and file.
func TestTelevisionBounds(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		setting, user string
		adjust        change
		want          string
	}{
		"a local user from before":               {setting: client.TelevisionsGuests, user: "u1", want: client.QuickConnectNotAllowed},
		"a local user from before, as it is set": {setting: client.TelevisionsLinked, user: "u1"},
		"an administrator": {
			setting: client.TelevisionsLinked, user: "u2", want: client.QuickConnectNotAllowed, adjust: func(o *agent.Options) { o.Policy.AllowAdmins = true },
		},
		"switched off": {setting: client.TelevisionsOff, user: "u1", want: client.QuickConnectNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.Intercept(byOwner)
			adjust := []change{forTelevisions(one.setting)}
			if one.adjust != nil {
				adjust = append(adjust, one.adjust)
			}
			d := newDeployment(t, s, adjust...).started()
			bob := s.Join(t, "bob")
			d.linked(bob, "bob", one.user)
			d.fake.showsCode()
			got := d.enter(bob, "123456")
			if got.Reason != one.want || (got.Status == "done") != (one.want == "") || d.fake.signedIn(one.user) != (one.want == "") {
				t.Errorf("got %+v, want the reason %q", got, one.want)
			}
		})
	}
}

// byOwner is a service that lies: it says of all digits that the owner has typed them.
func byOwner(w http.ResponseWriter, r *http.Request, inner http.Handler) {
	if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "/server/quick-connects") {
		inner.ServeHTTP(w, r)
		return
	}
	got := httptest.NewRecorder()
	inner.ServeHTTP(got, r)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(got.Code)
	_, _ = io.WriteString(w, strings.ReplaceAll(got.Body.String(), `"by_owner":false`, `"by_owner":true`))
}

// TestTelevisionNeedsThePIN does not let the owner in without the PIN.
func TestTelevisionNeedsThePIN(t *testing.T) {
	t.Parallel()
	s, d, service, _, link := newLevels(t, forTelevisions(client.TelevisionsLinked))
	service.send(d, link.ID, behindPIN())
	d.fake.showsCode()
	if got := d.television(link.ID, "123456"); got.Reason != client.QuickConnectPINRequired || d.fake.signedIn("u1") {
		t.Errorf("got %+v, want it refused because of the PIN", got)
	}
	service.send(d, link.ID, open(behindPIN(), "7", s.Clock.Now(), time.Hour))
	if got := d.television(link.ID, "123456"); got.Status != "done" || !d.fake.signedIn("u1") {
		t.Errorf("got %+v, want the television signed in", got)
	}
}
