package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// apiBeginDevice answers POST /api/v1/device-codes: a device asks to be signed
// in (RFC 8628 §3.2).
func (s *site) apiBeginDevice(c *gin.Context) error {
	in, err := readJSON[struct {
		Client     string `json:"client"`
		DeviceName string `json:"device_name"`
		DeviceID   string `json:"device_id"`
	}](c)
	if err != nil {
		return err
	}
	code, err := s.Store.Devices.Begin(c.Request.Context(), models.DeviceAsk{
		DeviceID: in.DeviceID, Client: in.Client, Device: in.DeviceName, Door: models.DoorAPI,
	}, callerNamed(c, in.DeviceName))
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusCreated, s.deviceCodeObject(code))
}

// deviceCodeObject is the answer to a device that asks to be signed in (RFC 8628
// §3.2).
type deviceCodeObject struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	Page       string `json:"verification_uri"`
	FilledPage string `json:"verification_uri_complete"` // fills in the code and approves nothing
	ExpiresIn  int    `json:"expires_in"`                // in seconds
	Interval   int    `json:"interval"`                  // in seconds
}

func (s *site) deviceCodeObject(code models.DeviceCode) deviceCodeObject {
	page := s.origin + "/link"
	return deviceCodeObject{
		code.DeviceCode, code.UserCode, page, page + "?user_code=" + url.QueryEscape(code.UserCode),
		int(code.Life / time.Second), int(code.Interval / time.Second),
	}
}

// apiDeviceToken answers POST /api/v1/device-codes/token: a device asks whether
// it has been approved (RFC 8628 §3.4).
func (s *site) apiDeviceToken(c *gin.Context) error {
	in, err := readJSON[struct {
		DeviceCode string `json:"device_code"`
	}](c)
	if err != nil {
		return err
	}
	signed, err := s.exchangeDevice(c, in.DeviceCode)
	if err != nil {
		return err
	}
	return s.answerSignedIn(c, http.StatusOK, signed)
}

// apiApproveDevice answers POST /api/v1/device-codes/{user_code}/approve. The password must
// have been given recently, so that a person who finds an unattended device cannot sign in
// other devices with it.
func (s *site) apiApproveDevice(c *gin.Context, session models.Session) error {
	if err := s.proved(session); err != nil {
		return err
	}
	return decided(c, s.Store.Devices.Approve(c.Request.Context(), session, c.Param("user_code"), caller(c)))
}

// apiDenyDevice answers POST /api/v1/device-codes/{user_code}/deny.
func (s *site) apiDenyDevice(c *gin.Context, session models.Session) error {
	return decided(c, s.Store.Devices.Deny(c.Request.Context(), session, c.Param("user_code"), caller(c)))
}

// decided answers after a device was approved or denied. The code is in the path and not in
// a field of the body, so a wrong code is not the mistake of a field.
func decided(c *gin.Context, err error) error {
	if errors.Is(err, models.ErrCodeWrong) {
		return refuse(http.StatusNotFound, "user_code_wrong")
	}
	return done(c, err)
}

// apiLookDevice answers GET /api/v1/device-codes/{user_code} with the device
// that shows the code, so that the person can decide.
func (s *site) apiLookDevice(c *gin.Context, session models.Session) error {
	device, err := s.Store.Devices.LookCode(c.Request.Context(), session, c.Param("user_code"), caller(c))
	if err != nil {
		return decided(c, err)
	}
	return answerJSON(c, http.StatusOK, struct {
		UserCode   string    `json:"user_code"`
		Client     string    `json:"client"`
		DeviceName string    `json:"device_name"`
		Address    string    `json:"address"`
		CreatedAt  time.Time `json:"created_at"`
		ExpiresAt  time.Time `json:"expires_at"`
	}{device.UserCode, device.Client, device.Device, device.Address, device.AskedAt.UTC(), device.ExpiresAt.UTC()})
}
