package handlers

import (
	"context"
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
	HasPIN       bool       `json:"has_pin"`
	Operator     bool       `json:"operator"`
	CreatedAt    time.Time  `json:"created_at"`
	ConfirmedAt  *time.Time `json:"confirmed_at"`
}

// accountObject reads the account with that id, as its owner may see it.
func (s *site) accountObject(ctx context.Context, accountID int64) (accountObject, error) {
	a, err := s.Store.Accounts.Get(ctx, accountID)
	if err != nil {
		return accountObject{}, err
	}
	waiting, err := s.Store.Emails.Waiting(ctx, accountID)
	if err != nil {
		return accountObject{}, err
	}
	out := accountObject{
		ID: idText(a.ID), Username: a.Username, DisplayName: a.DisplayName, Email: a.Email, Language: a.Locale,
		HasPIN: a.HasPIN, Operator: a.Operator, CreatedAt: a.CreatedAt.UTC(), ConfirmedAt: moment(a.ConfirmedAt),
	}
	if waiting != "" {
		out.PendingEmail = &waiting
	}
	return out, nil
}

// apiAccount answers GET /api/v1/account.
func (s *site) apiAccount(c *gin.Context, session models.Session) error {
	account, err := s.accountObject(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, account)
}

// apiChangeProfile answers PATCH /api/v1/account. Absent members do not change.
func (s *site) apiChangeProfile(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		Username    *string `json:"username"`
		DisplayName *string `json:"display_name"`
		Language    *string `json:"language"`
	}](c)
	if err != nil {
		return err
	}
	if in.Username == nil && in.DisplayName == nil && in.Language == nil {
		return s.apiAccount(c, session)
	}
	account, err := s.Store.Accounts.Get(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	err = s.Store.Accounts.SetProfile(c.Request.Context(), session.AccountID, models.Profile{
		Username: given(in.Username, account.Username), DisplayName: given(in.DisplayName, account.DisplayName),
		Locale: given(in.Language, account.Locale),
	}, caller(c))
	if err != nil {
		return err
	}
	return s.apiAccount(c, session)
}
