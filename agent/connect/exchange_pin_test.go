package connect_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/client"
)

// TestExchangeNeedsPIN answers a device with 403 and the page for the PIN, and never with 401, which makes
// apps throw their access key away. The same key works as soon as it is unlocked.
func TestExchangeNeedsPIN(t *testing.T) {
	t.Parallel()
	const pin = "8305"
	s := newSite(t)
	ctx := t.Context()
	bob, account, key := s.linked("bob", kid)
	status, err := s.agent.Status(ctx)
	s.must(err)
	s.must(bob.PINs.Set(ctx, pin, ""))
	s.must(s.ann.Protections.Set(ctx, client.ID(status.ServerID), client.Protection{Active: true, PINRequired: true}))
	s.until("the PIN is needed", func() bool { return s.ask(exchange(account, key)).status == http.StatusForbidden })
	s.refused(exchange(account, key), http.StatusForbidden, s.URL+"/unlock")
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/Connect/Exchange?format=json&ConnectUserId="+account, strings.NewReader(""))
	r.Header.Set("X-Emby-Token", key)
	w := httptest.NewRecorder()
	s.local.ServeHTTP(w, r)
	said, _ := io.ReadAll(w.Body)
	if got := w.Header().Get("X-Application-Error-Code"); got != "ParentalControl" || w.Code != http.StatusForbidden {
		t.Errorf("status %d with the code %q and %q, want 403 with ParentalControl", w.Code, got, said)
	}
	asked := func() client.Unlockable {
		list, err := bob.Unlocks.List(ctx, "")
		s.must(err)
		return list[0]
	}
	s.until("the person sees that a device was refused", func() bool { return !asked().AskedAt.IsZero() })
	opened, err := bob.Unlocks.Open(ctx, client.Unlock{ServerIDs: []client.ID{asked().ServerID}, PIN: pin, Minutes: 15})
	s.must(err)
	s.until("the same key succeeds", func() bool { return s.ask(exchange(account, key)).status == http.StatusOK })
	s.must(bob.Unlocks.Close(ctx, opened[0].ID))
	s.until("the PIN is needed again", func() bool { return s.ask(exchange(account, key)).status == http.StatusForbidden })
}
