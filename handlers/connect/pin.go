package connect

import (
	"net/http"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// pinObject is a device code in the Emby Connect protocol (§2.5).
type pinObject struct {
	ID          *string `json:"Id"`
	Pin         string
	DeviceID    string `json:"DeviceId"`
	IsExpired   bool
	IsConfirmed bool
	AccessToken *string // always null here: only [exchangePIN] answers with a token
}

// beginPIN gives a TV a code to show (§2.5). It returns the id of the device
// unchanged.
func beginPIN(c *call) (any, error) {
	device := models.DeviceAsk{DeviceID: c.params["deviceid"], Client: c.client(), Door: models.DoorEmby}
	code, err := c.Store.Devices.Begin(c.request.Context(), device, c.caller())
	if err != nil {
		return nil, err
	}
	return pinObject{Pin: code.UserCode, DeviceID: device.DeviceID}, nil
}

// paced returns an error if the caller asks about codes too often, as somebody who guesses
// codes does.
func (c *call) paced() error {
	if c.Pace(c.address) {
		return nil
	}
	return &models.Error{Kind: models.KindThrottled, Code: models.ErrThrottled.Code, RetryAfter: time.Second}
}

// pollPIN answers whether the code of a TV was approved (§2.6).
func pollPIN(c *call) (any, error) {
	if err := c.paced(); err != nil {
		return nil, err
	}
	approved, err := c.Store.Devices.EmbyPoll(c.request.Context(), c.params["deviceid"], c.params["pin"])
	if err != nil {
		return nil, err
	}
	// One client expects an Id and never uses it. AccessToken is null or
	// "none"; clients treat them alike.
	pin := c.params["pin"]
	return pinObject{ID: &pin, Pin: pin, DeviceID: c.params["deviceid"], IsConfirmed: approved}, nil
}

// exchangePIN exchanges an approved code for a session, once (§2.7).
func exchangePIN(c *call) (any, error) {
	if err := c.paced(); err != nil {
		return nil, err
	}
	signed, err := c.Store.Devices.EmbyExchange(c.request.Context(), c.params["deviceid"], c.params["pin"], c.caller())
	if err != nil {
		return nil, err
	}
	return struct {
		UserID      string `json:"UserId"`
		AccessToken string
	}{models.FormatID(signed.Session.AccountID), signed.Token}, nil
}

// ownAddress returns the address from which the media server calls (§3.1).
func ownAddress(c *call) (any, error) {
	if !c.address.IsValid() {
		return nil, refuse(http.StatusNotFound)
	}
	return plainText(c.address.String()), nil
}
