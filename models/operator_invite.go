package models

import (
	"cmp"
	"context"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// OperatedInvites are the acts of operators on invites to sign up. They are invites like those of owners, without a
// server: whoever accepts one gets an account and nothing else. They belong to the service and not to the operator who
// made them, so that every operator sees them and can take them back. The parameter operatorID is as in
// [OperatedAccounts].
type OperatedInvites struct {
	*core
	invites *Invites
}

// serviceOwner is the owner of an invite to sign up: the service itself, and no account.
const serviceOwner = 0

// Create makes an invite to sign up, and owes its mail if it names an address. Only the fields To, Link, Greeting, Uses,
// ExpiresAt, Note and IdempotencyKey of in count. To must be an address. It returns errors about these fields,
// [ErrOtherRequest], [ErrOperatorsOnly] or [ErrUnavailable].
func (o *OperatedInvites) Create(ctx context.Context, operatorID int64, in NewInvite) (Invite, error) {
	in = NewInvite{
		To: in.To, Link: in.Link, Greeting: in.Greeting, Uses: in.Uses, ExpiresAt: in.ExpiresAt, Note: in.Note, IdempotencyKey: in.IdempotencyKey,
		Type: LinkGuest, signUp: true,
	}
	request, err := o.idempotent("invite to sign up "+FormatID(operatorID), in.IdempotencyKey, in.canonical())
	if err != nil {
		return Invite{}, err
	}
	id, err := o.doneBefore(ctx, request)
	if err != nil {
		return Invite{}, err
	}
	if id == 0 {
		if id, err = o.makeInvite(ctx, request, operatorID, &in); err != nil {
			return Invite{}, err
		}
	}
	return o.Get(ctx, id)
}

func (o *OperatedInvites) makeInvite(ctx context.Context, request idempotentRequest, operatorID int64, in *NewInvite) (int64, error) {
	row, err := o.invites.check(serviceOwner, in)
	if err == nil && row.Typed != "" && row.EmailKey == "" {
		err = fieldError(KindInvalid, "to", "email_invalid")
	}
	if err != nil {
		return 0, err
	}
	before, err := o.txOnce(ctx, "make an invite to sign up", request, row.ID, func(tx *gorm.DB) error {
		if err := lockOperator(tx, operatorID); err != nil {
			return err
		}
		if err := database.G[inviteRow](tx).Create(ctx, &row); err != nil {
			return err
		}
		if row.EmailKey != "" {
			locale, err := o.localeOf(ctx, tx, operatorID)
			if err != nil {
				return err
			}
			if err := o.owe(ctx, tx, inviteSignUpMail(&row, locale)); err != nil {
				return err
			}
		}
		return o.recordAct(ctx, tx, operatorActRow{ActorID: operatorID, Kind: ActInviteMade, Subject: FormatID(row.ID)})
	})
	return cmp.Or(before, row.ID), err
}

// localeOf returns the language of an operator, or the first language of the service for the command line.
func (c *core) localeOf(ctx context.Context, tx *gorm.DB, operatorID int64) (string, error) {
	if operatorID == CommandLine {
		return c.language(""), nil
	}
	row, err := c.accountByID(ctx, tx, operatorID)
	return row.Locale, err
}

// InvitesAsk says which invites [OperatedInvites.List] returns.
type InvitesAsk struct {
	State  string // [InvitePending] for those that can be accepted; "" for all
	Before int64  // only older ones than the invite with this id; 0 for the newest
	Most   int    // the largest number of invites
}

// List returns invites to sign up, the newest first, with the people who came by them.
func (o *OperatedInvites) List(ctx context.Context, ask InvitesAsk) ([]Invite, error) {
	query := database.G[inviteRow](o.read(ctx)).Where("owner_id = ?", serviceOwner)
	if ask.State == InvitePending {
		query = query.Where("state = ? AND expires_at > ?", invitePending, o.Now())
	}
	if ask.Before != 0 {
		query = query.Where("id < ?", ask.Before)
	}
	rows, err := query.Order("id DESC").Limit(ask.Most).Find(ctx)
	if err != nil {
		return nil, explained("list the invites to sign up", err)
	}
	return o.invites.completeSent(ctx, rows)
}

// Get returns one invite to sign up. It returns [ErrNotFound].
func (o *OperatedInvites) Get(ctx context.Context, id int64) (Invite, error) {
	rows, err := database.G[inviteRow](o.read(ctx)).Where("id = ? AND owner_id = ?", id, serviceOwner).Find(ctx)
	if err != nil {
		return Invite{}, explained("read an invite to sign up", err)
	}
	if len(rows) != 1 {
		return Invite{}, ErrNotFound
	}
	list, err := o.invites.completeSent(ctx, rows)
	if err != nil {
		return Invite{}, err
	}
	return list[0], nil
}

// Secret returns the secret of the link of an invite to sign up, to copy it again. It returns [ErrNotFound] for an invite
// without a link, and for one that cannot be accepted any longer.
func (o *OperatedInvites) Secret(ctx context.Context, id int64) (string, error) {
	rows, err := o.openSignUps(ctx, o.read(ctx), id)
	if err != nil {
		return "", err
	}
	return o.openLink(rows)
}

// Withdraw takes back an invite to sign up that can still be accepted. Accounts that were made with it stay. It returns
// [ErrNotFound] or [ErrOperatorsOnly].
func (o *OperatedInvites) Withdraw(ctx context.Context, operatorID, id int64) error {
	return o.tx(ctx, "withdraw an invite to sign up", func(tx *gorm.DB) error {
		if err := lockOperator(tx, operatorID); err != nil {
			return err
		}
		now := o.Now()
		err := requireRow(tx.Exec("UPDATE invites SET state = ?, answered_at = ? WHERE id = ? AND owner_id = ? AND state = ? AND expires_at > ?",
			InviteWithdrawn, now, id, serviceOwner, invitePending, now))
		if err != nil {
			return err
		}
		return o.recordAct(ctx, tx, operatorActRow{ActorID: operatorID, Kind: ActInviteWithdrawn, Subject: FormatID(id)})
	})
}

// openSignUps reads the invite with an id if it is an invite to sign up that can be accepted.
func (c *core) openSignUps(ctx context.Context, db *gorm.DB, id int64) ([]inviteRow, error) {
	rows, err := database.G[inviteRow](db).Where("id = ? AND owner_id = ? AND state = ? AND expires_at > ?", id, serviceOwner, invitePending, c.Now()).Find(ctx)
	return rows, explained("read an invite to sign up", err)
}

// spendSignUp spends one use of an invite to sign up and writes down for whom. It returns [ErrNotFound] if the invite
// cannot be accepted any longer.
func (c *core) spendSignUp(ctx context.Context, tx *gorm.DB, inviteID, accountID int64) error {
	if err := c.spendUse(tx, inviteID, accountID); err != nil {
		return err
	}
	return c.recordUse(ctx, tx, inviteID, 0, accountID)
}

// closeSignUps spends the invites to sign up that were sent to the address of an account, because the account is
// confirmed now.
func (c *core) closeSignUps(ctx context.Context, tx *gorm.DB, row *accountRow) error {
	if row.EmailKey == "" {
		return nil
	}
	open, err := database.G[inviteRow](tx).Select("id").
		Where("email_key = ? AND state = ? AND owner_id = ? AND expires_at > ?", row.EmailKey, invitePending, serviceOwner, c.Now()).Find(ctx)
	for at := 0; err == nil && at < len(open); at++ {
		err = c.spendSignUp(ctx, tx, open[at].ID, row.ID)
		if KindOf(err) == KindNotFound { // withdrawn meanwhile
			err = nil
		}
	}
	return err
}

// cameToSignUp reports whether an account was made with the link of an invite to sign up.
func (c *core) cameToSignUp(ctx context.Context, accountID int64) (bool, error) {
	n, err := database.G[inviteUseRow](c.read(ctx)).Where("account_id = ? AND server_id = 0", accountID).Count(ctx, "*")
	return n > 0, explained("read how an account came", err)
}
