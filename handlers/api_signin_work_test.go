package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/servicetest"
)

// TestUnknownNamesCostTheSameHashes counts the hashes of each request in which a
// stranger can send a name, for names with an account and without one.
func TestUnknownNamesCostTheSameHashes(t *testing.T) {
	t.Parallel()
	var begun atomic.Int64
	s := start(t, servicetest.Options{Adjust: func(o *models.Options) {
		limited(o)
		o.Hashing.Began = func(uint32, uint32) { begun.Add(1) }
	}})
	p := s.browser(t).join("ann")
	for door, c := range map[string]struct {
		ask  func(name string) answer
		want int64
	}{
		"the sign-in page": {func(name string) answer {
			return s.browser(t).post("/signin", "name_or_email", name, "password", otherPassword)
		}, 1},
		"signing in by the API": {func(name string) answer {
			return s.program(t).post("/sessions", "name_or_email", name, "password", otherPassword)
		}, 1},
		"signing in by the Emby Connect protocol": {func(name string) answer {
			return s.program(t).form(http.MethodPost, "/service/user/authenticate", url.Values{"nameOrEmail": {name}, "rawpw": {otherPassword}})
		}, 1},
		"the page of a forgotten password": {func(name string) answer {
			return s.browser(t).post("/forgot", "name_or_email", name)
		}, 0},
		"asking for a reset by the API": {func(name string) answer {
			return s.program(t).post("/password-resets", "name_or_email", name)
		}, 0},
	} {
		statuses := map[string]bool{}
		for _, name := range []string{"nobody", "nobody@example.org", p.username, p.email} {
			s.Clock.Advance(2 * time.Hour) // so that the tries before do not count
			begun.Store(0)
			a := c.ask(name)
			statuses[fmt.Sprint(a.status)] = true
			if got := begun.Load(); got != c.want {
				t.Errorf("%s: the name %s cost %d hashes, want %d", door, name, got, c.want)
			}
		}
		if len(statuses) != 1 || statuses["400"] || statuses["404"] {
			t.Errorf("%s: got the statuses %v, want one that is the same for all names", door, statuses)
		}
	}
}
