package models

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// Holds are the operations by which a person, or the guardian of a member, puts things behind a PIN at one
// server: inside of what the owner lets them see, because a level only takes away.
type Holds struct {
	*core

	unlocks *Unlocks
}

// HoldPlace is a server at which somebody may put things behind a PIN.
type HoldPlace struct {
	Unlockable

	HasPIN  bool // of the person who opens: for a member, the guardian
	Choices LevelChoices
}

// Get reads a server of an account, for itself or for its guardian. It returns [ErrNotFound].
func (h *Holds) Get(ctx context.Context, readerID, accountID, serverID int64) (HoldPlace, error) {
	all, err := h.unlocks.List(ctx, readerID, accountID)
	if err != nil {
		return HoldPlace{}, err
	}
	for _, one := range all {
		if one.ServerID == serverID {
			return h.readPlace(ctx, readerID, one)
		}
	}
	return HoldPlace{}, ErrNotFound
}

func (h *Holds) readPlace(ctx context.Context, readerID int64, one Unlockable) (HoldPlace, error) {
	out := HoldPlace{Unlockable: one}
	reader, err := h.accountByID(ctx, h.read(ctx), readerID)
	if err != nil {
		return out, err
	}
	out.HasPIN = reader.PINHash != ""
	before, err := h.protectionOf(ctx, h.read(ctx), one.ServerID)
	out.Choices = before.Choices.shownTo(&one)
	return out, explained("read what can be limited", err)
}

// Set replaces what a PIN protects at a server; nil puts nothing there. pin is needed if the new hold
// takes less away than the one before: the PIN of the person, or of the guardian. It returns [ErrNotFound],
// [ErrGuardianOnly] for a member, errors about fields below hold, and the errors of [Unlocks.Open] about the PIN.
func (h *Holds) Set(ctx context.Context, readerID, accountID, serverID int64, hold *Level, pin string, caller Caller) error {
	opener, member, err := h.unlocks.mayOpen(ctx, readerID, accountID)
	if err != nil {
		return err
	}
	place, err := h.Get(ctx, readerID, accountID, serverID)
	if err != nil {
		return err
	}
	if hold, err = h.check(ctx, &opener, &place, hold); err != nil {
		return err
	}
	if err := h.proveWider(ctx, &opener, &place, hold, pin, caller); err != nil {
		return err
	}
	if same, err := sameLevel(place.Hold, hold); same || err != nil {
		return err
	}
	if err := h.throttle.allow(ctx, h.throttle.key("hold", FormatID(accountID)), h.opt.Limits.ProfileHour); err != nil {
		return err
	}
	packed, err := packOptional(hold)
	if err != nil {
		return err
	}
	if member != nil {
		caller.By = readerID
	}
	return h.tx(ctx, "put things behind a PIN", func(tx *gorm.DB) error {
		if err := h.unlocks.lockOpener(ctx, tx, &opener, member); err != nil {
			return err
		}
		return h.write(ctx, tx, &place, accountID, packed, caller)
	})
}

// write stores a hold, unless another one was stored meanwhile.
func (h *Holds) write(ctx context.Context, tx *gorm.DB, place *HoldPlace, accountID int64, packed *string, caller Caller) error {
	links, err := database.G[linkRow](tx).Where("id = ? AND account_id = ? AND state = ?", place.LinkID, accountID, LinkAccepted).Find(ctx)
	if err != nil {
		return err
	}
	if len(links) == 0 {
		return ErrNotFound
	}
	if err := h.feedLink(ctx, tx, &links[0], ChangeLink); err != nil {
		return err
	}
	rows, err := database.G[linkLevelsRow](tx).Where("link_id = ?", place.LinkID).Find(ctx)
	if err != nil {
		return err
	}
	before, err := packOptional(place.Hold)
	if err != nil {
		return err
	}
	var stored *string
	if len(rows) > 0 {
		stored = rows[0].Hold
	}
	if (stored == nil) != (before == nil) || stored != nil && *stored != *before {
		return ErrTokenSpent // another window has changed it: the PIN was given for something else
	}
	if err := changeLevels(ctx, tx, &links[0], map[string]any{"hold": packed}); err != nil {
		return err
	}
	return h.recordAbout(ctx, tx, accountID, EventHoldSet, place.ServerName, caller)
}

// sameLevel reports whether two levels that may be absent are the same.
func sameLevel(a, b *Level) (bool, error) {
	x, err := packOptional(a)
	if err != nil {
		return false, err
	}
	y, err := packOptional(b)
	return err == nil && (x == nil) == (y == nil) && (x == nil || *x == *y), err
}

// shownTo returns the choices without those that belong to libraries that the person may not see, so that the
// person does not learn their names. Tags belong to no library, so they are offered only if no level hides a
// library from the person for good.
func (c LevelChoices) shownTo(u *Unlockable) LevelChoices {
	if u.AllLibraries {
		return c
	}
	c.Tags = nil
	c.Folders = slices.DeleteFunc(slices.Clone(c.Folders), func(f LevelFolder) bool {
		return !slices.ContainsFunc(u.Libraries, func(l Library) bool { return l.ExternalID == f.LibraryID })
	})
	return c
}

// wider reports whether a hold takes away less than the one before in some field.
func wider(before, now *Level) bool {
	if before == nil {
		return false
	}
	if now == nil {
		return true
	}
	both, err := packLevel(new(now.and(*before)))
	if err != nil {
		return true
	}
	alone, err := packLevel(new(now.and(*now)))
	return err != nil || both != alone
}

// proveWider checks the PIN if a new hold takes away less than the one before.
func (h *Holds) proveWider(ctx context.Context, opener *accountRow, place *HoldPlace, hold *Level, pin string, caller Caller) error {
	if !wider(place.Hold, hold) {
		return nil
	}
	if place.Stopped {
		return ErrUnlockStopped.with("Server", place.ServerName)
	}
	return h.unlocks.provePIN(ctx, opener, []Unlockable{place.Unlockable}, pin, caller)
}

// check returns a hold in the form that is stored, or nil for a hold that takes nothing away. It returns errors about
// fields below hold, or [ErrPINNotSet] if nobody could open it. A person may name only libraries that the link shows
// them, because they must not learn the names of other libraries.
func (h *Holds) check(ctx context.Context, opener *accountRow, place *HoldPlace, hold *Level) (*Level, error) {
	if hold == nil || hold.takesNothing() {
		return nil, nil
	}
	if opener.PINHash == "" {
		return nil, ErrPINNotSet
	}
	names, _, err := h.namesAt(ctx, h.read(ctx), place.ServerID)
	if err != nil {
		return nil, explained("read what can be limited", err)
	}
	names.before = nil
	if place.Hold != nil {
		names.before = []Level{*place.Hold}
	}
	known := map[string]Library{}
	for _, one := range place.Libraries {
		known[one.ExternalID] = one
	}
	names.libraries = libraryNames{place.ServerID: known}
	checked, wrong := names.check("hold", *hold)
	return &checked, invalid(wrong)
}
