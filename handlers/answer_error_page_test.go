package handlers_test

import (
	"net/http"
	"strings"
	"testing"
)

// While the database is away, pages that do not need the database work, other pages say
// that the database is away, and the service recovers by itself.
func TestDatabaseIsAway(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	b.signIn(b.join("ann"))
	if err := s.Store.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/help/pin", "/signup", "/signin", "/forgot", "/static/css/latchkey.css", "/livez"} {
		b.see(b.get(path), http.StatusOK)
	}
	for _, path := range []string{"/account", "/account/password", "/account/sessions"} {
		a := b.get(path)
		if a.status < 500 || strings.Contains(a.body, "sql") {
			t.Errorf("%s: status %d with %s, want 500 or more without SQL", path, a.status, summary(a.body))
		}
	}
	if b.token() == "" {
		t.Error("the session cookie is gone, want it kept")
	}
}
