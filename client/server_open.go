package client

import (
	"context"
	"net/http"
)

// Opened says whom a code of Open lets in.
type Opened struct {
	LinkID    ID     `json:"link_id"`
	AccountID ID     `json:"account_id"`
	LocalUser string `json:"local_user"` // its id on the media server; "" while it is not known
	DeviceID  string `json:"device_id"`  // names the person's session in a change of the kind [DevicesEnded]
}

func (o *Opened) whole() bool { return o.LinkID != "" && o.AccountID != "" && o.DeviceID != "" }

type redeemOpen struct {
	Code         string `json:"code"`
	CodeVerifier string `json:"code_verifier"`
}

// RedeemOpen spends the code with which a browser came from Open. verifier is the secret
// that belongs to the code challenge (RFC 7636). The code is spent by the first call, so a
// call whose answer is lost is not repeated. It returns [ErrOpenOver] for a code that is not
// good.
func (a *Agent) RedeemOpen(ctx context.Context, code, verifier string) (Opened, error) {
	var out Opened
	err := a.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/server/opens/redeem", body: redeemOpen{code, verifier}, want: http.StatusOK,
	}, &out)
	return out, err
}
