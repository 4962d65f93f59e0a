package models

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/secret"
)

// SignIn is the input of a sign-in: the typed name and password, and the cookies of
// the browser.
type SignIn struct {
	NameOrEmail, Password string
	DeviceMarks           []string // of the known-device cookie
	OldToken              string   // of the session that this browser still has; it ends
	MD5                   string   // instead of Password: an old client's; "" for none. See legacy_md5.go
	Kind                  string   // [SessionDevice], or "" for a browser
	Client, DeviceID      string   // of a device; "" when it does not say
	Unproved              bool     // no password was typed on this device, so dangerous acts have to ask for it
}

// SignedIn is a new session.
type SignedIn struct {
	Session       Session
	Token         string
	DeviceMark    string // for the known-device cookie
	PendingSecret string // only with [ErrConfirmFirst]
}

// deviceMarkLife is the time for which a browser stays known.
const deviceMarkLife = 365 * 24 * time.Hour

// SignIn opens a session if the password is right. It counts the try before it compares the
// password: by account, whichever of its names was typed, and by source. A name without an
// account is counted in the same way, so that the limits do not show whether it has one. A
// known device has a counter of its own, so that strangers cannot lock the owner out.
//
// It returns [ErrSignInWrong] for a wrong password and for a name without an account. Only
// if the password is right, it returns [ErrConfirmFirst] (with SignedIn.PendingSecret) or
// [ErrAccountDisabled]. It also returns [ErrDeviceIDInvalid], [ErrThrottled], [ErrBusy] or
// [ErrUnavailable].
func (s *Sessions) SignIn(ctx context.Context, in SignIn, caller Caller) (SignedIn, error) {
	if len(in.DeviceID) > deviceIDMax {
		return SignedIn{}, ErrDeviceIDInvalid
	}
	name := nameKey(in.NameOrEmail)
	known := s.knownDevices(in.DeviceMarks)
	var source []countedTry
	var err error
	if len(known) == 0 { // before the database is asked for the account
		if source, err = s.countSource(ctx, caller); err != nil {
			return SignedIn{}, err
		}
	}
	row, err := s.accountByName(ctx, s.read(ctx), name)
	exists := err == nil
	if err != nil && KindOf(err) != KindNotFound {
		return SignedIn{}, err
	}
	device := ""
	if len(known) > 0 {
		if device, source, err = s.deviceOf(ctx, known, &row, caller); err != nil {
			return SignedIn{}, err
		}
	}
	key, err := s.countAccount(ctx, exists, &row, name, device)
	if err != nil {
		return SignedIn{}, err
	}
	match, err := s.verifySignIn(queueFor(ctx, &row, device), ifExists(exists, &row), in)
	if err != nil {
		return SignedIn{}, err
	}
	if !match {
		return SignedIn{}, s.signInFailed(ctx, &row, caller)
	}
	if err := s.throttle.forget(ctx, key, s.throttle.key("known devices", row.owner())); err != nil {
		return SignedIn{}, err
	}
	if err := s.rightPassword(ctx, &row, source); err != nil {
		return SignedIn{}, err
	}
	return s.admit(ctx, &row, in, device, caller)
}

// deviceOf returns the id of the known device that a browser shows by its marks. It returns
// "" if no mark is valid for this account, because the marks belong to other accounts or
// are older than the password. It also returns "" if the known devices of the account have
// used up their tries. In these cases the try is counted by source, like that of any other
// browser, and source has the counted tries.
func (s *Sessions) deviceOf(
	ctx context.Context, known map[int64]knownDevice, row *accountRow, caller Caller,
) (device string, source []countedTry, err error) {
	mark, found := known[row.ID]
	if !found || mark.at.Before(row.PasswordChangedAt.Truncate(time.Second)) {
		source, err = s.countSource(ctx, caller)
		return "", source, err
	}
	hits, err := s.throttle.raise(ctx, s.throttle.key("known devices", row.owner()), s.opt.Limits.KnownDevices)
	if err != nil {
		return "", nil, err
	}
	if hits == 0 {
		source, err = s.countSource(ctx, caller)
		return "", source, err
	}
	return mark.id, nil, nil
}

