package models

import (
	"cmp"
	"context"
	"slices"

	"gorm.io/gorm"
)

// ExportedTerms are the terms of a link that its owner set; times are in the
// link itself.
type ExportedTerms struct {
	LinkID    int64
	Libraries []Library
}

// readContract reads what this file is about.
func (e *Export) readContract(ctx context.Context, tx *gorm.DB, c *core, accountID int64) error {
	for _, part := range []func(context.Context, *gorm.DB, *core, int64) error{e.readInvites, e.readProofs, e.readQuickConnects, e.readTerms} {
		if err := part(ctx, tx, c, accountID); err != nil {
			return err
		}
	}
	return nil
}

// readInvites reads the invites that the account sent, and those that it got or
// may still answer.
func (e *Export) readInvites(ctx context.Context, tx *gorm.DB, c *core, accountID int64) error {
	keys, err := c.ownAddresses(ctx, tx, accountID)
	if err != nil {
		return err
	}
	var rows []inviteRow
	for _, part := range []struct {
		condition string
		args      []any
	}{
		{"i.owner_id = ?", []any{accountID}},
		{"i.answered_by = ?", []any{accountID}},
		{"i.account_id = ?", []any{accountID}},
		{"i.email_key IN ? AND i.owner_id <> ?", []any{append(keys, "no address"), accountID}}, // a list must not be empty
	} {
		var some []inviteRow // apart, so that each finds its index
		if err := tx.Raw("SELECT i.* FROM invites i WHERE "+part.condition, part.args...).Scan(&some).Error; err != nil {
			return err
		}
		rows = append(rows, some...)
	}
	slices.SortFunc(rows, func(a, b inviteRow) int { return cmp.Compare(a.ID, b.ID) })
	rows = slices.CompactFunc(rows, func(a, b inviteRow) bool { return a.ID == b.ID })
	e.Invites, err = c.fill(ctx, tx, rows)
	return err
}

func (e *Export) readProofs(ctx context.Context, tx *gorm.DB, c *core, accountID int64) error {
	rows, err := gorm.G[proofRow](tx).Where("account_id = ?", accountID).Order("id").Find(ctx)
	for i := range rows {
		e.Proofs = append(e.Proofs, c.proof(&rows[i]))
	}
	return err
}

func (e *Export) readQuickConnects(ctx context.Context, tx *gorm.DB, c *core, accountID int64) error {
	rows, err := gorm.G[quickRow](tx).Where("account_id = ?", accountID).Order("id").Find(ctx)
	for i := range rows {
		e.Quick = append(e.Quick, c.quick(&rows[i]))
	}
	return err
}

// readTerms reads the libraries that the account's links are confined to.
func (e *Export) readTerms(ctx context.Context, tx *gorm.DB, c *core, accountID int64) error {
	rows, err := gorm.G[linkRow](tx).Where("account_id = ? AND libraries IS NOT NULL", accountID).Order("id").Find(ctx)
	if err != nil {
		return err
	}
	for _, r := range rows {
		names, err := c.namesOfLibraries(ctx, tx, r.ServerID)
		if err != nil {
			return err
		}
		libraries, err := names.unpack(r.ServerID, r.Libraries)
		if err != nil {
			return err
		}
		e.Terms = append(e.Terms, ExportedTerms{LinkID: r.ID, Libraries: libraries})
	}
	return nil
}
