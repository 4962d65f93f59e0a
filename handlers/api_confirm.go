package handlers

import "github.com/gin-gonic/gin"

// apiConfirm answers POST /api/v1/accounts/confirm.
func (s *site) apiConfirm(c *gin.Context) error {
	token, err := readToken(c)
	if err != nil {
		return err
	}
	return done(c, s.Store.Emails.Confirm(c.Request.Context(), token, caller(c)))
}

// apiResend answers POST /api/v1/accounts/resend. If a limit is exceeded and no mail is
// sent, the answer is the same.
func (s *site) apiResend(c *gin.Context) error {
	in, err := readJSON[struct {
		PendingToken string `json:"pending_token"`
	}](c)
	if err != nil {
		return err
	}
	if err := needed("pending_token", in.PendingToken); err != nil {
		return err
	}
	return accepted(c, s.Store.Emails.Resend(c.Request.Context(), in.PendingToken, caller(c)))
}

// apiCorrect answers POST /api/v1/accounts/correct, for an address that was
// mistyped.
func (s *site) apiCorrect(c *gin.Context) error {
	in, err := readJSON[struct {
		PendingToken string `json:"pending_token"`
		Email        string `json:"email"`
	}](c)
	if err != nil {
		return err
	}
	if err := needed("pending_token", in.PendingToken, "email", in.Email); err != nil {
		return err
	}
	return accepted(c, s.Store.Emails.Correct(c.Request.Context(), in.PendingToken, in.Email, caller(c)))
}
