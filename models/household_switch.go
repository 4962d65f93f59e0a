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

// Switch opens a switched session of a person of the household, in place of the one that the
// device had before. A member without a PIN needs none; everybody else needs their PIN, which
// counts its tries as [PINs.Verify] does. It returns [ErrNotFound] for somebody who is not among
// the people, [ErrSwitchNeedsPIN] for a grown person who has none, the errors of [PINs.Verify]
// about the field pin, [ErrThrottled], [ErrNoSession] or [ErrUnavailable].
func (h *Households) Switch(ctx context.Context, this Session, accountID int64, pin string, caller Caller) (SignedIn, error) {
	home, err := h.home(ctx, h.read(ctx), this)
	if err != nil {
		return SignedIn{}, explained("read the household", err)
	}
	people, err := h.people(ctx, h.read(ctx), &home)
	if err != nil {
		return SignedIn{}, explained("read the people of the household", err)
	}
	at := slices.IndexFunc(people, func(p HouseholdPerson) bool { return p.AccountID == accountID })
	if at < 0 {
		return SignedIn{}, ErrNotFound
	}
	if err := h.throttle.allow(ctx, h.throttle.key("switch", FormatID(home.first.ID)), h.opt.Limits.SwitchQuarter); err != nil {
		return SignedIn{}, err
	}
	person := people[at]
	if err := h.provePIN(ctx, &person, pin, caller); err != nil {
		return SignedIn{}, err
	}
	var out SignedIn
	err = h.tx(ctx, "switch to another person", func(tx *gorm.DB) error {
		out, err = h.open(ctx, tx, &home, &person, caller)
		return err
	})
	return out, err
}

// provePIN checks the PIN of a person who has one, before the transaction.
func (h *Households) provePIN(ctx context.Context, person *HouseholdPerson, pin string, caller Caller) error {
	switch {
	case person.HasPIN && pin == "" && person.row.PINOffAt == nil:
		return fieldError(KindInvalid, "pin", "field_required")
	case person.HasPIN:
		return atPIN(h.pins.verify(ctx, &person.row, pin, caller))
	case !person.Member:
		return ErrSwitchNeedsPIN
	}
	return nil
}

// atPIN returns an error of [PINs.Verify] about the field pin.
func atPIN(err error) error {
	wrong, ok := errors.AsType[*Error](err)
	if !ok || len(wrong.Fields) == 0 {
		return err
	}
	moved := *wrong
	moved.Fields = slices.Clone(wrong.Fields)
	for i := range moved.Fields {
		moved.Fields[i].Field = "pin"
	}
	return &moved
}

// open writes the switched session of a person. Everything that was read before is checked
// again: the person by their account, which may have changed, and the rest by the sessions.
func (h *Households) open(ctx context.Context, tx *gorm.DB, home *deviceHousehold, person *HouseholdPerson, caller Caller) (SignedIn, error) {
	err := lockPerson(tx, person.AccountID, person.row.PINHash)
	if person.Member {
		err = h.holdMember(ctx, tx, person)
	}
	if err != nil {
		return SignedIn{}, err
	}
	ids := []int64{home.first.ID, home.this.ID, person.from.ID}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if err := lockSession(tx, id); err != nil {
			return SignedIn{}, err
		}
	}
	if err := h.endSwitched(ctx, tx, home.first.ID); err != nil {
		return SignedIn{}, err
	}
	text, err := secret.NewToken(secret.SessionToken, h.opt.Random)
	if err != nil {
		return SignedIn{}, err
	}
	row := h.switchedRow(home, person, caller)
	row.TokenHash = secret.Sum(text)
	if row.ID, err = h.newID(); err != nil {
		return SignedIn{}, err
	}
	if err := database.G[sessionRow](tx).Create(ctx, &row); err != nil {
		return SignedIn{}, err
	}
	out := SignedIn{Session: row.session(), Token: text}
	out.Session.Username, out.Session.DisplayName, out.Session.Locale = person.Username, person.DisplayName, person.row.Locale
	return out, h.recordEvent(ctx, tx, person.AccountID, EventSwitchedTo, caller)
}

// holdMember locks a member of the household, who must still be looked after by the person of the first
// session. It locks a second guardian before the member, as [Families.Leave] and [Families.Remove] do
// before they end what the guardian has switched to. It returns [ErrNotFound].
func (h *Households) holdMember(ctx context.Context, tx *gorm.DB, person *HouseholdPerson) error {
	familyID, guardianID := *person.row.GuardianID, person.from.AccountID
	if guardianID != familyID {
		if err := lockAccount(tx, guardianID); err != nil {
			return err
		}
		is, err := h.isGuardian(ctx, tx, familyID, guardianID)
		if err == nil && !is {
			err = ErrNotFound
		}
		if err != nil {
			return err
		}
	}
	return lockMember(tx, person.AccountID, person.row.PINHash, familyID)
}

