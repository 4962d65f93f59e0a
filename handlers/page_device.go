package handlers

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// devicePage is the data of templates/pages/device.html, on which a person
// types the code of a device.
type devicePage struct {
	Base
	Code  Field // "user_code": the code of a TV, or the six digits of Quick Connect
	Again bool  // the digits have to be typed once more
}

// deviceApprovePage is the data of templates/pages/device_approve.html, on
// which a person approves or denies the device that shows the code.
type deviceApprovePage struct {
	Base
	UserCode                string // the hidden field "user_code"
	Device, Client, Address string
	AskedAt, ExpiresAt      time.Time
}

// codeLength is longer than any way to type a device code.
const codeLength = 64

// deviceForm answers GET /link, where a person types the code that a TV shows. A code in
// the address only fills the field, because opening a link must never approve a device.
func (s *site) deviceForm(c *gin.Context) error {
	if _, err := s.codeTyper(c, queryValue(c, "user_code"), s.signedIn); err != nil {
		return err
	}
	return s.showDevice(c, form{"user_code": typedCode(queryValue(c, "user_code"))}, nil)
}

// lookDevice answers POST /link. If the code is right, it redirects the browser to
// /link/code, so that the browser can go back to that page. A cookie carries the code: an
// address with the code would stay in the history of the browser, and strangers could make
// people open it.
func (s *site) lookDevice(c *gin.Context, f form) error {
	session, err := s.codeTyper(c, f["user_code"], s.signedIn)
	if err != nil {
		return err
	}
	if err := missing(f, "user_code"); err != nil {
		return s.showDevice(c, f, err)
	}
	code, quick := models.ParseQuickCode(f["user_code"])
	if quick {
		_, err = s.codeTyper(c, code, s.signedInRecently)
		if err != nil {
			return err
		}
	} else {
		device, err := s.Store.Devices.LookCode(c.Request.Context(), session, f["user_code"], caller(c))
		if err != nil {
			return s.showDevice(c, f, err)
		}
		code = device.UserCode
	}
	s.setCookie(c, cookieCode, code, codeLife)
	return seeOther(c, "/link/code")
}

// deviceCode answers GET /link/code with the device that shows the code which the person
// typed. For a code of Quick Connect it asks for the server instead.
func (s *site) deviceCode(c *gin.Context) error {
	code := s.cookie(c, cookieCode)
	session, err := s.codeTyper(c, code, s.signedIn)
	if err != nil {
		return err
	}
	if code == "" {
		return seeOther(c, "/link")
	}
	if models.IsQuickCode(code) {
		return s.lookQuickConnect(c, form{"user_code": code})
	}
	device, err := s.Store.Devices.LookCode(c.Request.Context(), session, code, caller(c))
	if err != nil {
		return s.showDevice(c, form{"user_code": code}, err)
	}
	page := deviceApprovePage{
		Base: s.base(c, "device_approve"), UserCode: device.UserCode, Client: device.Client,
		AskedAt: device.AskedAt, ExpiresAt: device.ExpiresAt,
	}
	page.Device = cmp.Or(device.Device, page.T("device.unnamed"))
	page.Address = cmp.Or(device.Address, page.T("address.unknown"))
	return s.render(c, http.StatusOK, "device_approve", page)
}

// approveDevice answers POST /link/approve. The password must have been given
// recently, so that a person who finds an unattended browser cannot sign a
// device in.
func (s *site) approveDevice(c *gin.Context, f form) error {
	session, err := s.codeTyper(c, f["user_code"], s.signedInRecently)
	if err != nil {
		return err
	}
	return s.decideDevice(c, f, session, s.Store.Devices.Approve, "/servers", noticeDeviceApproved)
}

// denyDevice answers POST /link/deny.
func (s *site) denyDevice(c *gin.Context, f form) error {
	session, err := s.codeTyper(c, f["user_code"], s.signedIn)
	if err != nil {
		return err
	}
	return s.decideDevice(c, f, session, s.Store.Devices.Deny, "/link", noticeDeviceDenied)
}

func (s *site) decideDevice(c *gin.Context, f form, session models.Session,
	decide func(ctx context.Context, this models.Session, typed string, caller models.Caller) error, to string, n notice,
) error {
	if err := decide(c.Request.Context(), session, f["user_code"], caller(c)); err != nil {
		return s.showDevice(c, f, err)
	}
	s.clearCookie(c, cookieCode)
	return s.leave(c, to, n)
}

// codeTyper returns the session that the function check finds. If the person first has to
// sign in or to give the password, the page to which they come back has the code in its
// field, unless typedCode drops the code.
func (s *site) codeTyper(c *gin.Context, code string, check func(*gin.Context) (models.Session, error)) (models.Session, error) {
	session, err := check(c)
	d, away := errors.AsType[*detour](err)
	back := filledDevicePage(code)
	if models.IsQuickCode(code) {
		back = digitsAgain
	}
	if !away || back == "/link" {
		return session, err
	}
	to, _, _ := strings.Cut(d.to, "?")
	return session, &detour{to: withReturn(to, back)}
}

// filledDevicePage returns the address of the page with the code in its field.
func filledDevicePage(code string) string {
	if code = typedCode(code); code == "" {
		return "/link"
	}
	return "/link?user_code=" + url.QueryEscape(code)
}

// typedCode returns the code that may be shown again, or "" for a text that is far too long
// and for digits. The digits of Quick Connect never come from an address: the service
// cannot know which device shows the digits, so the person must read them from the screen
// of their own device.
func typedCode(code string) string {
	if len(code) > codeLength || strings.ContainsFunc(code, unicode.IsNumber) {
		return ""
	}
	return code
}

func (s *site) showDevice(c *gin.Context, f form, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	page := devicePage{Base: s.base(c, "device"), Again: queryValue(c, "digits") == "again"}
	page.Base = page.telling(wrong)
	page.Path = filledDevicePage(f["user_code"]) // switching the language must not lose the code
	page.Code = newInputs(page.Base, f, wrong).userCode()
	return s.render(c, wrong.status, "device", page)
}

func (in *inputs) userCode() Field {
	return in.add(Field{
		Name: "user_code", Type: "text", Hint: in.hint("user_code"),
		Autocomplete: "off", Required: true, Code: true,
	}, "user_code")
}
