package handlers_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

func TestExportAndDelete(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	p := b.join("ann")
	b.signIn(p)
	looked := b.send(b.request(http.MethodHead, "/account/export", ""))
	if looked.status != http.StatusOK || looked.header.Get("Content-Disposition") == "" {
		t.Errorf("HEAD: %d %v, want status %d, some Content-Disposition", looked.status, looked.header, http.StatusOK)
	}
	for _, from := range []string{"cross-site", "same-site"} {
		b.see(b.from(from, http.MethodGet, "/account/export"), http.StatusForbidden, "another site")
	}
	a := b.get("/account/export")
	b.see(a, http.StatusOK)
	if noted := strings.Count(a.body, `"kind": "exported"`); noted != 1 { // an export has its own event
		t.Errorf("%d exports are noted, want 1", noted)
	}
	var file struct {
		Account struct {
			ID       string `json:"id"`
			Username string `json:"username"`
		} `json:"account"`
		Sessions []any `json:"sessions"`
		History  []any `json:"history"`
		Links    []any `json:"mailed_links_not_used_yet"`
	}
	if err := json.Unmarshal([]byte(a.body), &file); err != nil {
		t.Fatal(err)
	}
	if file.Account.Username != "ann" || file.Account.ID == "" || len(file.Sessions) != 1 || len(file.History) == 0 || file.Links == nil {
		t.Errorf("export = %+v, want username ann, some ID, 1 session, some history, some links", file)
	}
	if got := a.header.Get("Content-Disposition"); got != `attachment; filename="latchkey-ann.json"` {
		t.Errorf("Content-Disposition = %q, want %q", got, `attachment; filename="latchkey-ann.json"`)
	}
	for _, secret := range []string{b.token(), goodPassword, "hash"} {
		if strings.Contains(a.body, secret) {
			t.Errorf("the export holds %.12s…", secret)
		}
	}
	b.wrong(b.post("/account/delete", "current_password", "no"), "current_password")
	gone := b.post("/account/delete", "current_password", p.password)
	b.led(gone, "/", "Your account is deleted")
	if b.token() != "" || gone.header.Get("Clear-Site-Data") == "" {
		t.Error("the browser still holds something of the account")
	}
	s.letter(t, models.MailAccountDeleted, p.email)
	b.see(b.post("/signin", "name_or_email", "ann", "password", p.password), http.StatusUnprocessableEntity)
	b.join("ann") // the username is free again
}

func TestExportOfServersAndDevices(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b, other := s.browser(t), s.browser(t)
	b.signIn(b.join("ann"))
	other.signIn(other.join("bob"))
	b.owns("Den")
	open := b.claimCode()
	link := other.owns("Attic").ask("ann", models.LinkGuest)
	code := s.shows(t)
	b.led(b.post("/link/approve", "user_code", code.UserCode), "/servers")
	in, err := s.exchange(t, code)
	if err != nil {
		t.Fatal(err)
	}
	a := b.get("/account/export")
	var file struct {
		Servers []struct {
			Name      string           `json:"name"`
			Addresses []map[string]any `json:"addresses"`
		} `json:"servers"`
		Links    []map[string]any `json:"links"`
		Devices  []map[string]any `json:"device_codes"`
		Claims   []map[string]any `json:"claim_codes_not_used_yet"`
		Sessions []map[string]any `json:"sessions"`
	}
	if err := json.Unmarshal([]byte(a.body), &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Servers) != 1 || file.Servers[0].Name != "Den" || len(file.Servers[0].Addresses) != 2 {
		t.Errorf("servers %+v, want 1 server, name Den, 2 addresses", file.Servers)
	}
	if len(file.Links) != 1 || file.Links[0]["server"] != "Attic" || file.Links[0]["state"] != models.LinkPending {
		t.Errorf("links %+v, want 1 link, server Attic, state %v", file.Links, models.LinkPending)
	}
	if len(file.Devices) != 1 || file.Devices[0]["device_id"] != "tv-1" || len(file.Claims) != 1 {
		t.Errorf("devices %+v, claim codes %+v, want 1 device, device_id tv-1, 1 claim", file.Devices, file.Claims)
	}
	if len(file.Sessions) != 2 || file.Sessions[1]["device_id"] != "tv-1" || file.Sessions[1]["client"] != "Example for TV 4.2" {
		t.Errorf("sessions %+v, want 2 sessions, device_id tv-1, client Example for TV 4.2", file.Sessions)
	}
	for _, secret := range []string{open, link.AccessKey, code.UserCode, code.DeviceCode, in.Token} {
		if secret == "" || strings.Contains(a.body, secret) {
			t.Errorf("the export holds %.6s…", secret)
		}
	}
}
