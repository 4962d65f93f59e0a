package models

import (
	"context"
	"strconv"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/secret"
)

// PINs are the operations on the short secret that opens a person's profile on a
// shared device. A PIN never gives access to addresses, passwords, links or sessions
//
type PINs struct{ *core }

// Set stores a new PIN. current is the present PIN; it is ignored if the account has
// none. It returns errors about the fields current_pin and pin, or the errors of
// [PINs.Verify].
func (p *PINs) Set(ctx context.Context, accountID int64, current, pin string, caller Caller) error {
	row, err := p.accountByID(ctx, p.read(ctx), accountID)
	if err != nil {
		return err
	}
	if code := checkPIN(pin, row.personal()...); code != "" {
		return fieldError(KindInvalid, "pin", code)
	}
	event := EventPINSet
	if row.PINHash != "" {
		event = EventPINChanged
		if err := p.verify(ctx, &row, current, caller); err != nil {
			return err
		}
	}
	return p.store(ctx, &row, pin, event, caller, nil)
}

// Remove removes the PIN. It returns the errors of [PINs.Verify].
func (p *PINs) Remove(ctx context.Context, accountID int64, current string, caller Caller) error {
	row, err := p.accountByID(ctx, p.read(ctx), accountID)
	if err != nil {
		return err
	}
	if err := p.verify(ctx, &row, current, caller); err != nil {
		return err
	}
	return p.store(ctx, &row, "", EventPINRemoved, caller, nil)
}

// store writes a PIN, or removes it if pin is "", unless the PIN of row has changed
// meanwhile. Before that it calls the function first in the same transaction.
func (p *PINs) store(ctx context.Context, row *accountRow, pin string, event EventKind, caller Caller, first func(tx *gorm.DB) error) error {
	hash := ""
	if pin != "" {
		var err error
		hash, err = p.hasher.Hash(p.known(ctx, row, caller), pinPurpose, row.owner(), preparePIN(pin))
		if err != nil {
			return explained("hash the PIN", err)
		}
	}
	err := p.tx(ctx, "store the PIN", func(tx *gorm.DB) error {
		if first != nil {
			if err := first(tx); err != nil {
				return err
			}
		}
		if err := p.replace(tx, row, hash); err != nil {
			return err
		}
		if err := p.pinChanged(ctx, tx, row, hash == ""); err != nil {
			return err
		}
		what := map[EventKind]string{EventPINSet: "set", EventPINChanged: "changed", EventPINRemoved: "removed"}[event]
		if err := p.owe(ctx, tx, pinChangedMail(row, what, caller, p.Now())); err != nil {
			return err
		}
		return p.recordEvent(ctx, tx, row.ID, event, caller)
	})
	if err != nil {
		return err
	}
	return p.throttle.forget(ctx, p.counters(row)...)
}

// replace stores the hash of a PIN, or removes the PIN if hash is "". It does so only if
// the account still has the PIN of row. Mailed links that reset the PIN become void.
func (p *PINs) replace(tx *gorm.DB, row *accountRow, hash string) error {
	err := updateAccount(tx, row.ID, map[string]any{"pin_hash": hash, "pin_changed_at": p.Now(), "pin_off_at": nil},
		"pin_hash = ? AND disabled_at IS NULL", row.PINHash)
	if KindOf(err) == KindNotFound {
		return ErrTokenSpent.because(err)
	}
	if err != nil {
		return err
	}
	return revoke(tx, row.ID, purposePINReset)
}

// counters returns the keys of the counters of wrong PINs, of the day and of the quarter
// hour. A right PIN clears them in this order: clearing the counter of the quarter hour lets
// new tries in, and these must not meet a full counter of the day.
func (p *PINs) counters(row *accountRow) []secret.Hash {
	return []secret.Hash{p.throttle.key("pin day", row.owner()), p.throttle.key("pin quarter", row.owner())}
}

// Verify compares a PIN with the PIN of an account. It counts the try before it compares.
// After five wrong PINs in a quarter of an hour it refuses further tries for a while, and
// after ten in a day it turns the PIN off until the PIN is reset. All callers share
// these counters. A text that cannot be a PIN does not count as a try. It returns
// [ErrWrongPIN] with the number of tries that are left, [ErrPINImpossible],
// [ErrPINThrottled], [ErrPINOff], [ErrPINNotSet], [ErrAccountDisabled], [ErrNotFound],
// [ErrBusy] or [ErrUnavailable].
func (p *PINs) Verify(ctx context.Context, accountID int64, pin string, caller Caller) error {
	row, err := p.accountByID(ctx, p.read(ctx), accountID)
	if err != nil {
		return err
	}
	return p.verify(ctx, &row, pin, caller)
}

