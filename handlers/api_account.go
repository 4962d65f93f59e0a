package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// accountObject is the account of the person who is signed in.
type accountObject struct {
	ID           string     `json:"id"`
	Username     string     `json:"username"`
	DisplayName  string     `json:"display_name"`
	Email        string     `json:"email"`         // "" for people without an address
	PendingEmail *string    `json:"pending_email"` // asked for and not yet confirmed
	Language     string     `json:"language"`
	TimeZone     string     `json:"time_zone"` // "" while it is not known
	Picture      string     `json:"picture"`   // its address without the host; "" for none
	HasPIN       bool       `json:"has_pin"`
	Operator     bool       `json:"operator"`
	CreatedAt    time.Time  `json:"created_at"`
	ConfirmedAt  *time.Time `json:"confirmed_at"`
}

// accountOf returns an account as its owner may see it.
func accountOf(a *models.OwnAccount) accountObject {
	out := accountObject{
		ID: idText(a.ID), Username: a.Username, DisplayName: a.DisplayName, Email: a.Email, Language: a.Locale, TimeZone: a.TimeZone, Picture: pictureAddress(a.Picture),
		HasPIN: a.HasPIN, Operator: a.Operator, CreatedAt: a.CreatedAt.UTC(), ConfirmedAt: moment(a.ConfirmedAt),
	}
	if a.PendingEmail != "" {
		out.PendingEmail = &a.PendingEmail
	}
	return out
}

// apiAccount answers GET /api/v1/account. One statement finds the session and the account,
// because every app asks for it.
func (s *site) apiAccount(c *gin.Context) error {
	token, err := sessionToken(c)
	if err != nil {
		return err
	}
	account, err := s.Store.Sessions.LookOwnAccount(c.Request.Context(), token)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, accountOf(&account))
}

// apiChangeProfile answers PATCH /api/v1/account. Absent members do not change.
func (s *site) apiChangeProfile(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		Username    *string `json:"username"`
		DisplayName *string `json:"display_name"`
		Language    *string `json:"language"`
		TimeZone    *string `json:"time_zone"`
	}](c)
	if err != nil {
		return err
	}
	if in.Username == nil && in.DisplayName == nil && in.Language == nil && in.TimeZone == nil {
		return s.apiAccount(c)
	}
	account, err := s.Store.Accounts.Get(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	err = s.Store.Accounts.SetProfile(c.Request.Context(), session.AccountID, models.Profile{
		Username: given(in.Username, account.Username), DisplayName: given(in.DisplayName, account.DisplayName),
		Locale: given(in.Language, account.Locale), TimeZone: in.TimeZone,
	}, caller(c))
	if err != nil {
		return err
	}
	return s.apiAccount(c)
}
