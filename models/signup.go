package models

import (
	"context"
	"errors"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// SignUp is the input of a sign-up.
type SignUp struct {
	Username    string
	DisplayName string // "" for the username
	Email       string
	Password    string
	Locale      string // of the page it was typed into
	Invite      string // the secret of an invite's mail, needed if only invited people may sign up, or the secret of the link of an invite to sign up; "" without one. [Invites.SignUp] takes the secret of any link

	IdempotencyKey string // "" for none; see [Accounts.SignUp]
	Session        SignIn // what [Invites.SignUp] opens; only its Kind, Client, DeviceID and TimeZone count
}

// CheckSignUp applies the rules to in without asking the database, so that a
// form with mistakes does not use up a solved captcha. It returns a KindInvalid
// error with everything that is wrong, or [ErrSignUpClosed] or
// [ErrSignUpInviteOnly]. It does not find out whether the secret of an invite is
// valid: [Accounts.SignUp] does.
func (a *Accounts) CheckSignUp(in SignUp) error {
	_, err := a.checkSignUp(in)
	return err
}

// checkSignUp does the work of [Accounts.CheckSignUp], and also returns the row of the new
// account, without id, times and password.
func (a *Accounts) checkSignUp(in SignUp) (accountRow, error) {
	switch {
	case a.opt.SignUp == SignUpOpen:
		return a.newAccount(in)
	case a.opt.SignUp != SignUpInvite:
		return accountRow{}, ErrSignUpClosed
	case !secret.WellFormed(secret.MailToken, in.Invite) && !IsInviteLink(in.Invite):
		return accountRow{}, ErrSignUpInviteOnly
	default:
		return a.newAccount(in)
	}
}

// newAccount applies the rules to in and returns the row of the new account, without id,
// times and password.
func (c *core) newAccount(in SignUp) (accountRow, error) {
	row, wrong := c.newAccountRow(in)
	if e := c.checkPassword("password", in.Password, row.personal()...); e != nil {
		wrong = append(wrong, *e)
	}
	return row, invalid(wrong)
}

// newAccountRow does the work of newAccount, except for the password.
func (c *core) newAccountRow(in SignUp) (row accountRow, wrong []FieldError) {
	add := func(field, code string) {
		if code != "" {
			wrong = append(wrong, FieldError{Field: field, Code: code})
		}
	}
	add("username", checkUsername(in.Username, c.opt.ServiceName))
	displayName, ok := cleanDisplayName(in.DisplayName)
	if !ok {
		add("display_name", "display_name_invalid")
	}
	if displayName == "" {
		displayName = in.Username
	}
	sendTo, key, ok := parseEmail(in.Email)
	if !ok {
		add("email", "email_invalid")
	}
	return accountRow{
		Username: in.Username, UsernameKey: usernameKey(in.Username), DisplayName: displayName,
		Email: sendTo, EmailKey: key, Locale: c.language(in.Locale),
	}, wrong
}

// language returns locale if the service has it, otherwise its first language.
func (c *core) language(locale string) string {
	if slices.Contains(c.opt.Languages, locale) {
		return locale
	}
	return c.opt.Languages[0]
}

// SignUp makes an account that waits for its confirmation, reserves its username and owes a
// mail to the address: "confirm", or "you already have an account" if the address is taken.
// The worker that sends the mail chooses, so that the answer of SignUp says nothing about
// addresses. SignUp returns a secret with which this browser may have the mail sent
// again or correct the address. It returns the errors of [Accounts.CheckSignUp],
// [ErrUsernameTaken], an error about the field email if the invite is for another address,
// the errors of [Invites.Look] for a link, [ErrThrottled], [ErrBusy] or [ErrUnavailable]. With an Idempotency-Key a repetition
// returns another secret for the same account; a different request with the same key gets
// [ErrOtherRequest], and an invalid key an error about the field idempotency_key. Without a
// key a repetition is recognised by its name, address and password while the sign-up waits:
// see [Accounts.sameSignUp].
func (a *Accounts) SignUp(ctx context.Context, in SignUp, caller Caller) (pendingSecret string, err error) {
	row, err := a.checkSignUp(in)
	if err != nil {
		return "", err
	}
	l := a.opt.Limits
	if err := a.throttle.source(ctx, "sign-up", caller, l.SignUpSource, l.SignUpNetwork, l.SignUpService); err != nil {
		return "", err
	}
	spends, err := a.invited(ctx, in)
	if KindOf(err) == KindExpired { // perhaps the first of two equal requests has used the invite up
		return a.sameSignUp(ctx, &row, in.Password, err)
	}
	if err != nil {
		return "", err
	}
	o, err := a.idempotent("sign-up", in.IdempotencyKey, row.Username, row.DisplayName, row.Email, row.Locale, in.Invite)
	if err != nil {
		return "", err
	}
	if err := a.hashPassword(ctx, &row, in.Password); err != nil {
		return "", err
	}
	before, err := a.txOnce(ctx, "sign up", o, row.ID, func(tx *gorm.DB) error {
		pendingSecret, err = a.signUp(ctx, tx, &row, caller)
		if err != nil || spends == 0 {
			return err
		}
		return a.spendSignUp(ctx, tx, spends, row.ID)
	})
	if errors.Is(err, ErrUsernameTaken) {
		return a.sameSignUp(ctx, &row, in.Password, err)
	}
	if errors.Is(err, ErrNotFound) { // others have used the invite up meanwhile, or it was withdrawn
		err = a.closedInvite(ctx, spends)
	}
	if err != nil {
		return "", err
	}
	if before != 0 {
		return a.signUpAgain(ctx, before, in.Password)
	}
	return pendingSecret, nil
}

// invited checks the invite of a sign-up, see [core.mayInvitedSignUp]. Where everybody may sign up, an invite counts
// only if it is the link of an invite to sign up that can still be accepted.
func (a *Accounts) invited(ctx context.Context, in SignUp) (spends int64, err error) {
	if a.opt.SignUp == SignUpInvite {
		return a.mayInvitedSignUp(ctx, in.Invite, in.Email)
	}
	if !IsInviteLink(in.Invite) {
		return 0, nil
	}
	row, err := a.inviteOf(ctx, in.Invite)
	if KindOf(err) == KindExpired || err == nil && row.OwnerID != serviceOwner {
		return 0, nil
	}
	return row.ID, err
}

// sameSignUp returns another secret for the sign-up that holds the username of row, if that
// sign-up waits for its confirmation and has the same address and password: then a person
// whose browser got no answer, or who clicked twice, has sent the form again. Otherwise it
// returns the error taken. Tries are counted by name, and each costs one hash, so that a
// stranger cannot use the answer to find out the address of a sign-up or its password.
func (a *Accounts) sameSignUp(ctx context.Context, row *accountRow, password string, taken error) (pendingSecret string, err error) {
	if err := a.throttle.allow(ctx, a.throttle.key("sign-up again", row.UsernameKey), a.opt.Limits.SignUpAgain); err != nil {
		if KindOf(err) == KindThrottled {
			return "", taken
		}
		return "", err
	}
	found, err := database.G[accountRow](a.read(ctx)).Where("username_key = ?", row.UsernameKey).Find(ctx)
	if err != nil {
		return "", explained("find the sign-up", err)
	}
	var same *accountRow
	if len(found) == 1 && found[0].EmailKey == row.EmailKey && found[0].ConfirmedAt == nil && found[0].DisabledAt == nil {
		same = &found[0]
	}
	match, err := a.verifyPassword(ctx, same, password)
	if err != nil {
		return "", err
	}
	if !match {
		return "", taken
	}
	return a.anotherPendingSecret(ctx, same)
}

// signUp writes an account that waits for its confirmation, and owes the mail for that.
func (a *Accounts) signUp(ctx context.Context, tx *gorm.DB, row *accountRow, caller Caller) (pendingSecret string, err error) {
	if err := a.insertAccount(ctx, tx, row); err != nil {
		return "", err
	}
	if pendingSecret, err = a.newPendingSecret(ctx, tx, row); err != nil {
		return "", err
	}
	err = a.owe(ctx, tx, confirmMail(row, a.opt.Lives.Confirm, a.starter(caller)))
	if err != nil {
		return "", err
	}
	return pendingSecret, a.recordEvent(ctx, tx, row.ID, EventSignedUp, caller)
}

// signUpAgain answers a repeated sign-up with another secret for the same account,
// because only the hash of the first is stored. The password must be the same, because
// the secret allows its holder to correct the address.
func (a *Accounts) signUpAgain(ctx context.Context, accountID int64, password string) (pendingSecret string, err error) {
	row, err := a.accountByID(ctx, a.read(ctx), accountID)
	if KindOf(err) == KindNotFound || err == nil && (row.ConfirmedAt != nil || row.DisabledAt != nil) {
		return "", ErrUsernameTaken
	}
	if err != nil {
		return "", err
	}
	match, err := a.verifyPassword(ctx, &row, password)
	if err != nil {
		return "", err
	}
	if !match {
		return "", ErrOtherRequest
	}
	return a.anotherPendingSecret(ctx, &row)
}

// anotherPendingSecret makes one more secret for a sign-up that waits.
func (a *Accounts) anotherPendingSecret(ctx context.Context, row *accountRow) (pendingSecret string, err error) {
	err = a.tx(ctx, "repeat a sign-up", func(tx *gorm.DB) error {
		if err := lockAccount(tx, row.ID); err != nil {
			return err
		}
		pendingSecret, err = a.newPendingSecret(ctx, tx, row)
		return err
	})
	return pendingSecret, err
}

// hashPassword gives a new row its id and the hash of its password, which is bound to the
// id.
func (c *core) hashPassword(ctx context.Context, row *accountRow, password string) error {
	var err error
	if row.ID, err = c.newID(); err != nil {
		return explained("make an id", err)
	}
	prepared, _ := preparePassword(password)
	row.PasswordHash, err = c.hasher.Hash(ctx, passwordPurpose, row.owner(), prepared)
	return explained("hash the password", err)
}

// insertAccount writes a new account. It replaces a sign-up of the same name that
// waited too long. It returns [ErrUsernameTaken].
func (c *core) insertAccount(ctx context.Context, tx *gorm.DB, row *accountRow) error {
	now := c.Now()
	row.PasswordVersion, row.PasswordChangedAt, row.CreatedAt = 1, now, now
	if err := c.freeUsername(ctx, tx, row.UsernameKey); err != nil {
		return err
	}
	err := database.G[accountRow](tx).Create(ctx, row)
	if database.IsDuplicate(err, "accounts", "username_key") {
		return ErrUsernameTaken.because(err)
	}
	if err != nil {
		return err
	}
	if err := c.newServerList(ctx, tx, row.ID); err != nil {
		return err
	}
	return c.happen(ctx, tx, happened{kind: HappenedSignedUp, person: row})
}

// freeUsername takes a username from a sign-up that waited too long.
func (c *core) freeUsername(ctx context.Context, tx *gorm.DB, key string) error {
	stale, err := database.G[accountRow](tx).Where("username_key = ? AND confirmed_at IS NULL AND created_at <= ?",
		key, c.Now().Add(-c.opt.Lives.Confirm)).Find(ctx)
	if err != nil {
		return err
	}
	for _, old := range stale {
		if err := eraseStale(tx, old.ID); err != nil {
			return err
		}
	}
	return nil
}

// newPendingSecret makes and stores the secret by which a browser proves that it made a
// sign-up. The sign-up still waits for its confirmation.
func (c *core) newPendingSecret(ctx context.Context, tx *gorm.DB, row *accountRow) (string, error) {
	text, err := secret.NewToken(secret.PendingToken, c.opt.Random)
	if err != nil {
		return "", err
	}
	now := c.Now()
	return text, database.G[token](tx).Create(ctx, &token{
		Hash: secret.Sum(text), Purpose: purposePending, AccountID: row.ID, PasswordVersion: row.PasswordVersion,
		CreatedAt: now, ExpiresAt: now.Add(c.signUpLeft(row)),
	})
}

// signUpLeft returns the time for which a sign-up can still be confirmed; the links in its
// mails expire at the same time.
func (c *core) signUpLeft(row *accountRow) time.Duration {
	return max(row.CreatedAt.Add(c.opt.Lives.Confirm).Sub(c.Now()), time.Millisecond)
}