// switchedRow returns a switched session without its id and token. It is on the device of the
// first session, ends no later than the sessions that it depends on, and never proved a password.
func (h *Households) switchedRow(home *deviceHousehold, person *HouseholdPerson, caller Caller) sessionRow {
	now, first := h.Now(), &home.first
	row := sessionRow{
		AccountID: person.AccountID, Kind: first.Kind, Device: first.Device, Icon: first.Icon, DeviceID: first.DeviceID, Client: first.Client,
		Address: caller.Address, CreatedAt: now, LastSeenAt: now, ConfirmedAt: time.Unix(0, 0).UTC(), ExpiresAt: first.ExpiresAt,
		HouseholdID: first.ID, SwitchedFrom: person.from.ID,
	}
	if person.from.ExpiresAt.Before(row.ExpiresAt) {
		row.ExpiresAt = person.from.ExpiresAt
	}
	if person.Member {
		row.ByGuardian = *person.row.GuardianID
	}
	return row
}

// Join adds the person of a session to the people of another session on the same device, which
// proves itself by its token. If both are the same person's, the new session takes the place of
// the first one. It returns [ErrSwitched] for a switched session, an error about the field
// session_token for a token that is not of a living session of the same kind, [ErrHouseholdFull],
// [ErrHouseholdMember] for a session that holds or has a household already, [ErrNoSession] or
// [ErrUnavailable].
func (h *Households) Join(ctx context.Context, this Session, token string) error {
	if this.Switched {
		return ErrSwitched
	}
	if !secret.WellFormed(secret.SessionToken, token) {
		return errHouseholdToken
	}
	return h.tx(ctx, "join the people of a device", func(tx *gorm.DB) error {
		rows, err := database.G[sessionRow](tx).Where("token_hash = ?", secret.Sum(token)).Find(ctx)
		if err != nil {
			return err
		}
		if len(rows) != 1 || rows[0].ID == this.ID || !h.isAlive(rows[0].Kind, rows[0].LastSeenAt, rows[0].ExpiresAt) {
			return errHouseholdToken
		}
		other, err := h.home(ctx, tx, rows[0].session())
		if KindOf(err) == KindUnauthenticated {
			return errHouseholdToken
		}
		if err != nil {
			return err
		}
		return h.join(ctx, tx, this, &other)
	})
}

// join adds the session this to the household of another session.
func (h *Households) join(ctx context.Context, tx *gorm.DB, this Session, other *deviceHousehold) error {
	for _, accountID := range sortedPair(this.AccountID, other.first.AccountID) { // the second pair is one account when they are the same
		if err := lockUsableAccount(tx, accountID); err != nil {
			return ErrNoSession
		}
	}
	for _, id := range sortedPair(this.ID, other.first.ID) {
		if err := lockSession(tx, id); err != nil {
			return err
		}
	}
	mine, err := h.home(ctx, tx, this)
	if err != nil {
		return err
	}
	switch {
	case mine.this.Kind != other.first.Kind:
		return errHouseholdToken
	case mine.this.HouseholdID == other.first.ID:
		return nil
	case mine.this.HouseholdID != 0 || len(mine.signedIn) > 1:
		return ErrHouseholdMember
	case this.AccountID == other.first.AccountID:
		return h.replaceFirst(ctx, tx, this, other)
	case len(other.signedIn) > householdMost:
		return ErrHouseholdFull
	}
	// Somebody who signs in once more takes the place of their earlier session.
	for _, one := range other.signedIn[1:] {
		if one.AccountID != this.AccountID {
			continue
		}
		if err := h.endReplaced(ctx, tx, one.AccountID, []sessionRow{one}); err != nil {
			return err
		}
	}
	return tx.Exec("UPDATE sessions SET household_id = ?, lock_version = lock_version + 1 WHERE id = ?", other.first.ID, this.ID).Error
}

// replaceFirst puts a new session of the same person in the place of the first session. The
// sessions that depend on the other people stay; the switched sessions of the old session end with
// it.
func (h *Households) replaceFirst(ctx context.Context, tx *gorm.DB, this Session, other *deviceHousehold) error {
	err := tx.Exec("UPDATE sessions SET household_id = ?, lock_version = lock_version + 1 WHERE household_id = ? AND switched_from <> ?",
		this.ID, other.first.ID, other.first.ID).Error
	if err != nil {
		return err
	}
	return h.endReplaced(ctx, tx, other.first.AccountID, []sessionRow{other.first})
}

// sortedPair returns two ids in the order in which rows are locked, once if they are equal.
func sortedPair(a, b int64) []int64 {
	pair := []int64{a, b}
	slices.Sort(pair)
	return slices.Compact(pair)
}

// LeaveOut says whether the person of a signed-in session is left out of the people of its device.
// Nobody can switch to a person who is left out. It returns [ErrSwitched], [ErrNoSession] or
// [ErrUnavailable].
func (h *Households) LeaveOut(ctx context.Context, this Session, out bool) error {
	if this.Switched {
		return ErrSwitched
	}
	return h.tx(ctx, "leave a person out of the tiles", func(tx *gorm.DB) error {
		if err := lockSession(tx, this.ID); err != nil {
			return err
		}
		if out {
			if err := h.endSwitchedTo(ctx, tx, this); err != nil {
				return err
			}
		}
		return tx.Exec("UPDATE sessions SET left_out = ?, lock_version = lock_version + 1 WHERE id = ?", out, this.ID).Error
	})
}
