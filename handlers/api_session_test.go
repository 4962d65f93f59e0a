package handlers_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

type listedSession struct {
	ID      string
	Current bool
	Kind    string
	Device  string
	Client  string
	Address string
}

func (p *program) sessions() []listedSession {
	p.t.Helper()
	var list struct{ Sessions []listedSession }
	p.is(p.get("/sessions"), http.StatusOK, &list)
	return list.Sessions
}

func TestAPISessions(t *testing.T) {
	t.Parallel()
	s := busySite(t)
	b := s.browser(t)
	b.signIn(b.join("ann"))
	s.browser(t).join("bob")
	p := s.program(t)
	var phone, own *program
	phone = p.as(p.token("ann"))
	f := &fixture{program: p}
	f.begin()
	phone.done(phone.api(http.MethodPost, v1+"/device-codes/"+f.code+"/approve", nil))
	s.Clock.Advance(time.Minute)
	p.is(p.post("/device-codes/token", "device_code", f.deviceCode), http.StatusOK, nil)
	s.Clock.Advance(time.Minute)
	own = p.as(p.token("ann"))
	list := own.sessions()
	if len(list) != 4 {
		t.Fatalf("%d sessions, want 4: %+v", len(list), list)
	}
	want := []listedSession{
		{list[0].ID, true, "device", list[0].Device, "", "127.0.0.1"},
		{list[1].ID, false, "device", "Living room · TV app", "TV app", "127.0.0.1"},
		{list[2].ID, false, "device", list[2].Device, "", "127.0.0.1"},
		{list[3].ID, false, "browser", "Firefox on Linux", "", "127.0.0.1"},
	}
	if diff := cmp.Diff(want, list[:]); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}

	end := func(id string) answer { return own.api(http.MethodDelete, v1+"/sessions/"+id, nil) }
	for _, id := range []string{"0", "-1", "x", "1", "99999999999999999999"} {
		own.refused(end(id), http.StatusNotFound, "not_found")
	}
	bob := p.as(p.token("bob"))
	bob.refused(bob.api(http.MethodDelete, v1+"/sessions/"+list[1].ID, nil), http.StatusNotFound, "not_found")
	own.done(end(list[1].ID))
	own.refused(end(list[1].ID), http.StatusNotFound, "not_found")
	if got := own.sessions(); len(got) != 3 {
		t.Errorf("%d sessions are left, want 3", len(got))
	}
	own.done(own.api(http.MethodPost, v1+"/sessions/end-others", nil))
	if got := own.sessions(); len(got) != 1 || !got[0].Current {
		t.Errorf("sessions %+v, want 1 entry, current true", got)
	}
	if b.isSignedIn() {
		t.Error("the other session is still open, want it ended")
	}
	s.Clock.Advance(25 * time.Hour)
	own.refused(own.api(http.MethodPost, v1+"/sessions/end-others", nil), http.StatusForbidden, "confirm_password")
	phone = p.as(p.token("ann"))
	own.done(own.api(http.MethodPost, v1+"/sessions/end-all", nil))
	for _, one := range []*program{own, phone} {
		one.refused(one.get("/sessions"), http.StatusUnauthorized, "session_ended")
	}
	// A session can end itself.
	own = p.as(p.token("ann"))
	own.done(end(own.sessions()[0].ID))
	own.refused(own.get("/sessions"), http.StatusUnauthorized, "session_ended")
}

