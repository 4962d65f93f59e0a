package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// pinPage is the data of templates/pages/pin.html: POST /account/pin with "do",
// which is "set" or "remove".
type pinPage struct {
	Base
	HasPIN, Off   bool // Off: after too many wrong tries only a reset helps
	ChangedAt     time.Time
	Old           bool
	CurrentPIN    Field // the field "current_pin", if HasPIN
	PIN, PINAgain Field
	RemovePIN     Field // the field "current_pin" of the form that removes the PIN; it has another id
	HasEmail      bool
}

// The values of "do" that the buttons of a PIN form send.
const (
	doSet    = "set"
	doRemove = "remove"
)

// pinForm answers GET /account/pin.
func (s *site) pinForm(c *gin.Context) error {
	_, account, err := s.pinOwner(c)
	if err != nil {
		return err
	}
	return s.showPIN(c, account, nil, nil)
}

// pin answers POST /account/pin. The old PIN proves who the person is; if the account has
// no PIN yet, a password that was given recently proves it.
func (s *site) pin(c *gin.Context, f form) error {
	session, account, err := s.pinOwner(c)
	if err != nil {
		return err
	}
	if account.HasPIN {
		if err := missing(f, "current_pin"); err != nil {
			return s.showPIN(c, account, f, err)
		}
	}
	switch f["do"] {
	case doSet, "": // a program that fills in the form may not press a button
		err = joinMistakes(missing(f, "pin"), differ(f, "pin", "pins_differ"))
		if err == nil {
			err = s.Store.PINs.Set(c.Request.Context(), session.AccountID, f["current_pin"], f["pin"], caller(c))
		}
	case doRemove:
		err = s.Store.PINs.Remove(c.Request.Context(), session.AccountID, f["current_pin"], caller(c))
	default:
		return refuse(http.StatusBadRequest, "bad_request")
	}
	if err != nil {
		return s.showPIN(c, account, f, err)
	}
	return s.leave(c, accountPath, pinNotice(f["do"], account.HasPIN))
}

func pinNotice(do string, had bool) notice {
	switch {
	case do == doRemove:
		return noticePINRemoved
	case had:
		return noticePINChanged
	default:
		return noticePINSet
	}
}

// pinOwner returns the session and the account whose PIN the request is about.
func (s *site) pinOwner(c *gin.Context) (models.Session, models.Account, error) {
	session, err := s.signedIn(c)
	if err != nil {
		return session, models.Account{}, err
	}
	account, err := s.Store.Accounts.Get(c.Request.Context(), session.AccountID)
	if err == nil && !account.HasPIN {
		_, err = s.signedInRecently(c)
	}
	return session, account, err
}

func (s *site) showPIN(c *gin.Context, account models.Account, f form, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	page := pinPage{
		Base:      s.base(c, "pin"),
		HasPIN:    account.HasPIN,
		Off:       account.PINOff,
		ChangedAt: account.PINChangedAt,
		Old:       account.PINOld(s.Store.Now()),
		HasEmail:  account.Email != "",
	}
	page.Base = page.telling(wrong)
	set, remove := wrong, mistakes{}
	if f["do"] == doRemove {
		set, remove = mistakes{}, wrong
	}
	in := newInputs(page.Base, nil, set)
	if account.HasPIN {
		page.CurrentPIN = in.currentPIN()
	}
	page.PIN = in.pin()
	page.PINAgain = in.pinAgain()
	in = newInputs(page.Base, nil, remove)
	page.RemovePIN = in.currentPIN()
	page.RemovePIN.ID = "remove_current_pin"
	return s.render(c, wrong.status, "pin", page)
}
