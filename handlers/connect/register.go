package connect

import (
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

// refusedRegistration is the one error that has JSON in it: apps read it. Its
// HTTP status is 400.
type refusedRegistration registration

func refuseRegistration(status, message string) refusedRegistration {
	return refusedRegistration{Status: status, Message: message}
}

// registrationFailed is what an app shows when nobody could be signed up now: it
// reads a body whatever the HTTP status is.
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

// register signs a person up from an app. An address that is taken answers
// SUCCESS like any other; its owner is told by mail.
func register(c *call) (any, error) {
	locale := c.Locale(c.request.Header.Get("Accept-Language"))
	signUpPage := c.PublicURL + "/signup"
	if c.Register == RegisterOff {
		return refuseRegistration("REGISTRATION_OFF", signUpPage), nil
	}
	if c.params["rawpw"] == "" && c.params["password"] != "" { // an MD5, or who knows: only the plain text can be checked
		return refuseRegistration("PASSWORD_NOT_SUPPORTED", signUpPage), nil
	}
	in := models.SignUp{Username: c.params["username"], Email: c.params["email"], Password: c.params["rawpw"], Locale: locale}
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
	if _, err := c.Store.Accounts.SignUp(ctx, in, c.caller); err != nil {
		return c.refused(locale, err)
	}
	return registration{Status: "SUCCESS", Message: c.Say(locale, "connect_registered", nil, 0)}, nil
}

// refused says why, in a word that apps know where there is one and in a
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
