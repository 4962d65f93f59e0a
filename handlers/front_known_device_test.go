package handlers_test

import (
	"strings"
	"testing"
)

// A browser that four people share stays known to all of them.
func TestBrowserIsKnownToFourPeople(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	var marks []string
	for _, name := range []string{"ann", "bob", "cat", "dan", "eve"} {
		p := b.join(name)
		b.signIn(p)
		marks = strings.Split(b.held("__Host-latchkey-device"), "~")
		b.post("/signout")
	}
	if len(marks) != 4 {
		t.Fatalf("%d marks, want 4", len(marks))
	}
	if got := b.held("__Host-latchkey-device"); strings.Count(got, "~") != 3 {
		t.Errorf("sign-out left the cookie %q, want one of four parts", got)
	}
}