// The sessions are answered page by page, and a session that is used meanwhile is not
// left out.
func TestAPISessionPages(t *testing.T) {
	t.Parallel()
	s := busySite(t)
	ann := s.browser(t).join("ann")
	s.browser(t).join("bob")
	p := s.program(t)
	s.manySessions(t, ann, 60)
	oldest := p.as(p.token("ann"))
	s.manySessions(t, ann, 60)
	own, bob := p.as(p.token("ann")), p.as(p.token("bob"))
	type page struct {
		Sessions []listedSession
		Next     *string
	}
	read := func(query string) page {
		t.Helper()
		var got page
		own.is(own.get("/sessions"+query), http.StatusOK, &got)
		return got
	}
	if got := read(""); len(got.Sessions) != 50 || got.Next == nil {
		t.Errorf("%d sessions, next %v; want 50 and a next page", len(got.Sessions), got.Next)
	}
	first := read("?limit=100")
	seen := map[string]bool{}
	for _, one := range first.Sessions {
		seen[one.ID] = true
	}
	s.Clock.Advance(time.Hour)
	oldest.is(oldest.get("/account"), http.StatusOK, nil) // moves to the front
	if err := s.Store.Sessions.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	cursor := *first.Next
	for next := first.Next; next != nil; {
		got := read("?limit=10&cursor=" + *next)
		for _, one := range got.Sessions {
			seen[one.ID] = true
		}
		next = got.Next
	}
	if len(seen) != 122 {
		t.Errorf("%d sessions on all pages, want 122", len(seen))
	}
	p.wrong(own.get("/sessions?limit=101"), 422, "limit", "limit_invalid")
	p.wrong(bob.get("/sessions?cursor="+cursor), 422, "cursor", "cursor_invalid")
	p.wrong(own.get("/account/history?cursor="+cursor), 422, "cursor", "cursor_invalid")
}

// The link in the mail about a new device ends the session of that device.
func TestAPINotMe(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.program(t)
	own := p.signedUp("ann")
	s.Clock.Advance(time.Minute)
	var in struct{ Token string }
	p.is(p.post("/sessions", "name_or_email", "ann", "password", goodPassword, "device_name", "A stranger's telephone"), http.StatusCreated, &in)
	p.plant(in.Token)
	stranger := p.as(in.Token)
	token := s.letter(t, models.MailNewDevice, "ann@example.org").Secret
	p.wrong(p.post("/sessions/not-me"), 422, "token", "field_required")
	p.refused(p.post("/sessions/not-me", "token", "nonsense"), http.StatusGone, "token_expired")
	p.done(p.post("/sessions/not-me", "token", token))
	p.refused(p.post("/sessions/not-me", "token", token), http.StatusGone, "token_expired")
	stranger.refused(stranger.get("/account"), http.StatusUnauthorized, "session_ended")
	own.is(own.get("/account"), http.StatusOK, nil)
}

// The owner gets a mail about a new device, and can end the session of the device with the
// link in the mail.
func TestAPIDeviceNotMe(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	ann := b.join("ann")
	b.signIn(ann)
	code := s.shows(t)
	p := s.program(t)
	p.is(p.as(p.token("ann")).api(http.MethodPost, "/api/v1/device-codes/"+code.UserCode+"/approve", nil), http.StatusNoContent, nil)
	s.Mailbox.Deliver(t)
	before := len(s.Mailbox.Letters(t))
	var in struct{ Token string }
	p.is(p.api(http.MethodPost, "/api/v1/device-codes/token", map[string]string{"device_code": code.DeviceCode}), http.StatusOK, &in)
	p.plant(in.Token)
	letter := s.letter(t, models.MailNewDevice, ann.email)
	if len(s.Mailbox.Letters(t)) != before+1 || letter.Facts.Device != "Living <room> · Example for TV 4.2" {
		t.Fatalf("%d mails with the facts %+v, want one of the device", len(s.Mailbox.Letters(t))-before, letter.Facts)
	}
	mail := s.browser(t)
	mail.get("/account/sessions/not-me?token=" + letter.Secret)
	p.is(p.as(in.Token).api(http.MethodGet, "/api/v1/account", nil), http.StatusOK, nil) // opening the link does not end the session
	if a := mail.post("/account/sessions/not-me"); a.status != http.StatusSeeOther {
		t.Errorf("not me: %d, want %d", a.status, http.StatusSeeOther)
	}
	p.isProblem(p.as(in.Token).api(http.MethodGet, "/api/v1/account", nil), http.StatusUnauthorized, "session_ended")
}
