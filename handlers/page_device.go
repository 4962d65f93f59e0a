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

// devicePage is templates/pages/device.html: where the code of a device is typed.
type devicePage struct {
	Base
	Code  Field // "user_code": that of a TV, or the six digits of Quick Connect
	Again bool  // the digits have to be typed once more
}

// deviceApprovePage is templates/pages/device_approve.html: the device that shows the
// code, to be approved or denied.
type deviceApprovePage struct {
	Base
	UserCode                string // hidden field "user_code"
	Device, Client, Address string
	AskedAt, ExpiresAt      time.Time
}

// codeLength is more than any way to type a device code needs.
const codeLength = 64

// deviceForm answers GET /link: where the code that a TV shows is typed. An address
// that brings the code only fills the box: nobody approves by opening a link.
func (s *site) deviceForm(c *gin.Context) error {
	if _, err := s.codeTyper(c, queryValue(c, "user_code"), s.signedIn); err != nil {
		return err
	}
	return s.showDevice(c, form{"user_code": typedCode(queryValue(c, "user_code"))}, nil)
}

// lookDevice answers POST /link: it shows which device has the code.
func (s *site) lookDevice(c *gin.Context, f form) error {
	session, err := s.codeTyper(c, f["user_code"], s.signedIn)
	if err != nil {
		return err
	}
	if err := missing(f, "user_code"); err != nil {
		return s.showDevice(c, f, err)
	}
	if models.IsQuickCode(f["user_code"]) {
		return s.lookQuickConnect(c, f)
	}
	device, err := s.Store.Devices.LookCode(c.Request.Context(), session, f["user_code"], caller(c))
	if err != nil {
		return s.showDevice(c, f, err)
	}
	page := deviceApprovePage{
		Base: s.base(c, "device_approve"), UserCode: device.UserCode, Client: device.Client,
		AskedAt: device.AskedAt, ExpiresAt: device.ExpiresAt,
	}
	page.Path = filledDevicePage(device.UserCode)
	page.Device = cmp.Or(device.Device, page.T("device.unnamed"))
	page.Address = cmp.Or(device.Address, page.T("address.unknown"))
	return s.render(c, http.StatusOK, "device_approve", page)
}

// approveDevice answers POST /link/approve. Who finds a browser left alone signs
// no device in: the password must have been given lately.
func (s *site) approveDevice(c *gin.Context, f form) error {
	session, err := s.codeTyper(c, f["user_code"], s.signedInLately)
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
	return s.leave(c, to, n)
}

// codeTyper is the session that check finds. Whoever has to sign in or give the
// password first comes back to the code, or types it again: see typedCode.
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

// filledDevicePage is the address of the page with the code in its box.
func filledDevicePage(code string) string {
	if code = typedCode(code); code == "" {
		return "/link"
	}
	return "/link?user_code=" + url.QueryEscape(code)
}

// typedCode is a code to be shown again, "" for what is far too long for one. An
// address brings no digits: those of Quick Connect sign in a device that nobody
// here can name, so the person reads them off its screen.
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
	page.Path = filledDevicePage(f["user_code"]) // another language must not cost the code
	page.Code = newInputs(page.Base, f, wrong).userCode()
	return s.render(c, wrong.status, "device", page)
}

func (in *inputs) userCode() Field {
	return in.add(Field{
		Name: "user_code", Type: "text", Hint: in.hint("user_code"),
		Autocomplete: "off", Required: true, Code: true,
	}, "user_code")
}
