package handlers_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// An owner adds a webhook on the page, sees its secret once, sends a test, sees it in the log and deletes it. Nobody else
// sees the webhook, and no page shows its address.
func TestPageOfWebhooks(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ann, bob := s.browser(t), s.browser(t)
	ann.signIn(ann.join("ann"))
	bob.signIn(bob.join("bob"))
	const hidden = "hidden-part"
	in := func(address string) []string {
		return []string{"name", "Family <chat>", "form", "signed", "address", address, "language", "en", "event link.accepted", "on"}
	}
	const address = "https://hooks.example.org/" + hidden
	a := bob.post("/webhooks", in(address)...)
	if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "Only people who run a media server") {
		t.Errorf("without a server: %d, want 422 and the reason", a.status)
	}
	ann.owns("Den")
	if a = ann.post("/webhooks", in("http://hooks.example.org/")...); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "must begin with https") {
		t.Errorf("with http: %d, want 422 and the reason", a.status)
	}
	a = ann.post("/webhooks", in(address)...)
	if a.status != http.StatusOK || !strings.Contains(a.body, "whsec_") || !strings.Contains(a.body, "Family &lt;chat&gt;") {
		t.Fatalf("made: %d, want the page with the secret", a.status)
	}
	list := ann.get("/webhooks")
	path := regexp.MustCompile(`/webhooks/\d+`).FindString(list.body)
	page := ann.get(path)
	if strings.Contains(page.body, "whsec_") || strings.Contains(list.body+page.body+a.body, hidden) || !strings.Contains(page.body, "https://hooks.example.org/…") {
		t.Error("the pages show the secret again or the whole address, want the host alone")
	}
	for _, act := range []string{"/off", "/on", "/test"} {
		if a := ann.post(path + act); a.status != http.StatusSeeOther || a.location() != path {
			t.Errorf("%s: %d %s, want the page of the webhook", act, a.status, a.location())
		}
	}
	if page = ann.get(path); !strings.Contains(page.body, "Waits") {
		t.Error("the log does not show the test, want it to wait")
	}
	for _, act := range []string{"", "/off", "/test", "/delete", "/secret", "/address"} {
		if a := bob.post(path+act, in(address)...); a.status != http.StatusNotFound {
			t.Errorf("somebody else's POST %s: %d, want 404", path+act, a.status)
		}
	}
	if a := ann.post(path + "/delete"); a.location() != "/webhooks" {
		t.Errorf("deleted: %d %s, want the list", a.status, a.location())
	}
	if a := ann.get(path); a.status != http.StatusNotFound {
		t.Errorf("after that: %d, want 404", a.status)
	}
}
