package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// A program makes a link and copies it again. Two people accept the invite by this link: one
// has an account already; the other makes one, and confirms the address in another program.
func TestAPIInviteLink(t *testing.T) {
	t.Parallel()
	s, ann, bob, den := owners(t)
	in := offer("", "guest", den.id, nil) // an invite that is not mailed
	in["link"], in["uses"], in["greeting"] = true, 2, "Nina"
	var made struct {
		ID   string
		Link struct{ Secret, URL string }
	}
	ann.is(ann.put("POST", "/invites", in), http.StatusCreated, &made)
	if !strings.HasSuffix(made.Link.URL, "/i#"+made.Link.Secret) || !models.IsInviteLink(made.Link.Secret) {
		t.Fatal("the answer has no link, want one with the secret in its fragment")
	}
	again := made.Link
	ann.is(ann.get("/invites/"+made.ID+"/link"), http.StatusOK, &again)
	if again != made.Link {
		t.Error("the link is another when it is copied again, want the same")
	}
	bob.refused(bob.get("/invites/"+made.ID+"/link"), http.StatusNotFound, "not_found")
	secret := made.Link.Secret
	bob.wrong(bob.post("/invites/accept"), 422, "secret", "field_required")
	ann.refused(ann.post("/invites/accept", "secret", secret), http.StatusConflict, "invite_own")
	bob.done(bob.post("/invites/accept", "secret", secret))
	bob.refused(bob.post("/invites/accept", "secret", secret), http.StatusConflict, "already_member")

	anybody := s.program(t)
	anybody.wrong(anybody.post("/invites/sign-up", signUpMembers("nina")...), 422, "invite", "field_required")
	var signed struct {
		Token   string
		Account struct {
			Email        string
			PendingEmail *string `json:"pending_email"`
		}
	}
	anybody.is(anybody.post("/invites/sign-up", signUpMembers("nina", "invite", secret, "device_name", "Living room")...), http.StatusCreated, &signed)
	anybody.plant(signed.Token)
	if signed.Account.Email != "" || signed.Account.PendingEmail == nil {
		t.Errorf("account %+v, want an address that waits to be confirmed", signed.Account)
	}
	anybody.refused(anybody.post("/invites/sign-up", signUpMembers("late", "invite", secret)...), http.StatusGone, "invite_used")
	ann.refused(ann.get("/invites/"+made.ID+"/link"), http.StatusNotFound, "not_found")

	var reset struct {
		ResetToken string `json:"reset_token"`
	}
	mail := s.letter(t, models.MailEmailConfirm, "nina@example.org").Secret
	anybody.is(anybody.post("/account/email/confirm", "token", mail), http.StatusOK, &reset)
	anybody.done(anybody.post("/password-resets/redeem", "token", reset.ResetToken, "password", otherPassword))
	anybody.is(anybody.post("/sessions", "name_or_email", "nina@example.org", "password", otherPassword), http.StatusCreated, nil)
}
