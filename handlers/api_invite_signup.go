package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// apiInviteSignUp answers POST /api/v1/invites/sign-up: an account for a person with the secret of
// an invite, and its first session. As on the page, no captcha is asked for: a program would
// need a new invite for each account.
func (s *site) apiInviteSignUp(c *gin.Context) error {
	in, err := readJSON[struct {
		Invite      string `json:"invite"`
		Username    string `json:"username"`
		DisplayName string `json:"display_name"`
		Email       string `json:"email"`
		Password    string `json:"password"`
		Language    string `json:"language"`
		DeviceName  string `json:"device_name"`
		Client      string `json:"client"`
		DeviceID    string `json:"device_id"`
	}](c)
	if err != nil {
		return err
	}
	sign := models.SignUp{
		Username: in.Username, DisplayName: in.DisplayName, Email: in.Email, Password: in.Password,
		Locale: in.Language, Invite: cleanToken(in.Invite),
		Session: models.SignIn{Kind: models.SessionDevice, Client: in.Client, DeviceID: in.DeviceID},
	}
	unspoken := s.languageOf(c, &sign)
	if err := joinMistakes(needed("invite", in.Invite), s.Store.Accounts.CheckSignUp(sign), unspoken); err != nil {
		return err
	}
	signed, err := s.Store.Invites.SignUp(c.Request.Context(), sign, callerNamed(c, in.DeviceName))
	if err != nil {
		return err
	}
	return s.answerSignedIn(c, http.StatusCreated, signed)
}
