package handlers_test

import (
	"net/http"
	"strings"
	"testing"
)

// The cookie of a notice counts only if its value is the code of a notice.
func TestNoticeOfACookie(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ code, want string }{
		{"signed_out", "You are signed out."},
		{"nothing_like_that", ""},
		{"signed_out.title", ""},
		{"<b>come here</b>", ""},
	} {
		b := newSite(t).browser(t)
		b.header.Set("Cookie", "__Host-latchkey-notice="+row.code)
		a := b.get("/")
		b.see(a, http.StatusOK, row.want)
		if row.want == "" && (strings.Contains(a.body, "notice.") || strings.Contains(a.body, "come here")) {
			t.Errorf("the page shows the cookie %q, want it to show nothing", row.code)
		}
	}
}
