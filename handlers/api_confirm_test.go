package handlers_test

import (
	"net/http"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// If two sign-ups have the same address, the first to confirm it gets it.
func TestAPIFirstToConfirmGetsTheAddress(t *testing.T) {
	t.Parallel()
	p := newSite(t).program(t)
	var links []string
	for _, name := range []string{"first", "second"} {
		p.is(p.post("/accounts", "username", name, "email", "ann@example.org", "password", goodPassword), http.StatusAccepted, nil)
		links = append(links, p.letter(t, models.MailConfirm, "ann@example.org").Secret)
	}
	p.done(p.post("/accounts/confirm", "token", links[0]))
	p.refused(p.post("/accounts/confirm", "token", links[1]), http.StatusConflict, "email_taken")
}
