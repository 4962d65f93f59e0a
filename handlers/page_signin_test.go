package handlers_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// The sign-in says for a week that the service was restored from a backup, because
// otherwise people would not know why their session has ended.
func TestSignInSaysThatABackupWasRestored(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const says = "restored from a backup"
	b := s.browser(t)
	if page := b.get("/signin"); strings.Contains(page.body, says) {
		t.Error("the page says that a backup was restored, want it silent")
	}
	if err := s.Store.Restores.Declare(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Store.Restores.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.see(b.get("/signin"), http.StatusOK, says)
	s.Clock.Advance(7 * 24 * time.Hour)
	if page := b.get("/signin"); strings.Contains(page.body, says) {
		t.Error("the page still says that a backup was restored, want it silent after a week")
	}
}
