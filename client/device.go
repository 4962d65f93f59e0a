package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Devices is about signing a device in from a phone (RFC 8628).
type Devices struct{ core *core }

// DeviceAsk is a device that wants to be signed in.
type DeviceAsk struct {
	Client     string `json:"client,omitempty"`      // the app: "Den TV"
	DeviceName string `json:"device_name,omitempty"` // that the person will read: "Living room"
	DeviceID   string `json:"device_id"`             // what the device calls itself, always the same
}

// DeviceCode is what a device waits with, and what it shows.
type DeviceCode struct {
	DeviceCode string `json:"device_code"` // secret: never shown
	UserCode   string `json:"user_code"`   // shown
	Page       string `json:"verification_uri"`
	FilledPage string `json:"verification_uri_complete"` // for a QR code: fills the box, approves nothing
	ExpiresIn  int    `json:"expires_in"`                // seconds
	Interval   int    `json:"interval"`                  // seconds between two questions

	devices *Devices
}

func (d *DeviceCode) whole() bool { return d.DeviceCode != "" && d.UserCode != "" && d.Page != "" }

// Begin asks for a device code. Nobody has to be signed in. Show Page and
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

// Token asks once whether somebody has approved the device. Until then it
// answers [ErrAuthorizationPending], or [ErrSlowDown] when it is asked too often;
// afterwards the session, [ErrAccessDenied] or [ErrDeviceCodeExpired]. Nobody has
// to be signed in.
func (d *Devices) Token(ctx context.Context, deviceCode string) (SignedIn, error) {
	var out SignedIn
	err := d.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/device-codes/token", body: deviceToken{deviceCode}, want: http.StatusOK, open: true,
	}, &out)
	return out, err
}

const (
	usualInterval  = 5 * time.Second // RFC 8628 §3.5: where none is told, and what slow_down adds
	slowestPolling = time.Minute
)

// Wait asks until somebody has approved the device or denied it, the code has
// run out, or ctx is over. It keeps the pace that the service wants, and asks
// less often while the service is away.
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

// isOutage reports whether err may pass: no answer, or one that asks to wait.
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
	Address    string    `json:"address"` // where it asks from; "" when unknown
	CreatedAt  time.Time `json:"created_at"`
	ExpiresAt  time.Time `json:"expires_at"`
}

// Look tells which device shows a code, for the person who shall decide.
func (d *Devices) Look(ctx context.Context, userCode string) (AskingDevice, error) {
	var out AskingDevice
	err := d.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/device-codes/{user_code}", values: []string{userCode}, want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

// Approve signs the device that shows a code in to the account of who asks. It
// may answer [ErrConfirmPassword].
func (d *Devices) Approve(ctx context.Context, userCode string) error {
	return d.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/device-codes/{user_code}/approve", values: []string{userCode}, want: http.StatusNoContent,
	})
}

// Deny sends the device away.
func (d *Devices) Deny(ctx context.Context, userCode string) error {
	return d.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/device-codes/{user_code}/deny", values: []string{userCode}, want: http.StatusNoContent,
	})
}
