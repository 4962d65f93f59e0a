package connect

import (
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/internal/httperr"
	"github.com/latchkey-media/latchkey/models"
)

// registration is the answer to a sign-up from an app (§2.4).
type registration struct {
	Status    string
	Message   string
	Validated bool
}

// refusedRegistration is the body of the only error with JSON, because apps read it. The
// HTTP status is 400.
type refusedRegistration registration

func refuseRegistration(status, message string) refusedRegistration {
	return refusedRegistration{Status: status, Message: message}
}

// registrationFailed returns the body that an app shows when it could not
// register a person now. Apps read this body with any HTTP status.
func registrationFailed(c *call, err error, wait time.Duration) any {
	code := "internal"
	if known, ok := errors.AsType[*models.Error](err); ok {
		code = known.Code
	}
	if refused, ok := errors.AsType[*httperr.RefusalError](err); ok {
		code = "bad_request"
		if refused.Status == http.StatusRequestEntityTooLarge {
			code = "body_too_large"
		}
	}
	locale := c.Locale(c.request.Header.Get("Accept-Language"))
	return registration{Status: strings.ToUpper(code), Message: c.Say(locale, code, nil, wait)}
}

// register registers a person from an app. For an address that has an account the answer is
// SUCCESS as well; the owner of the address gets a mail about that.
func register(c *call) (any, error) {
	locale := c.Locale(c.request.Header.Get("Accept-Language"))
	signUpPage := c.PublicURL + "/signup"
	if c.Register == RegisterOff {
		return refuseRegistration("REGISTRATION_OFF", signUpPage), nil
	}
	password := c.params.Get("rawpw", "password")
	if c.params["rawpw"] == "" && isMD5(password) { // only the password itself can be checked
		return refuseRegistration("PASSWORD_NOT_SUPPORTED", signUpPage), nil
	}
	in := models.SignUp{Username: c.params["username"], Email: c.params["email"], Password: password, Locale: locale}
	ctx := c.request.Context()
	if err := c.Store.Accounts.CheckSignUp(in); err != nil {
		return c.refused(locale, err)
	}
	if c.Register == RegisterCaptcha {
		if err := c.Captcha(ctx, c.params, c.address); err != nil {
			if models.KindOf(err) == models.KindUnavailable {
				return nil, err
			}
			return refuseRegistration("CAPTCHA_REQUIRED", signUpPage), nil
		}
	}
	if _, err := c.Store.Accounts.SignUp(ctx, in, c.caller()); err != nil {
		return c.refused(locale, err)
	}
	return registration{Status: "SUCCESS", Message: c.Say(locale, "connect_registered", nil, 0)}, nil
}

// isMD5 reports whether a password has the form of an MD5, 32 hexadecimal digits,
// which some old clients send in the place of the password (§2.4).
func isMD5(password string) bool {
	raw, err := hex.DecodeString(password)
	const size = 16 // bytes
	return err == nil && len(raw) == size
}

// refused returns the reason for a refusal: as a word, if apps know a word for it, and as a
// sentence for the person.
func (c *call) refused(locale string, err error) (any, error) {
	known, ok := errors.AsType[*models.Error](err)
	if !ok || known.Kind == models.KindThrottled || known.Kind == models.KindUnavailable || known.Kind == models.KindInternal {
		return nil, err
	}
	if len(known.Fields) == 0 {
		return refuseRegistration(strings.ToUpper(known.Code), c.Say(locale, known.Code, known.Params, 0)), nil
	}
	first := known.Fields[0]
	if first.Code == "username_taken" {
		return refuseRegistration("USERNAME_IN_USE", c.Say(locale, first.Code, nil, 0)), nil
	}
	return refuseRegistration("INVALID_"+strings.ToUpper(first.Field), c.Say(locale, first.Code, first.Params, 0)), nil
}
