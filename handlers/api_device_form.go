package handlers

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// This file lets ordinary OAuth libraries sign a device in: they send the forms
// of RFC 8628 and read the answers and errors of RFC 6749. Programs that send
// JSON get the answers of api_device.go.

// deviceGrant is the only grant_type of the token route (RFC 8628 §3.4).
const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// byForm adapts two handlers to Gin: formHandler for requests with a form, and jsonHandler
// for all other requests.
func (s *site) byForm(formHandler, jsonHandler handlerFunc) gin.HandlerFunc {
	asJSON := s.problem(jsonHandler)
	return func(c *gin.Context) {
		if media, _, _ := mime.ParseMediaType(c.GetHeader("Content-Type")); media != "application/x-www-form-urlencoded" {
			asJSON(c)
			return
		}
		c.Header("Cache-Control", "no-store") // RFC 6749 §5.1
		if err := formHandler(c); err != nil {
			s.fail(c, err, s.writeGrantError)
		}
	}
}

// grantForm reads the parameters of a form. RFC 6749 §3.2 requires that a program sends
// each parameter once, and that unknown parameters are ignored. The client's id may be in
// the header as well, where some libraries put it.
func grantForm(c *gin.Context) (url.Values, error) {
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %w", refuse(http.StatusBadRequest, "grant_invalid"), err)
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "grant_invalid")
	}
	for _, value := range values {
		if len(value) != 1 {
			return nil, refuse(http.StatusBadRequest, "grant_invalid")
		}
	}
	if id, _, ok := c.Request.BasicAuth(); ok && values.Get("client_id") == "" {
		if decoded, err := url.QueryUnescape(id); err == nil {
			values.Set("client_id", decoded)
		}
	}
	if strings.TrimSpace(values.Get("client_id")) == "" {
		return nil, refuse(http.StatusBadRequest, "grant_invalid")
	}
	return values, nil
}

// apiBeginDeviceForm answers POST /api/v1/device-codes with a form (RFC 8628
// §3.1). client_id is the name of the app: apps are not registered here.
// device_name and device_id are parameters of this service, not of the RFC. If
// device_id is missing, the device gets a random id, a new one for each request.
func (s *site) apiBeginDeviceForm(c *gin.Context) error {
	in, err := grantForm(c)
	if err != nil {
		return err
	}
	ask := models.DeviceAsk{
		DeviceID: in.Get("device_id"), Client: in.Get("client_id"), Device: in.Get("device_name"), Door: models.DoorAPI,
	}
	if ask.DeviceID == "" {
		id := make([]byte, 16)
		if _, err := io.ReadFull(s.Random, id); err != nil {
			return fmt.Errorf("make the id of a device: %w", err)
		}
		ask.DeviceID = hex.EncodeToString(id)
	}
	code, err := s.Store.Devices.Begin(c.Request.Context(), ask, callerNamed(c, ask.Device))
	if err != nil {
		return err
	}
	return answerGrant(c, http.StatusOK, s.deviceCodeObject(code))
}

// apiDeviceTokenForm answers POST /api/v1/device-codes/token with a form (RFC
// 8628 §3.4, RFC 6749 §5.1).
func (s *site) apiDeviceTokenForm(c *gin.Context) error {
	in, err := grantForm(c)
	if err != nil {
		return err
	}
	switch {
	case in.Get("grant_type") != "" && in.Get("grant_type") != deviceGrant:
		return refuse(http.StatusBadRequest, "unsupported_grant_type")
	case in.Get("grant_type") == "" || in.Get("device_code") == "":
		return refuse(http.StatusBadRequest, "grant_invalid")
	}
	signed, err := s.exchangeDevice(c, in.Get("device_code"))
	if err != nil {
		return err
	}
	account, err := s.Store.Sessions.LookOwnAccount(c.Request.Context(), signed.Token)
	if err != nil {
		return err
	}
	return answerGrant(c, http.StatusOK, struct {
		AccessToken string        `json:"access_token"`
		TokenType   string        `json:"token_type"`
		Account     accountObject `json:"account"`
	}{signed.Token, "Bearer", accountOf(&account)})
}

// writeGrantError answers with f in the form of RFC 6749 §5.2. Libraries read the
// member error; the description is for developers.
func (s *site) writeGrantError(c *gin.Context, f failure) {
	status := http.StatusBadRequest
	word := f.code
	switch {
	case isGrantError(f.code), f.code == "unsupported_grant_type":
	case f.status == http.StatusTooManyRequests, f.status == http.StatusServiceUnavailable:
		status, word = f.status, "temporarily_unavailable"
	case f.status >= http.StatusInternalServerError:
		status, word = f.status, "server_error"
	case f.status == http.StatusForbidden:
		word = "access_denied"
	case f.status == http.StatusRequestEntityTooLarge:
		status, word = f.status, "invalid_request"
	default:
		word = "invalid_request"
	}
	text := s.errorText("en", f.code, f.params, f.retryAfter)
	if len(f.fields) > 0 {
		text = s.errorText("en", f.fields[0].Code, f.fields[0].Params, f.retryAfter)
	}
	err := answerGrant(c, status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{word, grantText(text)})
	if err != nil {
		s.logTrouble(c, err)
	}
}

// answerGrant answers with value as RFC 6749 §5.1 prescribes. The Content-Type has a
// charset on purpose: by this the contract distinguishes these answers from the answers to
// JSON, which have the type application/json.
func answerGrant(c *gin.Context, status int, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	c.Data(status, "application/json;charset=UTF-8", body)
	return nil
}

// grantText returns the characters of text that RFC 6749 §5.2 allows in a
// description.
func grantText(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return -1
		}
		return r
	}, text)
}

// exchangeDevice trades a device code for a session. The errors of RFC 8628 §3.5
// have the status 400.
func (s *site) exchangeDevice(c *gin.Context, deviceCode string) (models.SignedIn, error) {
	signed, err := s.Store.Devices.Exchange(c.Request.Context(), deviceCode, caller(c))
	if known, ok := errors.AsType[*models.Error](err); ok && isGrantError(known.Code) {
		return signed, refuse(http.StatusBadRequest, known.Code)
	}
	return signed, err
}
