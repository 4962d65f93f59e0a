package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// apiSignUp answers POST /api/v1/accounts. As on the page, it checks the rules first, so
// that a mistake does not cost a solved captcha. Only after the captcha does the answer
// tell whether the username is free.
func (s *site) apiSignUp(c *gin.Context) error {
	in, err := readJSON[struct {
		Username    string `json:"username"`
		DisplayName string `json:"display_name"`
		Email       string `json:"email"`
		Password    string `json:"password"`
		Language    string `json:"language"`
		Captcha     string `json:"captcha"`
		Invite      string `json:"invite"`
	}](c)
	if err != nil {
		return err
	}
	key, err := idempotencyKey(c)
	if err != nil {
		return err
	}
	sign := models.SignUp{
		Username: in.Username, DisplayName: in.DisplayName, Email: in.Email, Password: in.Password,
		Locale: in.Language, Invite: in.Invite, IdempotencyKey: key,
	}
	unspoken := s.languageOf(c, &sign)
	if err := joinMistakes(s.Store.Accounts.CheckSignUp(sign), unspoken); err != nil {
		return err
	}
	if err := s.checkProof(c, in.Captcha); err != nil {
		return err
	}
	pending, err := s.Store.Accounts.SignUp(c.Request.Context(), sign, caller(c))
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusAccepted, struct {
		Username     string `json:"username"`
		PendingToken string `json:"pending_token"`
	}{in.Username, pending})
}

// languageOf chooses a language by the header if a sign-up does not name one. It returns an
// error if the sign-up names a language that the service does not speak.
func (s *site) languageOf(c *gin.Context, in *models.SignUp) error {
	switch {
	case in.Locale == "":
		in.Locale = s.Catalogue.Match(c.GetHeader("Accept-Language"))
	case !s.speaks(in.Locale):
		return models.ErrLanguageInvalid
	}
	return nil
}
