package models

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// Devices are the operations by which a TV is signed in from a phone (RFC 8628).
type Devices struct {
	*core
	sessions *Sessions
}

// The protocols by which a device asks for a code. They share the codes and the page.
const (
	DoorAPI  = "api"  // RFC 8628: the device holds a device code of its own
	DoorEmby = "emby" // the Emby wire: the device shows its id and the user code
)

// The states of a device code.
const (
	deviceWaiting  = "waiting"
	deviceApproved = "approved"
	deviceDenied   = "denied"
	deviceSpent    = "spent"
)

const (
	deviceCodeLife = 10 * time.Minute
	pollEvery      = 5 * time.Second // RFC 8628 §3.2
	slowDownBy     = 5 * time.Second // RFC 8628 §3.5
	pollLongest    = time.Minute
	deviceIDMax    = 255 // bytes; the same as embywire.DeviceIDMax, see TestDeviceIDsHaveOneLength
)

// deviceCodeRow is a row of device_codes. Only keyed hashes of the codes are stored.
type deviceCodeRow struct {
	ID              int64
	UserCodeMAC     secret.Hash `gorm:"column:user_code_mac"`
	DeviceMAC       secret.Hash `gorm:"column:device_mac"`
	DeviceID        string
	Client          string
	Device          string
	Address         string
	Door            string
	State           string
	AccountID       int64 // the account that approved it; 0 before
	PasswordVersion int64 // of that account at the approval; a new password makes the approval void
	PollEvery       int64 // milliseconds
	NextPoll        int64 // Unix milliseconds
	CreatedAt       time.Time
	ExpiresAt       time.Time
}

// TableName returns the name of the table, device_codes.
func (deviceCodeRow) TableName() string { return "device_codes" }

// DeviceAsk is the request of a device that wants to be signed in.
type DeviceAsk struct {
	DeviceID string // the device's own id; kept and echoed as it is, at most 255 bytes
	Client   string // the app
	Device   string // the device's name
	Door     string
}

// DeviceCode is the answer to a device. The device shows UserCode to the person and
// asks again with DeviceCode, or on the Emby wire with its id and UserCode.
type DeviceCode struct {
	UserCode, DeviceCode string
	ExpiresAt            time.Time
	Life, Interval       time.Duration
}

// Begin makes a code for a device. It returns [ErrDeviceIDInvalid], [ErrThrottled] or [ErrUnavailable].
func (d *Devices) Begin(ctx context.Context, in DeviceAsk, caller Caller) (DeviceCode, error) {
	if in.DeviceID == "" || len(in.DeviceID) > deviceIDMax {
		return DeviceCode{}, ErrDeviceIDInvalid
	}
	l := d.opt.Limits
	if err := d.throttle.source(ctx, "device code", caller, l.DeviceSource, l.DeviceNetwork, l.DeviceService); err != nil {
		return DeviceCode{}, err
	}
	long, err := secret.NewToken(secret.DeviceToken, d.opt.Random)
	if err != nil {
		return DeviceCode{}, explained("make a device code", err)
	}
	now := d.Now()
	row := deviceCodeRow{
		DeviceMAC: secret.Sum(long), DeviceID: in.DeviceID,
		Client: shortName(in.Client), Device: shortName(in.Device), Address: caller.Address, Door: in.Door, State: deviceWaiting,
		PollEvery: pollEvery.Milliseconds(), NextPoll: now.UnixMilli(), CreatedAt: now, ExpiresAt: now.Add(deviceCodeLife),
	}
	if row.ID, err = d.newID(); err != nil {
		return DeviceCode{}, explained("make an id", err)
	}
	code, err := d.unusedCode(func(code string) error {
		row.UserCodeMAC = d.userCodeMAC(code)
		if in.Door == DoorEmby {
			row.DeviceMAC, long = d.embyMAC(in.DeviceID, code), ""
		}
		return d.tx(ctx, "begin a device's sign-in", func(tx *gorm.DB) error { return database.G[deviceCodeRow](tx).Create(ctx, &row) })
	})
	if err != nil {
		return DeviceCode{}, err
	}
	if err := d.beginAnew(ctx, in); err != nil {
		return DeviceCode{}, err
	}
	return DeviceCode{
		UserCode: showShortCode(code), DeviceCode: long, ExpiresAt: row.ExpiresAt, Life: deviceCodeLife, Interval: pollEvery,
	}, nil
}

// shortName returns a name that a device sent, cut to 80 characters.
func shortName(name string) string {
	const longest = 80
	runes := []rune(cleanServerName(name))
	if len(runes) > longest {
		runes = runes[:longest]
	}
	return strings.TrimSpace(string(runes))
}

func (d *Devices) userCodeMAC(code string) secret.Hash { return d.keys.MAC("user code", code) }

