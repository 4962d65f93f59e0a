package models

import (
	"context"
	"errors"
	"strings"

	"gorm.io/gorm"
)

// SignUp makes an account for the reader of an invite's mail, accepts the invite and opens
// a session, all in one transaction. The mail's secret proves the address: it was made when
// the mail was sent, and nobody else has seen it. So the account is confirmed at once, and
// no second mail is sent. in.Invite is that secret. SignUp returns the errors of
// [Accounts.CheckSignUp] and of [Invites.Accept], [ErrTokenSpent] once the invite is
// answered, withdrawn or expired, [ErrEmailTaken] if the address has an account already,
// [ErrUsernameTaken], an error about the field email if the invite is for another address,
// [ErrThrottled], [ErrBusy] or [ErrUnavailable]. In case of an error nothing has changed.
func (i *Invites) SignUp(ctx context.Context, in SignUp, caller Caller) (SignedIn, error) {
	row, err := (&Accounts{i.core}).checkSignUp(in)
	if err != nil {
		return SignedIn{}, err
	}
	l := i.opt.Limits
	if err := i.throttle.source(ctx, "sign-up", caller, l.SignUpSource, l.SignUpNetwork, l.SignUpService); err != nil {
		return SignedIn{}, err
	}
	invite, err := i.inviteOf(ctx, in.Invite)
	if err != nil {
		return SignedIn{}, err
	}
	if invite.EmailKey == "" {
		return SignedIn{}, ErrTokenSpent
	}
	if invite.EmailKey != row.EmailKey {
		return SignedIn{}, fieldError(KindInvalid, "email", "email_not_invited")
	}
	if err := i.hashPassword(ctx, &row, in.Password); err != nil {
		return SignedIn{}, err
	}
	out, err := i.signUp(ctx, row, invite.ID, caller)
	if errors.Is(err, ErrNotFound) { // somebody answered or withdrew the invite meanwhile
		return SignedIn{}, ErrTokenSpent
	}
	if err != nil {
		return SignedIn{}, err
	}
	out.DeviceMark, err = i.newDeviceMark(&row, "")
	return out, explained("mark the device", err)
}

// signUp writes the account, its links and its session. It tries again if the owner replaced
// a library of the offer in that moment.
func (i *Invites) signUp(ctx context.Context, row accountRow, inviteID int64, caller Caller) (out SignedIn, err error) {
	for range acceptTries {
		err = i.tx(ctx, "sign up with an invite", func(tx *gorm.DB) error {
			account := row
			if err := i.insertAccount(ctx, tx, &account); err != nil {
				return err
			}
			if err := i.recordEvent(ctx, tx, account.ID, EventSignedUp, caller); err != nil {
				return err
			}
			if err := i.confirmAccount(ctx, tx, &account, caller); err != nil {
				return err
			}
			if err := i.acceptIn(ctx, tx, account.ID, inviteID, caller); err != nil {
				return err
			}
			out, err = (&Sessions{core: i.core}).openSession(ctx, tx, &account, SignIn{}, caller)
			return err
		})
		if !errors.Is(err, errOfferChanged) {
			return out, err
		}
	}
	return SignedIn{}, ErrUnavailable.because(err)
}

// ProposeUsername returns a username made of the part of an address before the @, or "" if
// that part makes none. The username may be taken.
func (i *Invites) ProposeUsername(email string) string {
	local, _, _ := strings.Cut(email, "@")
	local, _, _ = strings.Cut(local, "+")
	name := strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			return r
		default:
			return -1
		}
	}, local), ".-_")
	if checkUsername(name, i.opt.ServiceName) != "" {
		return ""
	}
	return name
}

// HasAccount reports whether an account has confirmed the address that the invite of a
// mailed secret was sent to. Only the reader of that mail may learn it. It returns
// [ErrTokenSpent] once the invite is answered, withdrawn or expired.
func (i *Invites) HasAccount(ctx context.Context, mailToken string) (bool, error) {
	invite, err := i.inviteOf(ctx, mailToken)
	if err != nil || invite.EmailKey == "" {
		return false, err
	}
	n, err := gorm.G[emailRow](i.read(ctx)).Where("email_key = ? AND held_until IS NULL", invite.EmailKey).Count(ctx, "*")
	return n > 0, explained("find the account of an address", err)
}
