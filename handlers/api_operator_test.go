package handlers_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

// operator makes the account an operator, as the command line does.
func (p *program) operator(name string) *program {
	p.t.Helper()
	if err := p.Store.Operators.SetOperator(p.t.Context(), name, true); err != nil {
		p.t.Fatal(err)
	}
	return p.as(p.token(name))
}

func TestAPIOperatesAccounts(t *testing.T) {
	t.Parallel()
	s := busySite(t)
	for _, name := range []string{"ann", "bob", "bobby", "rita"} {
		s.browser(t).join(name)
	}
	p := s.program(t)
	bob := p.as(p.token("bob"))
	op := p.operator("rita")
	var me struct{ Operator bool }
	op.is(op.get("/account"), http.StatusOK, &me)
	if !me.Operator {
		t.Error("an operator is not called one, want operator true")
	}
	type page struct {
		Items []struct{ ID, Username, Email string }
		Next  *string
	}
	names := func(query string) (names []string, next *string, ids []string) {
		t.Helper()
		var got page
		op.is(op.get("/operator/accounts?"+query), http.StatusOK, &got)
		for _, one := range got.Items {
			names, ids = append(names, one.Username), append(ids, one.ID)
		}
		return names, got.Next, ids
	}
	isList := func(query, want string) {
		t.Helper()
		if got, next, _ := names(query); strings.Join(got, " ") != want || next != nil {
			t.Errorf("%s: %q, next %v; want %q", query, got, next, want)
		}
	}
	isList("", "ann bob bobby rita")
	isList("prefix=BOB", "bob bobby")
	isList("prefix=bobby@", "bobby")
	isList("prefix=zzz", "")
	isList("limit=4", "ann bob bobby rita")
	first, next, ids := names("limit=2&prefix=bob")
	if strings.Join(first, " ") != "bob bobby" || next != nil {
		t.Errorf("accounts %q with next %v, want bob and bobby on the last page", first, next)
	}
	_, next, _ = names("limit=1&prefix=bob")
	isList("prefix=bob&cursor="+*next, "bobby")
	op.wrong(op.get("/operator/accounts?cursor="+*next), 422, "cursor", "cursor_invalid") // the cursor of a list with a filter
	op.wrong(op.get("/operator/servers?cursor="+*next), 422, "cursor", "cursor_invalid")
	op.wrong(op.get("/operator/accounts?prefix=a&prefix=b"), 422, "prefix", "parameter_invalid")
	if empty := op.get("/operator/accounts?prefix=zzz"); empty.body != `{"items":[],"next":null}` {
		t.Errorf("got %s, want an empty list", empty.body)
	}

	bobAt := "/operator/accounts/" + ids[0]
	var account map[string]any
	op.is(op.get(bobAt), http.StatusOK, &account)
	want := map[string]any{
		"id": ids[0], "username": "bob", "display_name": "bob", "email": "bob@example.org", "language": "en", "operator": false,
		"has_pin": false, "pin_off": false, "password_changed_at": "2026-03-04T05:06:07Z", "created_at": "2026-03-04T05:06:07Z",
		"confirmed_at": "2026-03-04T05:06:07Z", "disabled_at": nil,
	}
	if diff := cmp.Diff(want, account); diff != "" {
		t.Errorf("account (-want +got):\n%s", diff)
	}
	act := func(path string) answer { return op.api(http.MethodPost, v1+path, nil) }
	op.done(act(bobAt + "/send-reset"))
	s.letter(t, models.MailPasswordReset, "bob@example.org")
	op.done(act(bobAt + "/disable"))
	bob.refused(bob.get("/account"), http.StatusUnauthorized, "session_ended")
	op.is(op.get(bobAt), http.StatusOK, &account)
	if account["disabled_at"] != "2026-03-04T05:06:07Z" {
		t.Errorf("disabled at %v, want 2026-03-04T05:06:07Z", account["disabled_at"])
	}
	op.done(act(bobAt + "/enable"))
	bob = p.as(p.token("bob"))
	for _, id := range []string{"1", "0", "x", "-1"} {
		at := "/operator/accounts/" + id
		op.refused(op.get(at), http.StatusNotFound, "not_found")
		for _, what := range []string{"/disable", "/enable", "/send-reset"} {
			op.refused(act(at+what), http.StatusNotFound, "not_found")
		}
	}
	bob.refused(bob.get("/operator/accounts"), http.StatusForbidden, "operators_only")
	bob.refused(bob.api(http.MethodPost, v1+bobAt+"/disable", nil), http.StatusForbidden, "operators_only")
	bob.is(bob.get("/account"), http.StatusOK, nil)

	// Reading needs no recently given password, but changes need one.
	s.Clock.Advance(25 * time.Hour)
	op.is(op.get(bobAt), http.StatusOK, nil)
	op.is(op.api(http.MethodHead, v1+bobAt, nil), http.StatusOK, nil)
	op.refused(act(bobAt+"/disable"), http.StatusForbidden, "confirm_password")
	if err := s.Store.Operators.SetOperator(t.Context(), "rita", false); err != nil {
		t.Fatal(err)
	}
	op.refused(op.get(bobAt), http.StatusForbidden, "operators_only")
}