func ifExists(exists bool, row *accountRow) *accountRow {
	if exists {
		return row
	}
	return nil
}

// queueFor returns the context for the hash of a sign-in. A known device uses the reserved
// place of its account in the queue of hashes; strangers share the other places.
func queueFor(ctx context.Context, row *accountRow, device string) context.Context {
	if device == "" {
		return secret.ForStranger(ctx)
	}
	return secret.ForKnown(ctx, row.owner())
}

func (s *Sessions) countSource(ctx context.Context, caller Caller) ([]countedTry, error) {
	l := s.opt.Limits
	return s.throttle.nearby(ctx, "sign-in", caller, l.SignInSource, l.SignInNetwork)
}

// rightPassword gives a try with the right password back to the counters of its source, so
// that many people behind one address do not hinder each other. docs/security.md says why
// nobody can use that to guess more often. Each account can give back a limited number of
// tries only, because each try costs a hash.
func (s *Sessions) rightPassword(ctx context.Context, row *accountRow, source []countedTry) error {
	if len(source) == 0 {
		return nil
	}
	hits, err := s.throttle.raise(ctx, s.throttle.key("right passwords", row.owner()), s.opt.Limits.RightPasswords)
	if err != nil || hits == 0 {
		return err
	}
	return s.throttle.giveBack(ctx, source...)
}

// countAccount counts a try and returns the counter to clear after a success.
func (s *Sessions) countAccount(ctx context.Context, exists bool, row *accountRow, name, device string) (secret.Hash, error) {
	if device != "" {
		key := s.throttle.key("known device", row.owner()+" "+device)
		return key, s.throttle.attempt(ctx, key, s.opt.Limits.KnownDevice)
	}
	subject := "name " + name
	if exists {
		subject = "account " + row.owner()
	}
	key := s.throttle.key("sign-in", subject)
	return key, s.throttle.attempt(ctx, key, s.opt.Limits.SignIn)
}

// signInFailed logs a wrong password. It writes nothing to the database, so that a
// name without an account takes as long as any other.
func (s *Sessions) signInFailed(ctx context.Context, row *accountRow, caller Caller) error {
	s.opt.Log.InfoContext(ctx, "sign-in failed", logAccount(row.ID), slog.String("address", caller.Address))
	return ErrSignInWrong
}

// admit opens the session after the right password, if the account may have one.
func (s *Sessions) admit(ctx context.Context, row *accountRow, in SignIn, device string, caller Caller) (SignedIn, error) {
	if row.DisabledAt != nil {
		return SignedIn{}, ErrAccountDisabled
	}
	var out SignedIn
	if row.ConfirmedAt == nil {
		err := s.tx(ctx, "hold a sign-up", func(tx *gorm.DB) (err error) {
			out.PendingSecret, err = s.newPendingSecret(ctx, tx, row)
			return err
		})
		if err != nil {
			return SignedIn{}, err
		}
		return out, ErrConfirmFirst
	}
	mark, err := s.newDeviceMark(row, device)
	if err != nil {
		return SignedIn{}, explained("mark the device", err)
	}
	err = s.tx(ctx, "sign in", func(tx *gorm.DB) error {
		if err := endByToken(ctx, tx, in.OldToken); err != nil {
			return err
		}
		out, err = s.open(ctx, tx, row, in, device != "", caller)
		return err
	})
	if err != nil {
		return SignedIn{}, err
	}
	out.DeviceMark = mark
	return out, nil
}

// endByToken ends the session that the browser still has, if any.
func endByToken(ctx context.Context, tx *gorm.DB, text string) error {
	if !secret.WellFormed(secret.SessionToken, text) {
		return nil
	}
	old, err := gorm.G[sessionRow](tx).Where("token_hash = ?", secret.Sum(text)).Find(ctx)
	if err != nil || len(old) == 0 {
		return err
	}
	return endSessions(tx, old[0].AccountID, "id = ?", old[0].ID)
}

