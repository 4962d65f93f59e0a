package agent

import (
	"context"
	"fmt"

	"gorm.io/gorm"
)

// managedRow is a row of the table managed_passwords, which has the passwords of guests if the media
// server makes tokens only with a password.
type managedRow struct {
	LocalUserID string
	Sealed      string // "" before the first password counts
	Tried       string // a newer password that the media server may have taken; "" if there is none
}

// ManagedPasswords returns the passwords that the agent manages for a local user. There are two if the
// agent has tried to set a new password and does not know whether the media server has taken it: the new
// one comes first, the former one follows. There are none for a local user who has chosen their own
// password.
func (s *Store) ManagedPasswords(ctx context.Context, localUserID string) ([]string, error) {
	rows, err := readManaged(s.read(ctx), localUserID)
	if err != nil {
		return nil, err
	}
	var passwords []string
	for _, row := range rows {
		for _, sealed := range []string{row.Tried, row.Sealed} {
			if sealed == "" {
				continue
			}
			password, err := s.keys.Open(sealManaged, localUserID, sealed)
			if err != nil {
				return nil, ErrWrongKey
			}
			passwords = append(passwords, password)
		}
	}
	return passwords, nil
}

func readManaged(db *gorm.DB, localUserID string) ([]managedRow, error) {
	var rows []managedRow
	err := db.Raw("SELECT local_user_id, sealed, tried FROM managed_passwords WHERE local_user_id = ?", localUserID).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read a managed password: %w", err)
	}
	return rows, nil
}

// keepManaged writes the password of a guest who was just created. It writes nothing for the secret "".
func (s *Store) keepManaged(tx *gorm.DB, localUserID, secret string) error {
	if secret == "" {
		return nil
	}
	sealed, err := s.keys.Seal(s.random, sealManaged, localUserID, secret)
	if err != nil {
		return err
	}
	return tx.Exec("INSERT INTO managed_passwords (local_user_id, sealed) VALUES (?, ?) ON CONFLICT (local_user_id) DO UPDATE SET sealed = excluded.sealed, tried = ''",
		localUserID, sealed).Error
}

// tryManaged writes down a password before the media server gets it.
func (s *Store) tryManaged(ctx context.Context, localUserID, password string) error {
	sealed, err := s.keys.Seal(s.random, sealManaged, localUserID, password)
	if err != nil {
		return err
	}
	return s.tx(ctx, "try a managed password", func(tx *gorm.DB) error {
		return tx.Exec("INSERT INTO managed_passwords (local_user_id, tried) VALUES (?, ?) ON CONFLICT (local_user_id) DO UPDATE SET tried = excluded.tried",
			localUserID, sealed).Error
	})
}

// settleManaged notes whether the media server has taken the password that was tried.
func (s *Store) settleManaged(ctx context.Context, localUserID string, taken bool) error {
	return s.tx(ctx, "settle a managed password", func(tx *gorm.DB) error {
		if !taken {
			return tx.Exec("UPDATE managed_passwords SET tried = '' WHERE local_user_id = ?", localUserID).Error
		}
		return tx.Exec("UPDATE managed_passwords SET sealed = tried, tried = '' WHERE local_user_id = ? AND tried <> ''", localUserID).Error
	})
}

// dropManaged forgets the passwords of a local user who was a guest until now.
func dropManaged(tx *gorm.DB, localUserID string) error {
	return tx.Exec("DELETE FROM managed_passwords WHERE local_user_id = ?", localUserID).Error
}
