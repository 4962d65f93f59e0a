package handlers

import (
	"errors"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// accountPage is the data of templates/pages/account.html. POST /account saves
// username, display_name and language; everything else has a page of its own.
type accountPage struct {
	Base
	Username, DisplayName Field
	Language              string // the code of the chosen language, "en"; select "language"
	LanguageError         string
	TimeZone              Field
	Face                  face
	Email                 string
	InviteMails           bool   // invitations come by mail to Email
	EmailWaiting          string // a new address that is not confirmed yet; "" for none
	HasPIN, PINOff        bool
	PINChangedAt          time.Time
	PINOld                bool // not changed for twelve months: the page suggests a new one
	PasswordChangedAt     time.Time
	CreatedAt             time.Time
	SessionCount          int
	Shared                bool // somebody else may be watching on this device, too
}

// accountForm answers GET /account.
func (s *site) accountForm(c *gin.Context) error { return s.showAccount(c, nil, nil) }

// changeProfile answers POST /account: it saves the profile.
func (s *site) changeProfile(c *gin.Context, f form) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	language, ok := f["language"]
	if !ok {
		language = s.locale(c)
	}
	profile := models.Profile{Username: f["username"], DisplayName: f["display_name"], Locale: language}
	if zone, ok := f["time_zone"]; ok {
		profile.TimeZone = &zone
	}
	err = s.Store.Accounts.SetProfile(c.Request.Context(), session.AccountID, profile, caller(c))
	if err != nil {
		return s.showAccount(c, f, err)
	}
	return s.leave(c, accountPath, noticeProfileSaved)
}

func (s *site) showAccount(c *gin.Context, f form, cause error) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	page, err := s.accountPageOf(c, session.AccountID)
	if err != nil {
		return err
	}
	household, err := s.peopleHere(c, session)
	if err != nil {
		return err
	}
	page.Shared = slices.ContainsFunc(household.People, func(p models.HouseholdPerson) bool { return p.AccountID != session.AccountID })
	page.Base = page.telling(wrong)
	page.LanguageError = wrong.fields["language"]
	if wish := f["language"]; s.speaks(wish) {
		page.Language = wish
	}
	in := newInputs(page.Base, f, wrong)
	in.fresh = false // the page has more to show than this form
	in.show("username", page.Username.Value)
	in.show("display_name", page.DisplayName.Value)
	in.show("time_zone", page.TimeZone.Value)
	page.Username = in.username()
	page.DisplayName = in.displayName()
	page.TimeZone = in.timeZone()
	return s.render(c, wrong.status, "account", page)
}

// accountPageOf returns the page with the present data of the account.
func (s *site) accountPageOf(c *gin.Context, accountID int64) (accountPage, error) {
	ctx := c.Request.Context()
	account, err := s.Store.Accounts.Get(ctx, accountID)
	if err != nil {
		return accountPage{}, err
	}
	waiting, err := s.Store.Emails.Waiting(ctx, accountID)
	if err != nil {
		return accountPage{}, err
	}
	stop, err := s.Store.MailStops.OfAccount(ctx, accountID)
	if err != nil && !errors.Is(err, models.ErrAddressFirst) {
		return accountPage{}, err
	}
	sessions, err := s.Store.Sessions.Count(ctx, accountID)
	if err != nil {
		return accountPage{}, err
	}
	return accountPage{
		Base:              s.base(c, "account"),
		Username:          Field{Value: account.Username},
		DisplayName:       Field{Value: account.DisplayName},
		Language:          account.Locale,
		TimeZone:          Field{Value: account.TimeZone},
		InviteMails:       !stop.Stopped,
		Face:              faceOf(account.DisplayName, account.ID, pictureAddress(account.Picture)),
		Email:             account.Email,
		EmailWaiting:      waiting,
		HasPIN:            account.HasPIN,
		PINOff:            account.PINOff,
		PINChangedAt:      account.PINChangedAt,
		PINOld:            account.PINOld(s.Store.Now()),
		PasswordChangedAt: account.PasswordChangedAt,
		CreatedAt:         account.CreatedAt,
		SessionCount:      sessions,
	}, nil
}
