package handlers_test

import (
	"net/http"
	"strconv"
	"strings"
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
		t.Errorf("sessions %+v", got)
	}
	if b.isSignedIn() {
		t.Error("another session goes on")
	}
	s.Clock.Advance(25 * time.Hour)
	own.refused(own.api(http.MethodPost, v1+"/sessions/end-others", nil), http.StatusForbidden, "confirm_password")
	phone = p.as(p.token("ann"))
	own.done(own.api(http.MethodPost, v1+"/sessions/end-all", nil))
	for _, one := range []*program{own, phone} {
		one.refused(one.get("/sessions"), http.StatusUnauthorized, "session_ended")
	}
	// A session may end itself.
	own = p.as(p.token("ann"))
	own.done(end(own.sessions()[0].ID))
	own.refused(own.get("/sessions"), http.StatusUnauthorized, "session_ended")
}

// A mail tells of a new device; its link ends that session.
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

// The person who decides sees which device asks.
func TestAPILooksAtADevice(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	own := s.program(t).signedUp("ann")
	f := &fixture{program: own}
	f.begin()
	var device map[string]string
	own.is(own.get("/device-codes/"+strings.ToLower(f.code)), http.StatusOK, &device)
	want := map[string]string{
		"user_code": f.code, "client": "TV app", "device_name": "Living room", "address": "127.0.0.1",
		"created_at": "2026-03-04T05:06:07Z", "expires_at": "2026-03-04T05:16:07Z",
	}
	if diff := cmp.Diff(want, device); diff != "" {
		t.Errorf("device (-want +got):\n%s", diff)
	}
	own.refused(own.get("/device-codes/nonsense"), http.StatusNotFound, "user_code_wrong")
	for i := range 200 {
		if a := own.get("/device-codes/BCDF-GHJ" + "BCDFGHJKLM"[i%10:i%10+1]); a.status != http.StatusNotFound {
			own.refused(a, http.StatusTooManyRequests, "throttled")
			return
		}
	}
	t.Error("codes may be guessed without end")
}

type listedEvents struct {
	Items []struct {
		ID, Kind, Address, Device string
		At                        time.Time
	}
	Next *string
}

func TestAPIHistory(t *testing.T) {
	t.Parallel()
	s := busySite(t)
	s.browser(t).join("ann")
	s.browser(t).join("bob")
	p := s.program(t)
	own, bob := p.as(p.token("ann")), p.as(p.token("bob"))
	for i := range 5 {
		own.is(own.send(http.MethodPatch, "/account", "display_name", "Ann "+strconv.Itoa(i)), http.StatusOK, nil)
	}
	var all listedEvents
	own.is(own.get("/account/history"), http.StatusOK, &all)
	if len(all.Items) != 8 || all.Next != nil || all.Items[0].Kind != "profile_changed" || all.Items[7].Kind != "signed_up" ||
		all.Items[0].Address != "127.0.0.1" {
		t.Fatalf("%+v", all)
	}
	// Page by page it is the same, also when something happens meanwhile.
	var read listedEvents
	cursor, pages := "", 0
	for {
		path := "/account/history?limit=3"
		if cursor != "" {
			path += "&cursor=" + cursor
		}
		var page listedEvents
		own.is(own.get(path), http.StatusOK, &page)
		pages++
		read.Items = append(read.Items, page.Items...)
		if page.Next == nil {
			break
		}
		cursor = *page.Next
		own.is(own.send(http.MethodPatch, "/account", "language", "en"), http.StatusOK, nil)
	}
	if diff := cmp.Diff(all, read); diff != "" || pages != 3 {
		t.Errorf("%d pages (-at once +by pages):\n%s", pages, diff)
	}
	// A page that ends with the list has no next one.
	var last listedEvents
	own.is(own.get("/account/history?limit=10"), http.StatusOK, &last)
	if len(last.Items) != 10 || last.Next != nil {
		t.Errorf("%d items, next %v", len(last.Items), last.Next)
	}

	bad := func(p *program, query, field, code string) {
		t.Helper()
		p.wrong(p.get("/account/history?"+query), 422, field, code)
	}
	for _, limit := range []string{"0", "101", "-1", "x", "", "1.5", "99999999999999999999"} {
		bad(own, "limit="+limit, "limit", "limit_invalid")
	}
	bad(own, "limit=1&limit=2", "limit", "parameter_invalid")
	bad(own, "cursor=%ff", "cursor", "parameter_invalid")
	bad(own, "cursor="+cursor+"&cursor="+cursor, "cursor", "parameter_invalid")
	for _, text := range []string{"", "x", "AAAA", all.Items[0].ID, cursor + "A", cursor[:len(cursor)-1], "A" + cursor[1:], strings.Repeat("A", 3000)} {
		bad(own, "cursor="+text, "cursor", "cursor_invalid")
	}
	bad(bob, "cursor="+cursor, "cursor", "cursor_invalid") // another person's list
}
