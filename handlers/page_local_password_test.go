package handlers_test

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// takesPasswords makes the agent report a key, and returns it.
func (m *runServer) takesPasswords() string {
	m.t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		m.t.Fatal(err)
	}
	public := base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes())
	_, err = m.site.Store.Agents.Report(m.t.Context(), m.look(), models.Report{
		Registration: models.Registration{Name: "Attic", SystemID: "a-attic", Version: "10.11.2", Kind: models.ServerAgent},
		LocalUsers:   []models.LocalUser{{ExternalID: "u1", Name: "Anna"}}, QuickConnect: true, PasswordKey: public,
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return public
}

// A person gives their local user a password: the page has the key for sealing it, takes the
// sealed password, waits for the agent, and shows the outcome.
func TestLocalPasswordPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, gina := s.browser(t), s.browser(t)
	owner.signIn(s.account(t, "ann"))
	p := s.account(t, "gina")
	gina.signIn(p)
	attic := owner.runsAttic()
	link := attic.ask("gina", models.LinkGuest)
	gina.led(gina.post("/invitations/accept", "id", gina.idIn("/invitations")), attic.page()+"/start")
	at := attic.page() + "/password"
	gina.says(at, "takes no passwords", "but not", "data-key")
	key := attic.takesPasswords()
	gina.says(at, `data-key="`+key+`"`, `data-link="`+models.FormatID(link.ID)+`"`, "local_password.")
	gina.says(attic.page()+"/start", `href="`+at+`"`)

	sealed := strings.Repeat("A", 200)
	for _, bad := range []string{"", "secret words", strings.Repeat("A", 2000), sealed + "="} {
		gina.see(gina.post(at, "sealed", bad), http.StatusUnprocessableEntity, "could not be sealed")
	}
	a := gina.post(at, "sealed", sealed)
	wait := a.location()
	if a.status != http.StatusSeeOther || !strings.HasPrefix(wait, at+"?try=") {
		t.Fatalf("status %d to %q, want 303 to %s with the try", a.status, wait, at)
	}
	gina.says(wait, "Attic is being asked", `data-state="asked"`, `http-equiv="refresh"`, "but not", "data-key", sealed)
	state := strings.Replace(wait, "/password?", "/password/state?", 1)
	gina.see(gina.get(state), http.StatusOK, `{"state":"asked"}`)
	open, err := s.Store.LocalPasswords.Open(t.Context(), attic.look())
	if err != nil || len(open) != 1 || open[0].Sealed != sealed || open[0].LinkID != link.ID {
		t.Fatalf("open %+v, %v, want the sealed password for the link", open, err)
	}
	if err := s.Store.LocalPasswords.Complete(t.Context(), attic.look(), open[0].ID); err != nil {
		t.Fatal(err)
	}
	gina.see(gina.get(state), http.StatusOK, `{"state":"done"}`)
	gina.says(wait, "Your user on Attic has the password now", "but not", "data-ask")
	s.letter(t, models.MailLocalPassword, p.email)

	stranger, visitor := s.browser(t), s.browser(t)
	stranger.signIn(stranger.join("mallory"))
	stranger.see(stranger.get(at), http.StatusNotFound)
	stranger.see(stranger.get(state), http.StatusNotFound)
	stranger.see(stranger.post(at, "sealed", sealed), http.StatusNotFound)
	visitor.led(visitor.get(at), "/signin?return_to="+url.QueryEscape(at))
	if a := gina.from("cross-site", http.MethodPost, at); a.status != http.StatusForbidden {
		t.Errorf("a password from another site: %d, want %d", a.status, http.StatusForbidden)
	}
	s.Clock.Advance(25 * time.Hour)
	gina.led(gina.get(at), "/account/confirm-password?return_to="+url.QueryEscape(at))
}

// Linked people need a yes of the owner; guests do not.
func TestLocalPasswordOfLinkedPeople(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, gina := s.browser(t), s.browser(t)
	owner.signIn(s.account(t, "ann"))
	gina.signIn(s.account(t, "gina"))
	attic := owner.runsAttic()
	attic.takesPasswords()
	anna := owner.localUser(attic, "Anna")
	owner.led(owner.post("/invites", "server", attic.id(), "to", "gina", "local_user_id", anna, "server."+attic.id(), "on"), attic.page())
	gina.led(gina.post("/invites/accept", "id", gina.idIn("/invitations")), attic.page()+"/start")
	at := attic.page() + "/password"
	gina.says(at, "does not allow it", "but not", "data-key")
	gina.see(gina.post(at, "sealed", strings.Repeat("A", 200)), http.StatusUnprocessableEntity, "gets no password here")
	owner.led(owner.post(attic.page()+"/linked-passwords", "do", "on"), attic.page()+"/settings", "may choose a password")
	gina.says(at, "data-key", "Anna")
	owner.led(owner.post(attic.page()+"/linked-passwords", "do", "off"), attic.page()+"/settings", "Only guests")
	gina.says(at, "but not", "data-key")
}
