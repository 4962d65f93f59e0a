package models

import (
	"context"
	"errors"
	"strings"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// SignUp makes an account for somebody who has an invite's secret, accepts the invite and opens
// a session, all in one transaction. in.Invite is that secret.
//
// A mailed secret proves the address: it was made when the mail was sent, and nobody else has
// seen it. So the account is confirmed at once, and no second mail is sent. The secret of a
// link proves nothing, so the account is a newcomer, see newcomer.go: the person gets in at
// once, and a mail to the address asks for its confirmation, or tells the owner of the address
// that they have an account already. The answer is the same in both cases.
//
// The link of an invite to sign up has no servers that somebody could use before the address is confirmed, so
// its sign-up goes by [Accounts.SignUp], and SignUp returns [ErrInviteSignUp].
//
// SignUp returns the errors of [Accounts.CheckSignUp], of [Invites.Look] and of
// [Invites.Accept], [ErrUsernameTaken], [ErrDeviceIDInvalid], [ErrThrottled], [ErrBusy] or [ErrUnavailable], and for
// a mailed secret also [ErrEmailTaken] if the address has an account already, or an error about
// the field email if the invite is for another address. In case of an error nothing has
// changed.
func (i *Invites) SignUp(ctx context.Context, in SignUp, caller Caller) (SignedIn, error) {
	row, err := (&Accounts{i.core}).checkSignUp(in)
	if err != nil {
		return SignedIn{}, err
	}
	if len(in.Session.DeviceID) > deviceIDMax {
		return SignedIn{}, ErrDeviceIDInvalid
	}
	l := i.opt.Limits
	if err := i.throttle.source(ctx, "sign-up", caller, l.SignUpSource, l.SignUpNetwork, l.SignUpService); err != nil {
		return SignedIn{}, err
	}
	invite, err := i.inviteOf(ctx, in.Invite)
	if err != nil {
		return SignedIn{}, err
	}
	byLink := IsInviteLink(in.Invite)
	if byLink && invite.OwnerID == serviceOwner {
		return SignedIn{}, ErrInviteSignUp
	}
	if err := fitsMail(&invite, &row, byLink); err != nil {
		return SignedIn{}, err
	}
	if err := i.hashPassword(ctx, &row, in.Password); err != nil {
		return SignedIn{}, err
	}
	var waiting *emailChange // the address of a newcomer
	if byLink {
		change, err := i.newNewcomer(&row, invite.ID)
		if err != nil {
			return SignedIn{}, err
		}
		waiting = &change
	}
	out, err := i.signUp(ctx, row, &invite, waiting, in.Session, caller)
	if errors.Is(err, ErrNotFound) { // somebody used the invite up or withdrew it meanwhile
		return SignedIn{}, i.closedInvite(ctx, invite.ID)
	}
	if err != nil {
		return SignedIn{}, err
	}
	out.DeviceMark, err = i.newDeviceMark(&row, "")
	return out, explained("mark the device", err)
}

// fitsMail checks that a mailed invite is for the address of row.
func fitsMail(invite *inviteRow, row *accountRow, byLink bool) error {
	switch {
	case byLink:
		return nil
	case invite.EmailKey == "":
		return ErrTokenSpent
	case invite.EmailKey != row.EmailKey:
		return fieldError(KindInvalid, "email", "email_not_invited")
	}
	return nil
}

// signUp writes the account, its links and its session. waiting is the address of a newcomer,
// nil for an account whose address is proved.
func (i *Invites) signUp(
	ctx context.Context, row accountRow, invite *inviteRow, waiting *emailChange, session SignIn, caller Caller,
) (out SignedIn, err error) {
	err = i.tryOffer(func() error {
		return i.tx(ctx, "sign up with an invite", func(tx *gorm.DB) error {
			account := row
			if err := i.insertAccount(ctx, tx, &account); err != nil {
				return err
			}
			if err := i.recordEvent(ctx, tx, account.ID, EventSignedUp, caller); err != nil {
				return err
			}
			if err := i.admit(ctx, tx, &account, invite, waiting, caller); err != nil {
				return err
			}
			out, err = (&Sessions{core: i.core}).openSession(ctx, tx, &account, session.opening(), caller)
			return err
		})
	})
	return out, err
}

// admit makes the account of a sign-up usable and accepts the invite for it.
func (i *Invites) admit(ctx context.Context, tx *gorm.DB, account *accountRow, invite *inviteRow, waiting *emailChange, caller Caller) error {
	switch {
	case invite.OwnerID == serviceOwner:
		if err := i.spendSignUp(ctx, tx, invite.ID, account.ID); err != nil {
			return err
		}
		return i.confirmAccount(ctx, tx, account, caller)
	case waiting == nil:
		if err := i.confirmAccount(ctx, tx, account, caller); err != nil {
			return err
		}
		return i.acceptIn(ctx, tx, account.ID, invite.ID, caller)
	}
	if err := i.oweNewcomer(ctx, tx, account, *waiting, caller); err != nil {
		return err
	}
	return i.acceptByLink(ctx, tx, account.ID, invite.ID, caller)
}

// ProposeUsername returns a username made of a name, or of the part of an address before the @, or "" if no username
// can be made of it. The username may be taken.
func (i *Invites) ProposeUsername(nameOrEmail string) string {
	local, _, _ := strings.Cut(nameOrEmail, "@")
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

// HasAccount reports whether an account has confirmed the address to which the invite of a mailed secret was sent.
// Only the reader of that mail may learn it. It returns [ErrTokenSpent] once the invite is answered, withdrawn or
// expired.
func (i *Invites) HasAccount(ctx context.Context, mailToken string) (bool, error) {
	if IsInviteLink(mailToken) { // somebody who has a link has not read a mail
		return false, nil
	}
	invite, err := i.inviteOf(ctx, mailToken)
	if err != nil || invite.EmailKey == "" {
		return false, err
	}
	n, err := database.G[emailRow](i.read(ctx)).Where("email_key = ? AND held_until IS NULL", invite.EmailKey).Count(ctx, "*")
	return n > 0, explained("find the account of an address", err)
}
