package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/servicetest"
)

// While there are more sign-ins than this machine can check, the page, the API and the
// Emby Connect protocol all answer 503 and say when to try again, and the log gets one
// line for all these refusals. The line with their number, which follows a minute later,
// is tested in internal/httperr.
func TestLoadIsLoggedOnce(t *testing.T) {
	t.Parallel()
	s := start(t, servicetest.Options{Adjust: func(o *models.Options) {
		limited(o)
		o.Hashing.StrangersShare = 1e-9 // strangers soon use up the hashes that they have at the start
	}})
	doors := map[string]func(name string) answer{
		"page": func(name string) answer {
			return s.browser(t).post("/signin", "name_or_email", name, "password", otherPassword)
		},
		"API": func(name string) answer {
			return s.program(t).post("/sessions", "name_or_email", name, "password", otherPassword)
		},
		"Emby Connect": func(name string) answer {
			return s.program(t).form(http.MethodPost, "/service/user/authenticate", url.Values{"nameOrEmail": {name}, "rawpw": {otherPassword}})
		},
	}
	refused := map[string]int{}
	for i := range 20 {
		for door, ask := range doors {
			a := ask(fmt.Sprintf("nobody%d", i))
			if a.status != http.StatusServiceUnavailable {
				continue
			}
			refused[door]++
			if got := a.header.Get("Retry-After"); got != "5" {
				t.Errorf("%s: Retry-After %q, want 5", door, got)
			}
		}
	}
	for door := range doors {
		if refused[door] < 10 {
			t.Errorf("%s: refused %d times of 20, want at least 10", door, refused[door])
		}
	}
	if got, want := s.Log.Count("request failed"), 1; got != want {
		t.Errorf("%d lines for %v refusals, want %d:\n%s", got, refused, want, s.Log.String())
	}
}