func (d *Devices) embyMAC(deviceID, code string) secret.Hash {
	return d.keys.MAC("emby device", deviceID, code)
}

func (d *Devices) missKey(deviceID string) secret.Hash {
	return d.throttle.key("device misses", deviceID)
}

// beginAnew clears the counter of wrong codes when a device of the Emby wire asks for a new code
// after too many wrong ones: all codes that were guessed at are dead. A lower count stays:
// otherwise somebody who guesses could ask for new codes and never reach the limit.
func (d *Devices) beginAnew(ctx context.Context, in DeviceAsk) error {
	if in.Door != DoorEmby {
		return nil
	}
	misses := d.missKey(in.DeviceID)
	err := d.throttle.stillOpen(ctx, misses)
	if KindOf(err) == KindThrottled && err != nil {
		return d.throttle.forget(ctx, misses)
	}
	return err
}

// missed counts a wrong code of a device, no matter who sent it, because the id of a device is not
// secret. At the limit, missed makes the codes of the device invalid, and returns
// [ErrThrottled] until the device asks for a new code.
func (d *Devices) missed(ctx context.Context, deviceID string) error {
	limit := d.opt.Limits.DeviceMisses
	misses := d.missKey(deviceID)
	hits, err := d.throttle.raise(ctx, misses, limit)
	if err != nil {
		return err
	}
	if hits == 0 {
		return ErrThrottled.after(d.throttle.wait(ctx, misses))
	}
	if hits < limit.Hits {
		return nil
	}
	// There are two statements, because a single one would lock all rows that it reads.
	var codes []int64
	err = d.read(ctx).Raw("SELECT id FROM device_codes WHERE device_id = ? AND door = ? AND expires_at > ?", deviceID, DoorEmby, d.Now()).
		Scan(&codes).Error
	if err != nil || len(codes) == 0 {
		return explained("find the codes of a device", err)
	}
	return explained("end the codes of a device", d.db.Again(ctx, func(db *gorm.DB) error {
		return db.Exec("UPDATE device_codes SET state = ? WHERE id IN ?", deviceSpent, codes).Error
	}))
}

// AskingDevice describes a device to the person who may approve it.
type AskingDevice struct {
	UserCode, Client, Device, Address string
	AskedAt, ExpiresAt                time.Time
}

// LookCode finds the device that shows the code which a signed-in person has typed. Tries
// are counted by account, by source and for the whole service before the code is looked up
// . A text that cannot be a code does not count as a try. A right code gives back its
// own try only, and does not clear the counters, because everybody can ask for a code of
// their own. It returns [ErrCodeWrong] or [ErrThrottled].
func (d *Devices) LookCode(ctx context.Context, this Session, typed string, caller Caller) (AskingDevice, error) {
	row, err := d.waiting(ctx, this, typed, caller)
	if err != nil {
		return AskingDevice{}, err
	}
	code, _ := parseShortCode(typed)
	return AskingDevice{
		UserCode: showShortCode(code), Client: row.Client, Device: row.Device, Address: row.Address,
		AskedAt: row.CreatedAt.UTC(), ExpiresAt: row.ExpiresAt.UTC(),
	}, nil
}

func (d *Devices) waiting(ctx context.Context, this Session, typed string, caller Caller) (deviceCodeRow, error) {
	code, ok := parseShortCode(typed)
	if !ok {
		return deviceCodeRow{}, ErrCodeWrong
	}
	from, l := d.throttle.placeOf(caller.Address), d.opt.Limits
	service := d.throttle.key("user codes service", "")
	if err := d.throttle.stillOpen(ctx, service); err != nil { // over this limit right codes are refused too, so that nobody learns which are right
		return deviceCodeRow{}, err
	}
	account, err := d.throttle.count(ctx, d.throttle.key("user codes", FormatID(this.AccountID)), l.CodeAccount)
	if err != nil {
		return deviceCodeRow{}, err
	}
	source, err := d.throttle.count(ctx, d.throttle.key("user codes source", from.near), l.CodeSource.times(from.times))
	if err != nil {
		return deviceCodeRow{}, err
	}
	rows, err := database.G[deviceCodeRow](d.read(ctx)).
		Where("user_code_mac = ? AND state = ? AND expires_at > ?", d.userCodeMAC(code), deviceWaiting, d.Now()).Find(ctx)
	if err != nil {
		return deviceCodeRow{}, explained("find a device code", err)
	}
	if len(rows) != 1 {
		if err := d.throttle.allow(ctx, service, l.CodeService); err != nil {
			return deviceCodeRow{}, err
		}
		return deviceCodeRow{}, ErrCodeWrong
	}
	return rows[0], d.throttle.giveBack(ctx, account, source)
}

