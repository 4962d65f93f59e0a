package handlers_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/health"
)

// The page of health looks at how the request of its reader arrived, and says what to do.
func TestHealthPageJudgesTheReadersRequest(t *testing.T) {
	t.Parallel()
	_, rita, bob, _ := consoleSite(t)
	rita.says("/admin/health", "This request of yours", "X-Forwarded-For", "latchkey doctor")
	bob.see(bob.get("/admin/health"), http.StatusNotFound)
}

// How a request arrived is told only to who knows the secret key.
func TestArrivalIsToldToTheDoctorAlone(t *testing.T) {
	t.Parallel()
	key := []byte("the key of this test")
	s := newSite(t, func(h *handlers.Server) { h.ArrivalKey = key })
	b := s.browser(t)
	b.see(b.get(health.ArrivalPath), http.StatusNotFound)
	question := health.Ask(key, s.Clock.Now(), "nonce")
	ask := func(question string) answer {
		r := b.request(http.MethodGet, health.ArrivalPath, "")
		r.Header.Set(health.ArrivalHeader, question)
		return b.send(r)
	}
	a := ask(question)
	var arrived health.Arrival
	if err := json.Unmarshal([]byte(a.body), &arrived); err != nil || a.status != http.StatusOK || arrived.Proof == "" || arrived.Host == "" {
		t.Errorf("got %d %s, want how the request arrived", a.status, a.body)
	}
	if a := ask(strings.Replace(question, "nonce", "other", 1)); a.status != http.StatusNotFound {
		t.Errorf("a question that is forged: %d, want 404", a.status)
	}
}