// open opens a session of the kind that in asks for, and owes a mail to the owner
// about a browser or device that is new. An earlier session of the same program on the
// same device ends.
func (s *Sessions) open(ctx context.Context, tx *gorm.DB, row *accountRow, in SignIn, known bool, caller Caller) (SignedIn, error) {
	if in.Kind == SessionDevice {
		same := gorm.G[sessionRow](tx).Where("account_id = ? AND kind = ? AND client = ? AND device_id = ? AND address = ?",
			row.ID, SessionDevice, shortName(in.Client), in.DeviceID, caller.Address)
		if in.DeviceID == "" { // then programs at one address differ by their names only
			same = same.Where("device = ?", caller.Device)
		}
		earlier, err := same.Find(ctx)
		if err != nil {
			return SignedIn{}, err
		}
		known = known || len(earlier) > 0
		if in.DeviceID != "" {
			if err := endSessions(tx, row.ID, "kind = ? AND device_id = ? AND client = ?", SessionDevice, in.DeviceID, shortName(in.Client)); err != nil {
				return SignedIn{}, err
			}
		}
	}
	out, err := s.openSession(ctx, tx, row, in, caller)
	if err != nil {
		return out, err
	}
	return out, s.oweDeviceMail(ctx, tx, row, out.Session, known, caller)
}

// openSession writes a new session, if the account still has the password that was
// compared and was not disabled meanwhile.
func (s *Sessions) openSession(ctx context.Context, tx *gorm.DB, row *accountRow, in SignIn, caller Caller) (SignedIn, error) {
	text, err := secret.NewToken(secret.SessionToken, s.opt.Random)
	if err != nil {
		return SignedIn{}, err
	}
	now := s.Now()
	err = updateAccount(tx, row.ID, map[string]any{"signed_in_at": gorm.Expr("COALESCE(signed_in_at, ?)", now)},
		"password_version = ? AND disabled_at IS NULL", row.PasswordVersion)
	if KindOf(err) == KindNotFound {
		return SignedIn{}, ErrSignInWrong
	}
	if err != nil {
		return SignedIn{}, err
	}
	session := sessionRow{
		TokenHash: secret.Sum(text), AccountID: row.ID, Kind: SessionBrowser, Device: caller.Device, Icon: caller.Icon,
		Address: caller.Address, CreatedAt: now, LastSeenAt: now, ConfirmedAt: now, ExpiresAt: now.Add(s.opt.Lives.Session),
	}
	if in.Kind == SessionDevice {
		session.Kind, session.DeviceID, session.Client = SessionDevice, in.DeviceID, shortName(in.Client)
		session.ExpiresAt = now.Add(s.opt.Lives.Device)
	}
	if in.Unproved {
		session.ConfirmedAt = time.Unix(0, 0).UTC()
	}
	if session.ID, err = s.newID(); err != nil {
		return SignedIn{}, err
	}
	if err := gorm.G[sessionRow](tx).Create(ctx, &session); err != nil {
		return SignedIn{}, err
	}
	if err := s.endSurplus(ctx, tx, &session); err != nil {
		return SignedIn{}, err
	}
	out := SignedIn{Session: session.session(), Token: text}
	out.Session.Username, out.Session.DisplayName, out.Session.Locale = row.Username, row.DisplayName, row.Locale
	return out, nil
}

// endSurplus ends the sessions of an account above the greatest number of its kind, in
// the transaction that made a new one. Browsers and devices are counted apart, so that a
// program that signs in again and again cuts no television off. Devices that did not name
// themselves go first, because each of their sign-ins is a new session, and then the
// sessions that were not used for the longest time.
func (s *Sessions) endSurplus(ctx context.Context, tx *gorm.DB, fresh *sessionRow) error {
	if s.opt.SessionsMost == 0 {
		return nil
	}
	var surplus []int64
	err := tx.Raw(`SELECT id FROM sessions WHERE account_id = ? AND kind = ? AND id <> ?
ORDER BY CASE device_id WHEN '' THEN 1 ELSE 0 END, last_seen_at DESC, id DESC LIMIT ? OFFSET ?`,
		fresh.AccountID, fresh.Kind, fresh.ID, sweepStep, s.opt.SessionsMost-1).Scan(&surplus).Error
	if err != nil || len(surplus) == 0 {
		return err
	}
	if err := s.feedEndedSessions(ctx, tx, fresh.AccountID, "id IN ?", surplus); err != nil {
		return err
	}
	if err := endSessions(tx, fresh.AccountID, "id IN ?", surplus); err != nil {
		return err
	}
	return s.recordEvent(ctx, tx, fresh.AccountID, EventSessionSurplus, Caller{})
}