// Approve signs in the device that shows a code, to the account of this session. One of
// several parallel callers succeeds. It returns [ErrCodeWrong], [ErrThrottled], or
// [ErrUnavailable] while the clocks differ.
func (d *Devices) Approve(ctx context.Context, this Session, typed string, caller Caller) error {
	return d.clock.approving(func() error { return d.decide(ctx, this, typed, deviceApproved, EventDeviceApproved, caller) })
}

// Deny refuses the device. It returns the errors of [Devices.Approve].
func (d *Devices) Deny(ctx context.Context, this Session, typed string, caller Caller) error {
	return d.decide(ctx, this, typed, deviceDenied, EventDeviceDenied, caller)
}

func (d *Devices) decide(ctx context.Context, this Session, typed, state string, event EventKind, caller Caller) error {
	row, err := d.waiting(ctx, this, typed, caller)
	if err != nil {
		return err
	}
	return d.tx(ctx, "decide about a device", func(tx *gorm.DB) error {
		account, err := d.accountByID(ctx, tx, this.AccountID)
		if err != nil {
			return err
		}
		// A session that has just been ended may not decide: a person who ends all
		// sessions must not find a new device signed in afterwards.
		err = lockRow(tx, "sessions", "id = ? AND account_id = ?", this.ID, account.ID)
		if err == nil {
			err = requireRow(tx.Exec(`UPDATE device_codes SET state = ?, account_id = ?, password_version = ?
WHERE id = ? AND state = ? AND expires_at > ?`, state, account.ID, account.PasswordVersion, row.ID, deviceWaiting, d.Now()))
		}
		if errors.Is(err, ErrNotFound) {
			return ErrCodeWrong
		}
		if err != nil {
			return err
		}
		return d.recordAbout(ctx, tx, account.ID, event, deviceName(&row), caller)
	})
}

// Exchange trades an approved device code for a session, once (RFC 8628 §3.4).
// It returns [ErrAuthorizationPending], [ErrSlowDown], [ErrAccessDenied] or
// [ErrDeviceCodeExpired], the last also for a code that is unknown or was used.
func (d *Devices) Exchange(ctx context.Context, deviceCode string, caller Caller) (SignedIn, error) {
	if !secret.WellFormed(secret.DeviceToken, deviceCode) {
		return SignedIn{}, ErrDeviceCodeExpired
	}
	row, err := d.byMAC(ctx, secret.Sum(deviceCode))
	if err != nil {
		return SignedIn{}, err
	}
	if err := d.notTooFast(ctx, &row); err != nil {
		return SignedIn{}, err
	}
	switch row.State {
	case deviceWaiting:
		return SignedIn{}, ErrAuthorizationPending
	case deviceDenied:
		return SignedIn{}, ErrAccessDenied
	default:
		return d.admit(ctx, &row, caller)
	}
}

// errNoSuchCode means that a code does not exist and did not exist a short time ago either: it
// counts as a guess. A device that still shows its own old code is not guessing.
var errNoSuchCode = errors.New("models: no such device code")

// These are the statements of devices that ask every few seconds whether their code was approved.
// A device of the Emby wire uses the second one until it exchanges its code.
const (
	lookDevice = "SELECT id, device_id, client, device, state, account_id, password_version, expires_at FROM device_codes WHERE device_mac = ?"
	pollDevice = "SELECT state, expires_at FROM device_codes WHERE device_mac = ?"
)

// byMAC finds a device code, with the columns that [lookDevice] reads. It returns
// [ErrDeviceCodeExpired], which wraps errNoSuchCode if the code does not exist.
func (d *Devices) byMAC(ctx context.Context, mac secret.Hash) (deviceCodeRow, error) {
	var r deviceCodeRow
	found, err := d.hot.device.One(ctx, []any{mac[:]}, &r.ID, &r.DeviceID, &r.Client, &r.Device, &r.State, &r.AccountID, &r.PasswordVersion, &r.ExpiresAt)
	return r, d.usable(&r, found, err)
}

// stateByMAC does the same as byMAC, but reads only State and ExpiresAt.
func (d *Devices) stateByMAC(ctx context.Context, mac secret.Hash) (deviceCodeRow, error) {
	var r deviceCodeRow
	found, err := d.hot.poll.One(ctx, []any{mac[:]}, &r.State, &r.ExpiresAt)
	return r, d.usable(&r, found, err)
}

// usable returns the error of byMAC for a row; found and err are the results of its look-up.
func (d *Devices) usable(r *deviceCodeRow, found bool, err error) error {
	switch {
	case err != nil:
		return explained("find a device code", err)
	case !found:
		return ErrDeviceCodeExpired.because(errNoSuchCode)
	case r.State == deviceSpent || !r.ExpiresAt.After(d.Now()):
		return ErrDeviceCodeExpired
	}
	return nil
}

