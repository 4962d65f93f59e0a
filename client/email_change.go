package client

import (
	"context"
	"net/http"
)

// Emails changes the email address of the account.
type Emails struct{ core *core }

type emailChange struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// Change asks for another address. The new address takes effect when the person confirms it by the mail
// that is sent to it.
func (e *Emails) Change(ctx context.Context, email, accountPassword string) error {
	return e.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/account/email", body: emailChange{email, accountPassword}, want: http.StatusAccepted,
	})
}

// Confirm spends the token of the mail to the new address. It needs no session token, but sends
// the one that the Client has.
//
// Confirm returns a token for [Passwords.Reset] if the account came by the link of an invite and
// the client has no session token, or the token of another account: the password, the PIN and the sessions
// of its maker have ended, because the address may belong to another person. In all other cases
// Confirm returns "".
func (e *Emails) Confirm(ctx context.Context, token string) (string, error) {
	k := call{
		method: http.MethodPost, path: "/api/v1/account/email/confirm", body: mailToken{token},
		want: http.StatusOK, orElse: http.StatusNoContent,
	}
	a, err := e.core.do(ctx, k)
	if err != nil || a.status == http.StatusNoContent {
		return "", err
	}
	var out resetToken
	err = decode(k, a, &out)
	return out.ResetToken, err
}

type resetToken struct {
	ResetToken string `json:"reset_token"`
}

func (r *resetToken) whole() bool { return r.ResetToken != "" }

// Undo spends the token of the mail to the former address, which becomes the address of the account
// again. All sessions end. Undo returns a token for [Passwords.Reset]. It needs no session token.
func (e *Emails) Undo(ctx context.Context, token string) (string, error) {
	var out resetToken
	err := e.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/account/email/undo", body: mailToken{token}, want: http.StatusOK, open: true,
	}, &out)
	return out.ResetToken, err
}