// oweDeviceMail records the sign-in and owes a mail about a browser that is new. The
// first sign-in of an account needs no mail if it comes from the browser that
// confirmed the address; from another browser it may be a stranger who signed up with
// that address.
func (s *Sessions) oweDeviceMail(ctx context.Context, tx *gorm.DB, row *accountRow, session Session, known bool, caller Caller) error {
	if err := s.recordEvent(ctx, tx, row.ID, EventSignedIn, caller); err != nil {
		return err
	}
	if !known && row.SignedInAt == nil {
		var err error
		if known, err = confirmedHere(ctx, tx, row.ID, caller); err != nil {
			return err
		}
	}
	if known {
		return nil
	}
	return s.owe(ctx, tx, newDeviceMail(row, session.ID, caller, s.Now(), s.opt.Lives.Session))
}

// confirmedHere reports whether the account was confirmed from this browser, judging
// by its name and network.
func confirmedHere(ctx context.Context, tx *gorm.DB, accountID int64, caller Caller) (bool, error) {
	rows, err := gorm.G[historyRow](tx).Where("account_id = ? AND kind = ?", accountID, EventConfirmed).Order("id DESC").Limit(1).Find(ctx)
	if err != nil || len(rows) == 0 {
		return false, err
	}
	there, _ := networksOf(rows[0].Address)
	here, _ := networksOf(caller.Address)
	return there != "" && there == here && rows[0].Device == caller.Device, nil
}

// newDeviceMark returns a mark of the form ACCOUNT.DEVICE.SECONDS.MAC: which account
// signed in on which browser, and when. It gives no access; it only chooses the
// counter.
func (c *core) newDeviceMark(row *accountRow, device string) (string, error) {
	if device == "" {
		var raw [12]byte
		if _, err := io.ReadFull(c.opt.Random, raw[:]); err != nil {
			return "", errors.New("no randomness")
		}
		device = base64.RawURLEncoding.EncodeToString(raw[:])
	}
	seconds := strconv.FormatInt(c.Now().Unix(), 10)
	mac := c.keys.MAC("known device", row.owner(), device, seconds)
	return strings.Join([]string{row.owner(), device, seconds, base64.RawURLEncoding.EncodeToString(mac[:])}, "."), nil
}

// knownDevice is a browser that once signed in to an account.
type knownDevice struct {
	id string
	at time.Time // the time of the last sign-in; the mark is void after a new password
}

// knownDevices returns the known devices by account id, for the marks that this
// service made and that are not too old. It does not ask the database.
func (s *Sessions) knownDevices(marks []string) map[int64]knownDevice {
	known := map[int64]knownDevice{}
	for _, mark := range marks {
		parts := strings.Split(mark, ".")
		if len(parts) != 4 {
			continue
		}
		account, badAccount := strconv.ParseInt(parts[0], 10, 64)
		seconds, badTime := strconv.ParseInt(parts[2], 10, 64)
		mac, badMAC := base64.RawURLEncoding.DecodeString(parts[3])
		if badAccount != nil || badTime != nil || badMAC != nil || s.Now().Sub(time.Unix(seconds, 0)) > deviceMarkLife {
			continue
		}
		if s.keys.Verifies(mac, "known device", parts[0], parts[1], parts[2]) {
			known[account] = knownDevice{id: parts[1], at: time.Unix(seconds, 0)}
		}
	}
	return known
}