// notTooFast stores the pace of one device in its row, so that the pace holds on every
// instance. A device that asks too soon has to wait longer from then on. It returns
// [ErrSlowDown].
func (d *Devices) notTooFast(ctx context.Context, row *deviceCodeRow) error {
	now := d.Now().UnixMilli()
	early := false
	err := d.db.Again(ctx, func(db *gorm.DB) error {
		result := db.Exec("UPDATE device_codes SET next_poll = ? + poll_every WHERE id = ? AND next_poll <= ?", now, row.ID, now)
		early = result.RowsAffected != 1
		if result.Error != nil || !early {
			return result.Error
		}
		// MySQL computes with the values assigned so far, and SQLite with the old values. The
		// sum is assigned first, so that both compute the same.
		by := slowDownBy.Milliseconds()
		return db.Exec("UPDATE device_codes SET next_poll = ? + poll_every + ?, poll_every = poll_every + ? WHERE id = ? AND poll_every < ?",
			now, by, by, row.ID, pollLongest.Milliseconds()).Error
	})
	if err != nil {
		return explained("pace a device", err)
	}
	if early {
		return ErrSlowDown
	}
	return nil
}

// admit spends an approved code and opens the session, unless the account was disabled
// or its password changed meanwhile. The code is spent in any case.
func (d *Devices) admit(ctx context.Context, row *deviceCodeRow, caller Caller) (SignedIn, error) {
	var out SignedIn
	refused := false
	err := d.tx(ctx, "sign a device in", func(tx *gorm.DB) error {
		out, refused = SignedIn{}, false
		result := tx.Exec("UPDATE device_codes SET state = ? WHERE id = ? AND state = ? AND expires_at > ?", deviceSpent, row.ID, deviceApproved, d.Now())
		if result.Error != nil {
			return result.Error
		}
		if result.RowsAffected != 1 {
			return ErrDeviceCodeExpired
		}
		account, err := d.accountByID(ctx, tx, row.AccountID)
		if KindOf(err) == KindNotFound || err == nil && (account.DisabledAt != nil || account.PasswordVersion != row.PasswordVersion) {
			refused = true
			return nil
		}
		if err != nil {
			return err
		}
		in := SignIn{Kind: SessionDevice, DeviceID: row.DeviceID, Client: row.Client, Unproved: true}
		caller.Device, caller.Icon = deviceName(row), "tv"
		out, err = d.sessions.open(ctx, tx, &account, in, false, caller)
		return err
	})
	if err == nil && refused || errors.Is(err, ErrSignInWrong) { // ErrSignInWrong: the password changed at this very moment
		return SignedIn{}, ErrDeviceCodeExpired
	}
	return out, err
}

func deviceName(row *deviceCodeRow) string {
	switch {
	case row.Device != "" && row.Client != "":
		return shortName(row.Device + " · " + row.Client)
	case row.Device != "":
		return row.Device
	default:
		return row.Client
	}
}

// EmbyPoll reports whether the code that an Emby device shows was approved. It returns
// [ErrDeviceCodeExpired] for an unknown, denied, used or expired pair of id and code. Wrong pairs
// are counted by device; after too many, all pairs of the device get [ErrThrottled].
func (d *Devices) EmbyPoll(ctx context.Context, deviceID, typed string) (approved bool, err error) {
	row, err := d.byEmby(ctx, deviceID, typed, d.stateByMAC)
	return err == nil && row.State == deviceApproved, err
}

func (d *Devices) byEmby(ctx context.Context, deviceID, typed string, look func(context.Context, secret.Hash) (deviceCodeRow, error)) (deviceCodeRow, error) {
	code, ok := parseShortCode(typed)
	if !ok || deviceID == "" || len(deviceID) > deviceIDMax {
		return deviceCodeRow{}, ErrDeviceCodeExpired
	}
	row, err := look(ctx, d.embyMAC(deviceID, code))
	switch {
	case err == nil && row.State == deviceDenied:
		return row, ErrDeviceCodeExpired
	case errors.Is(err, errNoSuchCode):
		return row, cmp.Or(d.missed(ctx, deviceID), err)
	case KindOf(err) == KindExpired:
		return row, cmp.Or(d.throttle.stillOpen(ctx, d.missKey(deviceID)), err)
	default:
		return row, err
	}
}

// EmbyExchange trades the code that an Emby device shows for a session, once. It
// returns [ErrDeviceCodeExpired], also for a code that is not approved yet.
func (d *Devices) EmbyExchange(ctx context.Context, deviceID, typed string, caller Caller) (SignedIn, error) {
	row, err := d.byEmby(ctx, deviceID, typed, d.byMAC)
	if err != nil {
		return SignedIn{}, err
	}
	if row.State != deviceApproved {
		return SignedIn{}, ErrDeviceCodeExpired
	}
	return d.admit(ctx, &row, caller)
}