func (p *PINs) verify(ctx context.Context, row *accountRow, pin string, caller Caller) error {
	switch {
	case row.DisabledAt != nil:
		return ErrAccountDisabled
	case row.PINHash == "":
		return ErrPINNotSet
	case row.PINOffAt != nil:
		return ErrPINOff
	}
	pin = preparePIN(pin)
	if !isPIN(pin) {
		return ErrPINImpossible
	}
	keys, l := p.counters(row), p.opt.Limits
	quarter, err := p.throttle.attemptCounted(ctx, keys[1], l.PINQuarter)
	if KindOf(err) == KindThrottled {
		return ErrPINThrottled.after(p.throttle.wait(ctx, keys[1]))
	}
	if err != nil {
		return err
	}
	day, err := p.throttle.raise(ctx, keys[0], l.PINDay)
	if err != nil {
		return err
	}
	if day == 0 {
		return p.turnOff(ctx, row, caller)
	}
	match, outdated, err := p.verifyHash(p.known(ctx, row, caller), row.PINHash, pinPurpose, row.owner(), pin)
	if err != nil {
		return explained("check the PIN", err)
	}
	if match {
		if outdated {
			p.rehash(ctx, row.ID, "pin_hash", row.PINHash, pinPurpose, row.owner(), pin)
		}
		return p.throttle.forget(ctx, keys...)
	}
	if day >= l.PINDay.Hits {
		return p.turnOff(ctx, row, caller)
	}
	left := min(l.PINQuarter.Hits-quarter, l.PINDay.Hits-day)
	wrong := ErrWrongPIN.with("Left", strconv.Itoa(left))
	if left == 0 {
		wrong.Params["Reason"] = "none_left"
	}
	return wrong
}

// turnOff turns the PIN off until it is reset, and returns [ErrPINOff].
func (p *PINs) turnOff(ctx context.Context, row *accountRow, caller Caller) error {
	err := p.tx(ctx, "turn the PIN off", func(tx *gorm.DB) error {
		err := updateAccount(tx, row.ID, map[string]any{"pin_off_at": p.Now()}, "pin_off_at IS NULL AND pin_hash = ?", row.PINHash)
		if KindOf(err) == KindNotFound { // another request has turned it off, or the PIN has changed meanwhile
			return nil
		}
		if err != nil {
			return err
		}
		if err := p.pinChanged(ctx, tx, row, false); err != nil {
			return err
		}
		return p.recordEvent(ctx, tx, row.ID, EventPINOff, caller)
	})
	if err != nil {
		return err
	}
	return ErrPINOff
}

// RequestReset owes a mail with a link that replaces or removes the PIN. Above a limit it
// does nothing and returns nil.
func (p *PINs) RequestReset(ctx context.Context, accountID int64) error {
	row, err := p.accountByID(ctx, p.read(ctx), accountID)
	if err != nil {
		return err
	}
	l, t := p.opt.Limits, p.throttle
	for _, rule := range []struct {
		what  string
		limit Limit
	}{{"pin reset minute", l.RecoverMinute}, {"pin reset day", l.RecoverDay}} {
		if err := t.allow(ctx, t.key(rule.what, row.owner()), rule.limit); err != nil {
			if KindOf(err) == KindThrottled {
				return nil
			}
			return err
		}
	}
	return p.tx(ctx, "ask for a PIN reset", func(tx *gorm.DB) error {
		if err := revoke(tx, accountID, purposePINReset); err != nil {
			return err
		}
		return p.owe(ctx, tx, pinResetMail(&row, p.opt.Lives.PINReset))
	})
}

// LookReset describes a PIN reset link without spending it. It returns
// [ErrTokenSpent].
func (p *PINs) LookReset(ctx context.Context, text string) (LinkInfo, error) {
	return p.mailedLink(ctx, purposePINReset, text)
}

// ResetByMail spends a PIN reset link and stores a new PIN, or removes it when
// pin is "". It opens no session. It returns [ErrTokenSpent] or an error
// about the field pin.
func (p *PINs) ResetByMail(ctx context.Context, text, pin string, caller Caller) error {
	info, err := p.LookReset(ctx, text)
	if err != nil {
		return err
	}
	row, err := p.accountByID(ctx, p.read(ctx), info.AccountID)
	if err != nil {
		return err
	}
	return p.reset(ctx, &row, pin, caller, func(tx *gorm.DB) error {
		t, err := p.spend(ctx, tx, purposePINReset, text)
		if err != nil {
			return err
		}
		_, err = p.tokenAccount(ctx, tx, t)
		return err
	})
}

// ResetByPassword stores a new PIN, or removes it when pin is "", for a signed-in
// person who knows the password of the account. It returns errors about the fields
// current_password and pin, or [ErrThrottled].
func (p *PINs) ResetByPassword(ctx context.Context, accountID int64, password, pin string, caller Caller) error {
	row, err := p.accountByID(ctx, p.read(ctx), accountID)
	if err != nil {
		return err
	}
	if code := p.wrongNewPIN(&row, pin); code != nil {
		return code
	}
	if err := p.passwordIs(ctx, &row, password, caller); err != nil {
		return err
	}
	return p.reset(ctx, &row, pin, caller, nil)
}

func (p *PINs) wrongNewPIN(row *accountRow, pin string) error {
	if pin == "" {
		return nil
	}
	if code := checkPIN(pin, row.personal()...); code != "" {
		return fieldError(KindInvalid, "pin", code)
	}
	return nil
}

func (p *PINs) reset(ctx context.Context, row *accountRow, pin string, caller Caller, first func(tx *gorm.DB) error) error {
	if err := p.wrongNewPIN(row, pin); err != nil {
		return err
	}
	event := EventPINChanged
	switch {
	case pin == "":
		event = EventPINRemoved
	case row.PINHash == "":
		event = EventPINSet
	}
	return p.store(ctx, row, pin, event, caller, first)
}
