package connect_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/connect"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/httperr"
)

// TestErrorsAreKnown fails if refuse has no row for an error of the agent, because such an
// error would be answered as an internal error.
func TestErrorsAreKnown(t *testing.T) {
	t.Parallel()
	errorsOfAgent, err := os.ReadFile("../errors.go")
	if err != nil {
		t.Fatal(err)
	}
	known, err := os.ReadFile("connect.go")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`(?m)^\t(Err\w+) += errors\.New`).FindAllStringSubmatch(string(errorsOfAgent), -1)
	if len(names) < 10 {
		t.Errorf("found %d errors of the agent, want 10 at least", len(names))
	}
	for _, name := range names {
		if !strings.Contains(string(known), "{agent."+name[1]+",") {
			t.Errorf("connect.go does not name agent.%s, want a row for it in refuse", name[1])
		}
	}
}

func TestRefusalsOfAgentErrors(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is full")
	if got := connect.Refuse(broken); got != broken { //nolint:errorlint // the very same
		t.Errorf("an unknown error became %v, want it as it was", got)
	}
	wrapped := fmt.Errorf("%w: %w: %w", agent.ErrAlreadyLinked, agent.ErrServiceRefused, &client.Error{Code: "already_linked"})
	if got := refusal(t, wrapped); got.Status != http.StatusConflict {
		t.Errorf("%v became status %d, want %d", wrapped, got.Status, http.StatusConflict)
	}
	refused := fmt.Errorf("%w: %w", agent.ErrServiceRefused, &client.Error{Code: "x", Detail: "No more than ten." + strings.Repeat("é", 1000)})
	const text = "The Connect service refuses this. No more than ten.é"
	if got := refusal(t, refused); got.Status != http.StatusBadGateway || !strings.HasPrefix(got.Text, text) || len(got.Text) > 800 {
		t.Errorf("%v became status %d with %q, want %d with %q and at most 800 bytes", refused, got.Status, got.Text, http.StatusBadGateway, text)
	}
}

// A guest whose local user does not exist yet must not be told that the access key is
// wrong, because then apps throw the key away.
func TestGuestWhoWaitsIsToldToComeAgain(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]time.Duration{agent.ErrNotYet: 5 * time.Second, agent.ErrGuestWaits: time.Minute} {
		if got := refusal(t, fmt.Errorf("%w: because", err)); got.Status != http.StatusServiceUnavailable || got.After != want {
			t.Errorf("%v became status %d with Retry-After %v, want %d and %v", err, got.Status, got.After, http.StatusServiceUnavailable, want)
		}
	}
}

// refusal returns the refusal that connect.Refuse returns for an error that it knows.
func refusal(t *testing.T, err error) *httperr.RefusalError {
	t.Helper()
	refused, ok := errors.AsType[*httperr.RefusalError](connect.Refuse(err))
	if !ok {
		t.Fatalf("%v is not refused", err)
	}
	return refused
}

// TestGarbageIsAnsweredAsClientsExpect sends requests full of garbage. The status
// must be one that clients know, and never an internal error.
func TestGarbageIsAnsweredAsClientsExpect(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, account, key := s.linked("bob", kid)
	known := []int{
		http.StatusOK, http.StatusNoContent, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict,
		http.StatusServiceUnavailable, // for a source that asks too often
	}
	for _, value := range []string{
		"", "0", "-1", "9223372036854775808", "null", "[]", "%7B%22a%22:1%7D", "'%20OR%201=1%20--", "%00", "%ff%fe", "%", "%zz", "..", "a%2Fb",
		strings.Repeat("x", 9000), strings.Repeat("%C3%A9", 2000), "%E2%80%AE%F0%9F%98%80", "a@example.test", "http://[::1", "%0d%0aX:%201", root, "*",
	} {
		for _, request := range []string{
			"GET /Connect/Exchange?ConnectUserId=V&api_key=V&X-Emby-Device-Id=V&X-Emby-Client=V&X-Emby-Device-Name=V",
			"GET /Connect/Exchange?ConnectUserId=" + account + "&X-Emby-Token=" + key + "&X-Emby-Device-Id=V&X-Emby-Client=V&X-Emby-Device-Name=V&X-Emby-Client-Version=V",
			"GET /Connect/Exchange?ConnectUserId=" + account + "&X-Emby-Authorization=Emby%20Token=V,Device=V",
			"POST /Users/" + aunt + "/Connect/Link?api_key=" + rootToken + "&ConnectUsername=V",
			"POST /Users/" + aunt + "/Connect/Link?api_key=" + rootToken + "\nContent-Type: V\n\n{\"ConnectUsername\":V}",
			"GET /Connect/Pending?api_key=V",
			"DELETE /Connect/Pending?Id=V&api_key=" + rootToken,
			"POST /Connect/Invite?api_key=" + rootToken + "&ConnectUsername=V&EnabledLibraries=V",
			"POST /Connect/Invite?api_key=" + rootToken + "\nContent-Type: multipart/form-data; boundary=V\n\nV",
		} {
			got := s.ask(strings.ReplaceAll(request, "V", value))
			if !slices.Contains(known, got.status) {
				t.Errorf("%s with %.50q: answered %+v, want a status of %v", request, value, got, known)
			}
		}
	}
	if log := s.log.String(); strings.Contains(log, "level=ERROR") {
		t.Errorf("got an error in the log, want none; log:\n%.5000s", log)
	}
}
