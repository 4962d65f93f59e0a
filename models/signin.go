package models

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// SignIn is the input of a sign-in: the typed name and password, and the cookies of
// the browser.
type SignIn struct {
	NameOrEmail, Password string
	DeviceMarks           []string // of the known-device cookie
	OldToken              string   // of the session that this browser still has; it ends
	MD5                   string   // from an old client, instead of Password; "" for none. See legacy_md5.go
	Kind                  string   // [SessionDevice], or "" for a browser
	Client, DeviceID      string   // of a device; "" when it does not say
	TimeZone              string   // of the browser, kept for an account that has none; "" when it does not say
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
// password: by source and by account, no matter whether its username or its address was
// typed. A name that belongs to no account is counted in the same way, so that the limits do
// not show which accounts exist. A known device has a counter of its own, so that strangers
// cannot lock the owner out. Before it writes anything it takes a place in the queue of
// hashes, so that a storm of sign-ins is refused without any work of the database.
//
// It returns [ErrSignInWrong] for a wrong password and for a name without an account. Only
// if the password is right, it returns [ErrConfirmFirst] (with SignedIn.PendingSecret) or
// [ErrAccountDisabled]. It also returns [ErrDeviceIDInvalid], [ErrThrottled], [ErrBusy] or
// [ErrUnavailable].
func (s *Sessions) SignIn(ctx context.Context, in SignIn, caller Caller) (SignedIn, error) {
	if len(in.DeviceID) > deviceIDMax {
		return SignedIn{}, ErrDeviceIDInvalid
	}
	try := signInTry{in: in, caller: caller, name: nameKey(in.NameOrEmail)}
	queue, cancel, err := s.hashPlace(ctx, &try)
	if err != nil {
		return SignedIn{}, err
	}
	defer cancel()
	try.leaveQueue = cancel
	if err := s.countSignIn(ctx, &try); err != nil {
		return SignedIn{}, err
	}
	match, err := s.verifySignIn(queue, try.account(), in)
	if err != nil {
		return SignedIn{}, err
	}
	if !match {
		return SignedIn{}, s.signInFailed(ctx, &try)
	}
	return s.openByPassword(ctx, &try)
}

// signInTry is a sign-in on its way, and what has been found out about it.
type signInTry struct {
	in     SignIn
	caller Caller
	name   string // the key of the typed name
	row    accountRow
	exists bool   // whether row is an account
	device string // the id of the known device of the account, or ""

	leaveQueue func() // frees the place in the queue of hashes; the hash then takes a new one

	source []countedTry // the tries counted by source; empty for a known device
	key    secret.Hash  // the counter that counted the try by account or by name
}

// account returns the account, or nil if the typed name belongs to no account.
func (t *signInTry) account() *accountRow {
	if !t.exists {
		return nil
	}
	return &t.row
}

// hashPlace reads the account and takes a place in the queue of hashes. It returns the
// context for the hash, and the function that frees the place. A known device uses the
// reserved place of its account; strangers share the other places, and when these are full
// the account is not even read.
func (s *Sessions) hashPlace(ctx context.Context, try *signInTry) (queue context.Context, cancel func(), err error) {
	known := s.knownDevices(try.in.DeviceMarks)
	if len(known) > 0 {
		if err := s.findSignIn(ctx, try); err != nil {
			return nil, nil, err
		}
		mark, found := known[try.row.ID]
		if found && !mark.at.Before(try.row.PasswordChangedAt.Truncate(time.Second)) {
			try.device = mark.id
			return s.bookHash(s.known(ctx, &try.row, try.caller))
		}
	}
	stranger := secret.ForStranger(ctx, s.throttle.placeOf(try.caller.Address).far)
	if queue, cancel, err = s.bookHash(stranger); err != nil || len(known) > 0 {
		return queue, cancel, err
	}
	if err := s.findSignIn(ctx, try); err != nil {
		cancel()
		return nil, nil, err
	}
	return queue, cancel, nil
}

func (s *Sessions) bookHash(ctx context.Context) (queue context.Context, cancel func(), err error) {
	queue, cancel, err = s.hasher.Book(ctx)
	return queue, cancel, explained("take a place in the queue of hashes", err)
}

// findSignIn reads the account of the typed name, if there is one.
func (s *Sessions) findSignIn(ctx context.Context, try *signInTry) (err error) {
	try.row, err = s.accountByName(ctx, s.read(ctx), try.name)
	try.exists = err == nil
	if KindOf(err) == KindNotFound {
		return nil
	}
	return err
}

// countSignIn counts the try by source and by account, in one transaction. A known device is
// not counted by source, but by itself and together with the other known devices of its
// account. When the known devices have used up their tries, each of them is counted like any
// other browser.
//
// A try that the counter of the account refuses waits a moment and is counted again, see
// [Throttle.attempt]. It leaves its place in the queue of hashes meanwhile: otherwise tries at
// one account whose counter is full would keep everybody else out.
func (s *Sessions) countSignIn(ctx context.Context, try *signInTry) error {
	limits := s.opt.Limits
	var first []counter
	if try.device != "" {
		first = []counter{{s.throttle.key("known devices", try.row.owner()), limits.KnownDevices}}
	} else {
		first = s.throttle.near("sign-in", try.caller, limits.SignInSource, limits.SignInNetwork)
	}
	own := s.signInCounter(try)
	counted, err := s.throttle.countAll(ctx, append(first, own)...)
	passed := len(counted) >= len(first)
	if passed && errors.Is(err, ErrThrottled) {
		try.leaveQueue()
		err = s.throttle.attempt(ctx, own.key, own.limit)
	}
	if !passed && try.device != "" && errors.Is(err, ErrThrottled) {
		try.device = ""
		return s.countSignIn(ctx, try)
	}
	if try.key = own.key; passed && try.device == "" {
		try.source = counted[:len(first)]
	}
	return err
}

// signInCounter returns the counter of the known device, of the account or of the name.
func (s *Sessions) signInCounter(try *signInTry) counter {
	switch {
	case try.device != "":
		return counter{s.throttle.key("known device", try.row.owner()+" "+try.device), s.opt.Limits.KnownDevice}
	case try.exists:
		return counter{s.throttle.key("sign-in", "account "+try.row.owner()), s.opt.Limits.SignIn}
	default:
		return counter{s.throttle.key("sign-in", "name "+try.name), s.opt.Limits.SignIn}
	}
}

// rightPassword clears the counters of the account after the right password, and gives the
// try back to the counters of its source, so that many people behind one address do not
// hinder each other. docs/security.md says why nobody can use that to guess more often. Each
// account can give back a limited number of tries only, because each try costs a hash.
func (s *Sessions) rightPassword(tx *gorm.DB, try *signInTry) error {
	if len(try.source) > 0 {
		right := s.throttle.key("right passwords", try.row.owner())
		hits, err := s.throttle.raiseIn(tx, right, s.opt.Limits.RightPasswords, s.Now().UnixMilli())
		if err == nil && hits > 0 {
			err = giveBackIn(tx, try.source...)
		}
		if err != nil {
			return err
		}
	}
	if err := forgetIn(tx, try.key); err != nil {
		return err
	}
	return forgetIn(tx, s.throttle.key("known devices", try.row.owner()))
}

// signInFailed logs a wrong password. It writes nothing to the database, so that a
// name without an account takes as long as any other.
func (s *Sessions) signInFailed(ctx context.Context, try *signInTry) error {
	s.opt.Log.InfoContext(ctx, "sign-in failed", logAccount(try.row.ID), slog.String("address", try.caller.Address))
	return ErrSignInWrong
}

// openByPassword opens the session after the right password, if the account may have one. The
// counters are cleared in the same transaction.
func (s *Sessions) openByPassword(ctx context.Context, try *signInTry) (SignedIn, error) {
	var out SignedIn
	row := &try.row
	if row.DisabledAt != nil {
		if err := s.tx(ctx, "clear a counter", func(tx *gorm.DB) error { return s.rightPassword(tx, try) }); err != nil {
			return SignedIn{}, err
		}
		return SignedIn{}, ErrAccountDisabled
	}
	if row.ConfirmedAt == nil {
		err := s.tx(ctx, "hold a sign-up", func(tx *gorm.DB) (err error) {
			if out.PendingSecret, err = s.newPendingSecret(ctx, tx, row); err != nil {
				return err
			}
			return s.rightPassword(tx, try)
		})
		if err != nil {
			return SignedIn{}, err
		}
		return out, ErrConfirmFirst
	}
	mark, err := s.newDeviceMark(row, try.device)
	if err != nil {
		return SignedIn{}, explained("mark the device", err)
	}
	err = s.tx(ctx, "sign in", func(tx *gorm.DB) error {
		if err := s.endByToken(ctx, tx, try.in.OldToken); err != nil {
			return err
		}
		if out, err = s.open(ctx, tx, row, try.in, try.device != "", try.caller); err != nil {
			return err
		}
		return s.rightPassword(tx, try)
	})
	if err != nil {
		return SignedIn{}, err
	}
	out.DeviceMark = mark
	return out, nil
}

// open opens a session of the kind in.Kind. If the browser or device is new, it owes the
// owner a mail about it. An earlier session of the same program on the same device ends.
func (s *Sessions) open(ctx context.Context, tx *gorm.DB, row *accountRow, in SignIn, known bool, caller Caller) (SignedIn, error) {
	if in.Kind == SessionDevice {
		same := database.G[sessionRow](tx).Where("account_id = ? AND kind = ? AND client = ? AND device_id = ? AND address = ?",
			row.ID, SessionDevice, shortName(in.Client), in.DeviceID, caller.Address)
		if in.DeviceID == "" { // then programs at one address differ by their names only
			same = same.Where("device = ?", caller.Device)
		}
		earlier, err := same.Select("id").Limit(1).Find(ctx)
		if err != nil {
			return SignedIn{}, err
		}
		known = known || len(earlier) > 0
		if in.DeviceID != "" {
			if err := s.endSameDevice(ctx, tx, row.ID, in); err != nil {
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
	err = updateAccount(tx, row.ID, withTimeZone(map[string]any{"signed_in_at": gorm.Expr("COALESCE(signed_in_at, ?)", now)}, row, in.TimeZone),
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
	if err := database.G[sessionRow](tx).Create(ctx, &session); err != nil {
		return SignedIn{}, err
	}
	if err := s.endSurplus(ctx, tx, &session); err != nil {
		return SignedIn{}, err
	}
	out := SignedIn{Session: session.session(), Token: text}
	out.Session.Username, out.Session.DisplayName, out.Session.Locale = row.Username, row.DisplayName, row.Locale
	return out, nil
}

// endSurplus ends sessions of an account that has more sessions of one kind than allowed,
// in the transaction that made the new session. Browsers and devices are counted
// separately, so that a program that signs in again and again does not end the sessions of
// televisions. The sessions of devices that sent no device id end first, because each
// sign-in without a device id makes a new session. After them, the sessions that were
// unused for the longest time end.
func (s *Sessions) endSurplus(ctx context.Context, tx *gorm.DB, fresh *sessionRow) error {
	if s.opt.SessionsMost == 0 {
		return nil
	}
	var surplus []sessionRow
	// If the number after LIMIT were a parameter, SQLite would plan the statement again for
	// each of its values.
	err := tx.Raw(fmt.Sprintf(`SELECT id, device FROM sessions WHERE account_id = ? AND kind = ? AND id <> ?
ORDER BY CASE device_id WHEN '' THEN 1 ELSE 0 END, last_seen_at DESC, id DESC LIMIT %d OFFSET %d`, sweepStep, s.opt.SessionsMost-1),
		fresh.AccountID, fresh.Kind, fresh.ID).Scan(&surplus).Error
	if err != nil || len(surplus) == 0 {
		return err
	}
	var ids []int64
	var devices []string
	for _, one := range surplus {
		ids, devices = append(ids, one.ID), append(devices, one.Device)
	}
	if err := s.feedSignedOut(ctx, tx, fresh.AccountID, "id IN ?", ids); err != nil {
		return err
	}
	if err := s.endSessions(ctx, tx, fresh.AccountID, "id IN ?", ids); err != nil {
		return err
	}
	names := strings.Join(slices.Compact(devices), ", ") // usually one
	return s.recordAbout(ctx, tx, fresh.AccountID, EventSessionSurplus, names, Caller{})
}

// oweDeviceMail records the sign-in and owes a mail about a browser that is new. The first
// sign-in of an account needs no mail if it comes from the browser that confirmed the
// address; another browser may belong to a stranger, who signed up with an address of
// somebody else.
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

// confirmedHere reports whether the account was confirmed from this browser: whether its
// name and its network were the same.
func confirmedHere(ctx context.Context, tx *gorm.DB, accountID int64, caller Caller) (bool, error) {
	rows, err := database.G[historyRow](tx).Where("account_id = ? AND kind = ?", accountID, EventConfirmed).Order("id DESC").Limit(1).Find(ctx)
	if err != nil || len(rows) == 0 {
		return false, err
	}
	there, _ := networksOf(rows[0].Address)
	here, _ := networksOf(caller.Address)
	return there != "" && there == here && rows[0].Device == caller.Device, nil
}

// newDeviceMark returns a mark of the form ACCOUNT.DEVICE.SECONDS.MAC: which account signed
// in on which browser, and when. A mark gives no access; it only decides which counter
// counts a try.
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
