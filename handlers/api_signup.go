package handlers

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// apiAccountRoutes are for people and what is theirs.
func (s *site) apiAccountRoutes(r *gin.Engine, v1 string) {
	r.POST(v1+"/accounts", s.problem(s.apiSignUp))
	r.POST(v1+"/accounts/confirm", s.problem(s.apiConfirm))
	r.POST(v1+"/accounts/resend", s.problem(s.apiResend))
	r.POST(v1+"/accounts/correct", s.problem(s.apiCorrect))
	r.PATCH(v1+"/account", s.withSession(s.apiChangeProfile))
	r.DELETE(v1+"/account", s.withSession(s.apiDeleteAccount))
	s.get(r, v1+"/account/export", nil, s.withSession(s.apiExport))

	r.POST(v1+"/account/email", s.withSession(s.apiChangeEmail))
	r.POST(v1+"/account/email/confirm", s.problem(s.apiConfirmEmail))
	r.POST(v1+"/account/email/undo", s.problem(s.apiUndoEmail))
	r.POST(v1+"/account/password", s.withSession(s.apiChangePassword))
	r.POST(v1+"/password-resets", s.problem(s.apiForgot))
	r.POST(v1+"/password-resets/redeem", s.problem(s.apiResetPassword))

	r.PUT(v1+"/account/pin", s.withSession(s.apiSetPIN))
	r.DELETE(v1+"/account/pin", s.withSession(s.apiRemovePIN))
	r.POST(v1+"/account/pin/verify", s.withSession(s.apiVerifyPIN))
	r.POST(v1+"/account/pin/replace", s.withSession(s.apiReplacePIN))
	r.POST(v1+"/account/pin/resets", s.withoutBody(s.apiPINMail))
	r.POST(v1+"/account/pin/resets/redeem", s.problem(s.apiResetPIN))

	s.get(r, v1+"/sessions", nil, s.withSession(s.apiSessions))
	r.DELETE(v1+"/sessions/:id", s.withoutBody(s.apiEndSession))
	r.POST(v1+"/sessions/end-others", s.withoutBody(s.apiEndOtherSessions))
	r.POST(v1+"/sessions/end-all", s.withoutBody(s.apiEndAllSessions))
	r.POST(v1+"/sessions/not-me", s.problem(s.apiNotMe))
	s.get(r, v1+"/account/history", nil, s.withSession(s.apiHistory))

	s.get(r, v1+"/device-codes/:user_code", nil, s.withSession(s.apiLookDevice))
}

// accountObject is the account of who asks.
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

// accountObject reads the account with that id as its owner sees it.
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

// accepted answers that what follows, if anything, comes by mail.
func accepted(c *gin.Context, err error) error {
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusAccepted, struct{}{})
}

// atMember is err with its mistake at the member that the body has for it: forms
// call the password "current_password" where programs send one password alone.
func atMember(err error, field, member string) error {
	e, ok := errors.AsType[*models.Error](err)
	if !ok || len(e.Fields) == 0 {
		return err
	}
	moved := *e
	moved.Fields = slices.Clone(e.Fields)
	for i := range moved.Fields {
		if moved.Fields[i].Field == field {
			moved.Fields[i].Field = member
		}
	}
	return &moved
}

// needed returns an error at each empty member: names and values by turns.
func needed(pairs ...string) error {
	var wrong []error
	for i := 0; i+1 < len(pairs); i += 2 {
		wrong = append(wrong, missing(form{pairs[i]: pairs[i+1]}, pairs[i]))
	}
	return joinMistakes(wrong...)
}

// apiSignUp answers POST /api/v1/accounts. As on the page the rules come first,
// so that a mistake costs no solved captcha; whether a username is free is told
// only after it.
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
	var unspoken error
	if in.Language == "" {
		sign.Locale = s.Catalogue.Match(c.GetHeader("Accept-Language"))
	} else if !s.speaks(in.Language) {
		unspoken = models.ErrLanguageInvalid
	}
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

// apiConfirm answers POST /api/v1/accounts/confirm.
func (s *site) apiConfirm(c *gin.Context) error {
	token, err := readToken(c)
	if err != nil {
		return err
	}
	return done(c, s.Store.Emails.Confirm(c.Request.Context(), token, caller(c)))
}

// readToken reads a body that brings the token of a mailed link alone.
func readToken(c *gin.Context) (string, error) {
	in, err := readJSON[struct {
		Token string `json:"token"`
	}](c)
	if err != nil {
		return "", err
	}
	return in.Token, needed("token", in.Token)
}

// apiResend answers POST /api/v1/accounts/resend, over a limit too.
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

// apiCorrect answers POST /api/v1/accounts/correct: the address was mistyped.
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

// apiAccount answers GET /api/v1/account.
func (s *site) apiAccount(c *gin.Context, session models.Session) error {
	account, err := s.accountObject(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, account)
}

// apiChangeProfile answers PATCH /api/v1/account: what is absent stays.
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

// given is the value of a member, or what there was when it is absent.
func given[T any](member *T, before T) T { //nolint:ireturn // T is a text or a number wherever it is called
	if member == nil {
		return before
	}
	return *member
}

// apiDeleteAccount answers DELETE /api/v1/account.
func (s *site) apiDeleteAccount(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		Password string `json:"password"`
	}](c)
	if err != nil {
		return err
	}
	if err := needed("password", in.Password); err != nil {
		return err
	}
	err = s.Store.Accounts.Delete(c.Request.Context(), session.AccountID, in.Password, caller(c))
	return done(c, atMember(err, "current_password", "password"))
}

// apiExport answers GET /api/v1/account/export: the same document as the page's.
// The history notes it; HEAD does not.
func (s *site) apiExport(c *gin.Context, session models.Session) error {
	if err := s.proved(session); err != nil {
		return err
	}
	var body []byte
	if c.Request.Method != http.MethodHead {
		var err error
		if body, err = s.exportBody(c, session.AccountID); err != nil {
			return err
		}
	}
	c.Data(http.StatusOK, "application/json", body)
	return nil
}
