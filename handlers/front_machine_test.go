package handlers_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/models"
)

func TestWellKnown(t *testing.T) {
	t.Parallel()
	b := newSite(t).browser(t)
	b.see(b.get("/.well-known/security.txt"), http.StatusOK, "Contact: mailto:security@example.org\n", "Expires: 2026-08-31T00:00:00Z\n",
		"Canonical: "+b.URL+"/.well-known/security.txt\n")
	b.see(b.get("/robots.txt"), http.StatusOK, "Disallow: /\n")
	silent := newSite(t, func(s *handlers.Server) { s.SecurityContact = "" }).browser(t)
	silent.see(silent.get("/.well-known/security.txt"), http.StatusNotFound)
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	var trouble error
	asked := 0
	s := newSite(t, func(s *handlers.Server) {
		s.Ready = func(context.Context) error { asked++; return trouble }
	})
	b := s.browser(t)
	b.see(b.get("/readyz"), http.StatusOK)
	trouble = errors.New("password of the database")
	b.see(b.get("/readyz"), http.StatusOK) // within the second
	s.Clock.Advance(time.Second)
	a := b.get("/readyz")
	b.see(a, http.StatusServiceUnavailable)
	if strings.Contains(a.body, "database") || a.header.Get("Retry-After") == "" {
		t.Errorf("%v %q, want without %q, some Retry-After", a.header, a.body, "database")
	}
	b.see(b.get("/livez"), http.StatusOK)
	trouble = fmt.Errorf("%w (this machine is ahead by 26h0m0s)", models.ErrClocksDiffer)
	s.Clock.Advance(time.Second)
	b.see(b.get("/readyz"), http.StatusServiceUnavailable, "not ready: the clock of this machine and the database's clock differ by more than a minute")
	if asked != 3 {
		t.Errorf("asked %d times, want 3", asked)
	}
}
