package models

import (
	"cmp"
	"context"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// oweGuardians owes a mail to a member without an address to each of its guardians. For other accounts
// and other kinds of mail it does nothing.
func (c *core) oweGuardians(ctx context.Context, tx *gorm.DB, m owed) error {
	if m.account.GuardianID == nil || !m.kind.traits().ToGuardians {
		return nil
	}
	guardians, err := c.guardiansOf(ctx, tx, *m.account.GuardianID)
	if err != nil {
		return err
	}
	for _, guardian := range guardians {
		row, err := c.mail(m.toGuardian(guardian))
		if err != nil {
			return err
		}
		if err := database.G[outboxRow](tx).Create(ctx, &row); err != nil {
			return err
		}
	}
	return nil
}

// mailGuardian completes a mail that goes to a guardian of its account. Nobody gets it if the guardian does
// not look after the account any longer.
func (m *Mail) mailGuardian(ctx context.Context, tx *gorm.DB, row *outboxRow, letter Letter) (Letter, error) {
	member, err := m.accountByID(ctx, tx, row.AccountID)
	if KindOf(err) == KindNotFound || err == nil && member.GuardianID == nil {
		return Letter{}, errDropMail
	}
	if err != nil {
		return Letter{}, err
	}
	is, err := m.isGuardian(ctx, tx, *member.GuardianID, letter.guardian)
	if err != nil {
		return Letter{}, err
	}
	guardian, err := m.accountByID(ctx, tx, letter.guardian)
	if KindOf(err) == KindNotFound || err == nil && (!is || guardian.Email == "" || guardian.DisabledAt != nil) {
		return Letter{}, errDropMail
	}
	if err != nil {
		return Letter{}, err
	}
	letter.To, letter.Locale, letter.TimeZone = guardian.Email, guardian.Locale, cmp.Or(guardian.TimeZone, letter.TimeZone)
	letter.Facts.Username, letter.Facts.DisplayName = member.Username, member.DisplayName
	letter.Stop, err = m.stopLink(ctx, tx, &letter)
	return letter, err
}