func TestAPIOperatesServers(t *testing.T) {
	t.Parallel()
	s := busySite(t)
	f := newFixture(t, s)
	s.browser(t).join("rita")
	op := f.operator("rita")
	var list struct {
		Items []struct {
			ID, Name string
			Owner    *string
			Disabled *time.Time `json:"disabled_at"`
		}
		Next *string
	}
	op.is(op.get("/operator/servers?limit=3"), http.StatusOK, &list)
	if len(list.Items) != 3 || list.Next == nil || list.Items[0].ID != f.first.id || *list.Items[0].Owner != "ann" ||
		list.Items[2].ID != f.third.id || list.Items[2].Owner != nil || list.Items[2].Disabled == nil {
		t.Errorf("servers %+v, want three, the third one disabled and without an owner", list)
	}
	op.is(op.get("/operator/servers?limit=3&cursor="+*list.Next), http.StatusOK, &list)
	if len(list.Items) != 1 || list.Next != nil || list.Items[0].ID != f.fourth.id {
		t.Errorf("%+v, want 1 item, no next, ID %v", list, f.fourth.id)
	}
	at := "/operator/servers/" + f.first.id
	var detail struct {
		Name      string
		Addresses []struct {
			Kind, URL string
			Hidden    bool
			ByOwner   bool `json:"by_owner"`
		}
		People, Pending int
	}
	shown := op.get(at)
	op.is(shown, http.StatusOK, &detail)
	if detail.Name != "den" || len(detail.Addresses) != 2 || detail.Addresses[0].URL != "http://192.168.1.2:8096" || detail.People != 1 || detail.Pending != 0 {
		t.Errorf("%s, want name den, 2 addresses, URL http://192.168.1.2:8096, people 1, pending 0", shown.body)
	}
	if strings.Contains(shown.body, f.annAccessKey) || strings.Contains(shown.body, f.first.key) {
		t.Errorf("an operator sees a key, want none: %s", shown.body)
	}
	ann := f.as(f.annToken)
	var mine struct{ Servers []any }
	servers := func() int {
		t.Helper()
		mine.Servers = nil
		ann.is(ann.get("/servers"), http.StatusOK, &mine)
		return len(mine.Servers)
	}
	before := servers()
	act := func(path string) answer { return op.api(http.MethodPost, v1+path, nil) }
	op.done(act(at + "/disable"))
	if servers() != before-1 {
		t.Errorf("a disabled server is still listed to its people, want %d servers", before-1)
	}
	op.done(act(at + "/enable"))
	if servers() != before {
		t.Errorf("an enabled server is missing, want %d servers", before)
	}
	ann.refused(ann.api(http.MethodDelete, v1+at, nil), http.StatusForbidden, "operators_only")
	op.done(op.api(http.MethodDelete, v1+at, nil))
	if servers() != before-1 {
		t.Errorf("a removed server is still listed, want %d servers", before-1)
	}
	for _, id := range []string{f.first.id, "1", "x"} {
		at := "/operator/servers/" + id
		op.refused(op.get(at), http.StatusNotFound, "not_found")
		op.refused(act(at+"/disable"), http.StatusNotFound, "not_found")
		op.refused(act(at+"/enable"), http.StatusNotFound, "not_found")
		op.refused(op.api(http.MethodDelete, v1+at, nil), http.StatusNotFound, "not_found")
	}
}
