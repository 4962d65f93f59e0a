package handlers_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// An owner of two servers copies a profile, and reads which libraries the other server does not have. From the list
// of servers, the form of an invite opens with both servers chosen.
func TestCopyInviteProfile(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, stranger := s.browser(t), s.browser(t)
	owner.signIn(s.account(t, "ann"))
	stranger.signIn(s.account(t, "bob"))
	attic := owner.runsAttic()
	form := attic.page() + "/invite"
	owner.says("/servers", "but not", "Invite somebody to several servers")
	saved := owner.post(form+"/profiles", "server", attic.id(), "server."+attic.id(), "on", "profile_name", "Family",
		"library."+attic.id()+".f", "on", "library."+attic.id()+".m", "on").header.Get("Location")
	owner.says(saved, "but not", "Copy to another server")

	den := s.register(t, "Den", owner.claimCode())
	den.report(models.Registration{Name: "Den", SystemID: den.Server.SystemID, Kind: models.ServerAgent}, "films", "Old records")
	owner.says("/servers", `href="`+attic.page()+`/invite?to=all"`, "Invite somebody to several servers")
	both := owner.get(form + "?to=all").body
	for _, one := range []*runServer{attic, den} {
		if !strings.Contains(both, `name="server.`+one.id()+`" type="checkbox" value="on" checked`) {
			t.Errorf("the form has server %s not chosen, want all servers of the owner", one.Server.Name)
		}
	}

	id := owner.hidden(form, "id", "/invite/profiles/copy")
	led := owner.post(form+"/profiles/copy", "id", id, "server_id", den.id())
	to := led.header.Get("Location")
	if led.status != http.StatusSeeOther || !strings.HasPrefix(to, den.page()+"/invite?profile=") {
		t.Fatalf("status %d to %s, want the form of the other server with the copy", led.status, to)
	}
	owner.says(to, "The profile is copied to this server", "leaves them out here: Music &amp; More", `name="library.`+den.id()+`.f" type="checkbox" value="on" checked`)
	owner.says(den.page()+"/invite", "but not", "leaves them out here")
	owner.wrong(owner.post(form+"/profiles/copy", "id", id, "server_id", den.id()), "copy-to-"+id)
	owner.wrong(owner.post(form+"/profiles/copy", "id", id, "server_id", attic.id()), "copy-to-"+id)
	stranger.see(stranger.post(form+"/profiles/copy", "id", id, "server_id", den.id()), http.StatusNotFound)
	stranger.see(stranger.get(to), http.StatusNotFound)
}

// An owner of many servers reads the list of servers in several parts. Each part shows what waits
// for the owner at its servers.
func TestServersOfAnOwnerInParts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner := s.browser(t)
	owner.signIn(s.account(t, "ann"))
	attic := owner.runsAttic()
	for i := range 20 {
		if i%4 == 3 {
			s.Clock.Advance(61 * time.Minute) // registrations are limited
		}
		s.register(t, "Den", owner.claimCode())
	}
	owner.post("/invites", "server", attic.id(), "server."+attic.id(), "on", "to", "somebody@example.org")
	page := owner.get("/servers")
	owner.see(page, http.StatusOK, "Attic", "1 invitation without an answer", `rel="next"`)
	if n := strings.Count(page.body, `id="manage-`); n != 20 {
		t.Errorf("%d servers on the page, want 20", n)
	}
	_, rest, _ := strings.Cut(page.body, `rel="next" href="`)
	address, _, _ := strings.Cut(rest, `"`)
	next := owner.get(strings.ReplaceAll(strings.TrimSuffix(address, "#owned"), "&amp;", "&"))
	owner.see(next, http.StatusOK, "Den")
	if n := strings.Count(next.body, `id="manage-`); n != 1 || strings.Contains(next.body, "Attic") {
		t.Errorf("%d servers on the second page, want the last one alone", n)
	}
	owner.see(owner.get("/servers?own=made-up"), http.StatusNotFound)
}
