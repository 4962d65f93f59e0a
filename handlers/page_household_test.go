package handlers_test

import (
	"database/sql"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// lookAfter makes one person the guardian of another, and returns the id of the latter.
func (s *site) lookAfter(t *testing.T, guardian, member string) string {
	t.Helper()
	db, err := sql.Open("sqlite", strings.TrimPrefix(s.Database(), "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var id string
	_, err = db.ExecContext(t.Context(), "UPDATE accounts SET guardian_id = (SELECT id FROM accounts WHERE username_key = ?) WHERE username_key = ?", guardian, member)
	if err == nil {
		err = db.QueryRowContext(t.Context(), "SELECT id FROM accounts WHERE username_key = ?", member).Scan(&id)
	}
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// A switched session opens the pages of its list, and no other page of the site.
func TestSwitchedBrowserOpensFewPages(t *testing.T) {
	t.Parallel()
	s := newSite(t, development)
	s.browser(t).join("mia")
	b := s.browser(t)
	ann := b.join("ann")
	id := s.lookAfter(t, "ann", "mia")
	b.signIn(ann)
	lonely := s.browser(t)
	lonely.signIn(lonely.join("bob"))
	if a := lonely.get("/account"); strings.Contains(a.body, `href="/who"`) {
		t.Error("the account of somebody who is alone leads to /who, want no such link")
	}
	if a := b.get("/who"); !strings.Contains(a.body, `action="/who/`+id+`"`) {
		t.Fatalf("/who: %d %s, want a button for mia", a.status, a.body)
	}
	for _, page := range []string{"/account", "/family"} {
		b.see(b.get(page), http.StatusOK, `href="/who"`)
	}
	b.led(b.post("/who/"+id), "/servers")
	for name, want := range table() {
		method, path, _ := strings.Cut(name, " ")
		if !strings.HasPrefix(want.signedOut, "303 /signin") || strings.HasPrefix(path, "/signout") {
			continue // nobody needs a session there
		}
		allowed := map[string]string{
			"GET /servers": "200", "GET /who": "200", "GET /who/:id": "404", "POST /who/:id": "404", "POST /who/join": "422",
			"GET /servers/:id/open": "404", "POST /servers/:id/open": "303", "GET /servers/:id/authorize": "400",
		}[name]
		a := b.from("same-origin", method, strings.Replace(path, ":id", "1", 1))
		switch {
		case allowed != "" && allowed != strconv.Itoa(a.status):
			t.Errorf("%s: %d, want %s", name, a.status, allowed)
		case allowed == "" && (a.status != http.StatusForbidden || !strings.Contains(a.body, `href="/who"`)):
			t.Errorf("%s: %d, want 403 and the way to /who", name, a.status)
		}
	}
	page := b.get("/servers")
	for _, not := range []string{`href="/account"`, `href="/invitations"`, `href="/link"`, `href="/servers/new"`} {
		if strings.Contains(page.body, not) {
			t.Errorf("/servers has %s, want only what a switched session may do", not)
		}
	}

	// Ann goes back with her password, and the browser is hers again.
	b.led(b.post("/who/join", "name_or_email", "ann", "password", ann.password), "/who", "among the people of this device")
	if a := b.get("/account"); a.status != http.StatusOK {
		t.Errorf("/account after the password: %d, want 200", a.status)
	}
}
