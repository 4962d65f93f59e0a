package models

import (
	"context"
	"log/slog"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// InviteLinks are the operations on the links of invites, which an owner hands on in a
// chat, on a note or as a QR code. Everybody who has the link may accept the invite. Its
// secret differs from the secret in the invite's mail, and it proves no address.
type InviteLinks struct {
	*core
	invites *Invites
}

// IsInviteLink reports whether text has the form of the secret of an invite's link.
func IsInviteLink(text string) bool { return secret.WellFormed(secret.InviteToken, text) }

const (
	sealInviteLink    = "invite link" // the purpose for which the secrets of links are sealed
	inviteUsesMost    = 100
	inviteLifeLongest = 366 * 24 * time.Hour
)

// checkReach applies the rules about whom an invite reaches, and writes the values into row.
func (i *Invites) checkReach(row *inviteRow, in *NewInvite) (wrong []FieldError) {
	add := func(field, code string) { wrong = append(wrong, FieldError{Field: field, Code: code}) }
	var ok bool
	if row.Greeting, ok = cleanDisplayName(in.Greeting); !ok {
		add("greeting", "greeting_invalid")
	}
	row.Uses, row.ForFamily = int64(max(in.Uses, 1)), in.Family
	if in.Family && (in.Type != LinkGuest || row.Typed == "") {
		add("family", "family_one_guest")
	}
	switch {
	case in.Uses < 0 || in.Uses > inviteUsesMost:
		add("uses", "uses_invalid")
	case row.Uses > 1 && row.Typed != "":
		add("uses", "uses_mailed")
	case row.Uses > 1 && in.Type != LinkGuest:
		add("uses", "uses_linked")
	}
	row.ExpiresAt = row.CreatedAt.Add(inviteLife)
	if !in.ExpiresAt.IsZero() {
		row.ExpiresAt = in.ExpiresAt.UTC().Truncate(time.Millisecond)
	}
	if left := row.ExpiresAt.Sub(row.CreatedAt); left <= 0 || left > inviteLifeLongest {
		add("expires_at", "expires_at_invalid")
	}
	return wrong
}

// newLink makes the secret of an invite's link. It is stored sealed, so that its owner can
// copy it again, and hashed, so that it is found.
func (c *core) newLink(row *inviteRow) error {
	text, err := secret.NewToken(secret.InviteToken, c.opt.Random)
	if err != nil {
		return err
	}
	hash := secret.Sum(text)
	row.LinkHash = &hash
	row.LinkSecret, err = c.keys.Seal(c.opt.Random, sealInviteLink, FormatID(row.ID), text)
	return err
}

// Secret returns the secret of an owner's invite, to copy it again. It returns [ErrNotFound]
// for an invite without a link, and for one that cannot be accepted any longer.
func (l *InviteLinks) Secret(ctx context.Context, ownerID, inviteID int64) (string, error) {
	rows, err := l.openInvites(ctx, l.read(ctx), "i.id = ? AND i.owner_id = ?", inviteID, ownerID)
	if err != nil {
		return "", err
	}
	return l.openLink(rows)
}

// openLink returns the secret of the invite in rows, which has at most one. It returns [ErrNotFound] for no row,
// and for an invite without a link.
func (c *core) openLink(rows []inviteRow) (string, error) {
	if len(rows) != 1 || rows[0].LinkSecret == "" {
		return "", ErrNotFound
	}
	text, err := c.keys.Open(sealInviteLink, FormatID(rows[0].ID), rows[0].LinkSecret)
	if err != nil { // it was sealed with a secret key that nobody has any longer
		return "", ErrNotFound.because(err)
	}
	return text, nil
}

// countLook counts a look for the invite of a link by its caller. Nobody finds a secret of
// 256 bits, but somebody who tries must not keep the database busy. Mailed secrets are not counted.
func (c *core) countLook(ctx context.Context, text string, caller Caller) error {
	if !IsInviteLink(text) {
		return nil
	}
	l := c.opt.Limits
	return c.throttle.source(ctx, "invite link", caller, l.InviteLinkSource, l.InviteLinkNetwork, l.InviteLinkService)
}

// inviteID returns the id of the invite of a mailed secret or of the secret of a link, in any
// state. It returns [ErrTokenSpent] for any other text.
func (c *core) inviteID(ctx context.Context, text string) (int64, error) {
	if !IsInviteLink(text) {
		t, err := c.fresh(ctx, c.read(ctx), secret.MailToken, purposeInvite, text)
		return t.SubjectID, err
	}
	rows, err := database.G[inviteRow](c.read(ctx)).Select("id").Where("link_hash = ?", secret.Sum(text)).Find(ctx)
	if err != nil {
		return 0, explained("find an invite", err)
	}
	if len(rows) != 1 {
		return 0, ErrTokenSpent
	}
	return rows[0].ID, nil
}

// closedInvite returns the error that says why an invite cannot be accepted any longer, with
// the parameter Owner, whom a person can ask for another one.
func (c *core) closedInvite(ctx context.Context, inviteID int64) error {
	rows, err := database.G[inviteRow](c.read(ctx)).Where("id = ?", inviteID).Find(ctx)
	if err != nil {
		return explained("read the invite", err)
	}
	if len(rows) != 1 {
		return ErrTokenSpent
	}
	names, err := c.usernamesOf(ctx, c.read(ctx), rows)
	if err != nil {
		return err
	}
	reason := ErrInviteWithdrawn
	switch {
	case rows[0].State == InviteAccepted, rows[0].State == InviteDeclined:
		reason = ErrInviteUsed
	case rows[0].State == invitePending && !rows[0].ExpiresAt.After(c.Now()):
		reason = ErrInviteExpired
	}
	owner := names[rows[0].OwnerID]
	if rows[0].OwnerID == serviceOwner {
		owner = c.opt.ServiceName
	}
	return reason.with("Owner", owner)
}

// Accept accepts the invite of a link for an account, no matter for which person the link was
// meant. It returns the errors of [Invites.Look] and of [Invites.Accept], [ErrInviteOwn] for the
// owner's own invite, or [ErrAlreadyMember] if the account may use all its servers already; then
// the link stays as it is.
func (l *InviteLinks) Accept(ctx context.Context, accountID int64, text string, caller Caller) error {
	if !IsInviteLink(text) {
		return ErrTokenSpent
	}
	if err := l.countLook(ctx, text, caller); err != nil {
		return err
	}
	invite, err := l.inviteOf(ctx, text)
	if err != nil {
		return err
	}
	switch invite.OwnerID {
	case accountID:
		return ErrInviteOwn
	case serviceOwner: // it lets people sign up, and this person has an account
		return ErrAlreadyMember
	}
	err = l.invites.tryOffer(func() error {
		return l.tx(ctx, "accept the link of an invite", func(tx *gorm.DB) error {
			if err := l.requireAddress(ctx, tx, accountID); err != nil {
				return err
			}
			return l.invites.acceptByLink(ctx, tx, accountID, invite.ID, caller)
		})
	})
	if KindOf(err) == KindNotFound { // others have used it up meanwhile, or the owner withdrew it
		return l.closedInvite(ctx, invite.ID)
	}
	return err
}

// acceptByLink accepts an invite for an account that has its link. It returns [ErrNotFound]
// for an invite that is not pending, or [ErrAlreadyMember].
func (i *Invites) acceptByLink(ctx context.Context, tx *gorm.DB, accountID, inviteID int64, caller Caller) error {
	if err := lockUsableAccount(tx, accountID); err != nil {
		return err
	}
	rows, err := i.openInvites(ctx, tx, "i.id = ? AND i.owner_id <> ?", inviteID, accountID)
	if err != nil {
		return err
	}
	if len(rows) != 1 {
		return ErrNotFound
	}
	if err := lockAccount(tx, rows[0].OwnerID); err != nil { // the owner gets a mail
		return err
	}
	if err := i.requireOutside(ctx, tx, accountID, inviteID); err != nil {
		return err
	}
	if err := i.spendUse(tx, inviteID, accountID); err != nil {
		return err
	}
	return i.acceptSpent(ctx, tx, rows[0], accountID, caller)
}

// resealInvites seals the secrets of links with the current secret key if they are sealed
// with the previous one. Links of invites that cannot be accepted any longer stay.
func (s *Store) resealInvites(ctx context.Context) error {
	const step = 200
	mine := s.keys.ID() + "."
	for after := int64(0); s.keys.PreviousID() != ""; {
		rows, err := database.G[inviteRow](s.read(ctx)).
			Where("id > ? AND link_secret <> '' AND state = ? AND SUBSTR(link_secret, 1, ?) <> ?", after, invitePending, len(mine), mine).
			Order("id").Limit(step).Find(ctx)
		if err != nil {
			return explained("find the links of invites", err)
		}
		for _, row := range rows {
			after = row.ID
			if err := s.resealInvite(ctx, &row); err != nil {
				return explained("seal the link of an invite", err)
			}
		}
		if len(rows) < step {
			return nil
		}
	}
	return nil
}

func (s *Store) resealInvite(ctx context.Context, row *inviteRow) error {
	text, err := s.keys.Open(sealInviteLink, FormatID(row.ID), row.LinkSecret)
	if err != nil {
		s.opt.Log.ErrorContext(ctx, "the link of an invite cannot be opened", slog.Int64("invite_id", row.ID), logError(err))
		return nil
	}
	sealed, err := s.keys.Seal(s.opt.Random, sealInviteLink, FormatID(row.ID), text)
	if err != nil {
		return err
	}
	return s.db.Again(ctx, func(db *gorm.DB) error {
		return db.Exec("UPDATE invites SET link_secret = ? WHERE id = ? AND link_secret = ?", sealed, row.ID, row.LinkSecret).Error
	})
}
