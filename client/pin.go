package client

import (
	"context"
	"net/http"
)

// PINs is about the account's PIN.
type PINs struct{ core *core }

type pinSet struct {
	PIN        string `json:"pin"`
	CurrentPIN string `json:"current_pin,omitempty"`
}

// Set sets the PIN. current is the present PIN, or "" if the account has none. Setting the first
// PIN may return [ErrConfirmPassword].
func (p *PINs) Set(ctx context.Context, pin, current string) error {
	return p.core.done(ctx, call{
		method: http.MethodPut, path: "/api/v1/account/pin", body: pinSet{pin, current}, want: http.StatusNoContent,
	})
}

type currentPIN struct {
	CurrentPIN string `json:"current_pin"`
}

// Remove leaves the account without a PIN.
func (p *PINs) Remove(ctx context.Context, current string) error {
	return p.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/account/pin", body: currentPIN{current}, want: http.StatusNoContent,
	})
}

type verifyPIN struct {
	PIN string `json:"pin"`
}

// Verify returns nil for the right PIN. For a wrong PIN it returns [ErrInvalid]. After some wrong
// tries it returns [ErrPINThrottled] for a while, and finally [ErrPINOff].
func (p *PINs) Verify(ctx context.Context, pin string) error {
	return p.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/account/pin/verify", body: verifyPIN{pin}, want: http.StatusNoContent,
	})
}
