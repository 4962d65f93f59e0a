package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Devices signs a device in from a phone (RFC 8628).
type Devices struct{ core *core }

// DeviceAsk describes a device that wants to be signed in.
type DeviceAsk struct {
	Client     string `json:"client,omitempty"`      // the app: "Den TV"
	DeviceName string `json:"device_name,omitempty"` // for the person to read: "Living room"
	DeviceID   string `json:"device_id"`             // an id of the device that never changes
}

// DeviceCode holds the secret with which a device waits, and the code that it shows.
type DeviceCode struct {
	DeviceCode string `json:"device_code"` // a secret that the device never shows
	UserCode   string `json:"user_code"`   // the code that the device shows
	Page       string `json:"verification_uri"`
	FilledPage string `json:"verification_uri_complete"` // for a QR code: it fills in the code and approves nothing
	ExpiresIn  int    `json:"expires_in"`                // seconds
	Interval   int    `json:"interval"`                  // seconds between two requests

	devices *Devices
}

func (d *DeviceCode) whole() bool { return d.DeviceCode != "" && d.UserCode != "" && d.Page != "" }

// Begin asks for a device code. It needs no session token. Show Page and
// UserCode, and then [DeviceCode.Wait].
func (d *Devices) Begin(ctx context.Context, in DeviceAsk) (DeviceCode, error) {
	var out DeviceCode
	err := d.core.fetch(ctx, call{method: http.MethodPost, path: "/api/v1/device-codes", body: in, want: http.StatusCreated, open: true}, &out)
	out.devices = d
	return out, err
}

type deviceToken struct {
	DeviceCode string `json:"device_code"`
}

// Token asks once whether a person has approved the device. Until somebody decides, it returns
// [ErrAuthorizationPending], or [ErrSlowDown] if it is called too often. After that it returns the
// session, [ErrAccessDenied] or [ErrDeviceCodeExpired]. It needs no token.
func (d *Devices) Token(ctx context.Context, deviceCode string) (SignedIn, error) {
	var out SignedIn
	err := d.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/device-codes/token", body: deviceToken{deviceCode}, want: http.StatusOK, open: true,
	}, &out)
	return out, err
}

const (
	usualInterval  = 5 * time.Second // RFC 8628 §3.5: the interval if the service names none, and the time that slow_down adds
	slowestPolling = time.Minute
)

// Wait asks again and again until a person has approved or denied the device, the code has expired,
// or ctx ends. It keeps the interval that the service wants, and asks less often while the service
// does not answer.
func (d *DeviceCode) Wait(ctx context.Context) (SignedIn, error) {
	if d.devices == nil {
		return SignedIn{}, errors.New("client: this device code does not come from Begin")
	}
	life := time.Duration(d.ExpiresIn) * time.Second
	interval := time.Duration(d.Interval) * time.Second
	if interval <= 0 {
		interval = usualInterval
	}
	pause, waited := interval, time.Duration(0)
	for waited < life {
		if err := d.devices.core.sleep(ctx, pause); err != nil {
			return SignedIn{}, fmt.Errorf("wait for the device's approval: %w", err)
		}
		waited += pause
		in, err := d.devices.Token(ctx, d.DeviceCode)
		switch {
		case err == nil:
			return in, nil
		case errors.Is(err, ErrAuthorizationPending):
			pause = interval
		case errors.Is(err, ErrSlowDown):
			interval += usualInterval
			pause = interval
		case isOutage(err):
			pause = max(min(2*pause, slowestPolling), retryOf(err))
		default:
			return SignedIn{}, err
		}
	}
	return SignedIn{}, fmt.Errorf("wait for the device's approval: %w", ErrDeviceCodeExpired)
}

// isOutage reports whether a later try may succeed after err: there was no answer, or the answer
// asked to wait.
func isOutage(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return !errors.Is(err, ErrBadAnswer)
	}
	return passes(e.Status)
}

func retryOf(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.RetryAfter
	}
	return 0
}

// AskingDevice is a device that shows a code.
type AskingDevice struct {
	UserCode   string    `json:"user_code"`
	Client     string    `json:"client"`
	DeviceName string    `json:"device_name"`
	Address    string    `json:"address"` // the address of the device; "" when unknown
	CreatedAt  time.Time `json:"created_at"`
	ExpiresAt  time.Time `json:"expires_at"`
}

// Look returns the device that shows a code, so that the person can decide.
func (d *Devices) Look(ctx context.Context, userCode string) (AskingDevice, error) {
	var out AskingDevice
	err := d.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/device-codes/{user_code}", values: []string{userCode}, want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

// Approve signs in the device that shows a code, to the account of the person. It may
// return [ErrConfirmPassword].
func (d *Devices) Approve(ctx context.Context, userCode string) error {
	return d.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/device-codes/{user_code}/approve", values: []string{userCode}, want: http.StatusNoContent,
	})
}

// Deny refuses the device that shows a code.
func (d *Devices) Deny(ctx context.Context, userCode string) error {
	return d.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/device-codes/{user_code}/deny", values: []string{userCode}, want: http.StatusNoContent,
	})
}
