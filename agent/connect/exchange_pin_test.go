package connect_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/client"
)

// pinLinks lets the service send every link as one that needs the PIN.
func pinLinks(w http.ResponseWriter, r *http.Request, next http.Handler) {
	got := httptest.NewRecorder()
	next.ServeHTTP(got, r)
	body := bytes.ReplaceAll(got.Body.Bytes(), []byte(`"access_key_sha256":`), []byte(`"levels":{"pin_required":true},"access_key_sha256":`))
	for name, values := range got.Header() {
		if name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(got.Code)
	_, _ = w.Write(body)
}

// TestExchangeNeedsPIN answers a device with 403 and the page for the PIN, and never with 401, which makes
// apps throw their access key away. The same key works as soon as it is unlocked.
func TestExchangeNeedsPIN(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, account, key := s.linked("bob", kid)
	s.Intercept(pinLinks)
	link, _ := s.link("bob")
	status, err := s.agent.Status(t.Context())
	s.must(err)
	s.must(s.ann.People.Change(t.Context(), client.ID(status.ServerID), client.ID(link.ID), client.PersonChange{Libraries: &[]string{}}))
	s.until("the PIN is needed", func() bool { return s.ask(exchange(account, key)).status == http.StatusForbidden })
	s.refused(exchange(account, key), http.StatusForbidden, s.URL+"/unlock")
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/Connect/Exchange?format=json&ConnectUserId="+account, strings.NewReader(""))
	r.Header.Set("X-Emby-Token", key)
	w := httptest.NewRecorder()
	s.local.ServeHTTP(w, r)
	said, _ := io.ReadAll(w.Body)
	if got := w.Header().Get("X-Application-Error-Code"); got != "ParentalControl" || w.Code != http.StatusForbidden {
		t.Errorf("status %d with the code %q and %q, want 403 with ParentalControl", w.Code, got, said)
	}
	if _, err := s.agent.Levels.Unlock(t.Context(), link.ID, 15); err != nil {
		t.Fatal(err)
	}
	if got := s.ask(exchange(account, key)); got.status != http.StatusOK {
		t.Errorf("after the PIN: %+v, want the same key to succeed", got)
	}
}
