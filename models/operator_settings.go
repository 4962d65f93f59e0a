package models

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// OperatorSettings are the settings that operators make on a page. A value of the same setting in the environment or in the
// file of settings is stronger. The package config knows the settings, checks their values and says which may be kept
// here; ADR 0049 says why. The values of secret settings are sealed with a key that is made from the secret key.
type OperatorSettings struct{ *core }

// operatorSettingRow is a row of operator_settings.
type operatorSettingRow struct {
	Name      string
	Value     string
	Sealed    bool
	ChangedAt time.Time
}

// TableName returns the name of the table, operator_settings.
func (operatorSettingRow) TableName() string { return "operator_settings" }

// sealSetting is the purpose of the key that seals the values of settings.
const sealSetting = "setting"

// settingMost is the largest number of bytes of a value.
const settingMost = 1000

// SettingChange is what an operator does to one setting.
type SettingChange struct {
	Name     string
	Value    string // "" for Remove
	Remove   bool   // the value is taken away, so that the default is in force again
	Secret   bool   // the value is kept sealed
	Announce bool   // every operator gets a mail about the change
}

// All returns the value of each setting that was made on a page, by the name of the setting.
func (o *OperatorSettings) All(ctx context.Context) (map[string]string, error) {
	rows, err := database.G[operatorSettingRow](o.read(ctx)).Order("name").Find(ctx)
	if err != nil {
		return nil, explained("read the settings of operators", err)
	}
	values := make(map[string]string, len(rows))
	for _, row := range rows {
		if row.Sealed {
			if row.Value, err = o.keys.Open(sealSetting, row.Name, row.Value); err != nil {
				return nil, explained("open the setting "+row.Name, err)
			}
		}
		values[row.Name] = row.Value
	}
	return values, nil
}

// Change makes changes of settings in one transaction, as an act of the operator whose account is operatorID, or of the
// command line. The caller has checked the values. It returns [ErrOperatorsOnly], or an error of KindInvalid for a value that is too long.
func (o *OperatorSettings) Change(ctx context.Context, operatorID int64, changes []SettingChange, caller Caller) error {
	return o.tx(ctx, "change settings", func(tx *gorm.DB) error {
		if err := lockOperator(tx, operatorID); err != nil {
			return err
		}
		return o.changeSettings(ctx, tx, operatorID, changes, caller)
	})
}

// changeSettings does the work of [OperatorSettings.Change] in a transaction.
func (c *core) changeSettings(ctx context.Context, tx *gorm.DB, actorID int64, changes []SettingChange, caller Caller) error {
	announced := false
	for _, change := range changes {
		if err := c.changeSetting(ctx, tx, change); err != nil {
			return err
		}
		kind := ActSettingChanged
		if change.Remove {
			kind = ActSettingRemoved
		}
		if err := c.recordAct(ctx, tx, operatorActRow{ActorID: actorID, Kind: kind, Subject: change.Name}); err != nil {
			return err
		}
		announced = announced || change.Announce
	}
	if !announced {
		return nil
	}
	operators, err := database.G[accountRow](tx).Where("operator = ?", true).Find(ctx)
	if err != nil {
		return err
	}
	now := c.Now()
	return c.oweEach(ctx, tx, operators, func(a *accountRow) owed { return settingsChangedMail(a, caller, now) })
}

func (c *core) changeSetting(ctx context.Context, tx *gorm.DB, change SettingChange) error {
	if err := tx.Exec("DELETE FROM operator_settings WHERE name = ?", change.Name).Error; err != nil || change.Remove {
		return err
	}
	if len(change.Value) > settingMost {
		return errSettingTooLong
	}
	row := operatorSettingRow{Name: change.Name, Value: change.Value, Sealed: change.Secret, ChangedAt: c.Now()}
	if change.Secret {
		var err error
		if row.Value, err = c.keys.Seal(c.opt.Random, sealSetting, row.Name, row.Value); err != nil {
			return err
		}
	}
	return database.G[operatorSettingRow](tx).Create(ctx, &row)
}

// resealSettings seals the values of settings with the current secret key if they are sealed with the previous one.
func (s *Store) resealSettings(ctx context.Context) error {
	if s.keys.PreviousID() == "" {
		return nil
	}
	return s.tx(ctx, "seal the settings", func(tx *gorm.DB) error {
		mine := s.keys.ID() + "."
		rows, err := database.G[operatorSettingRow](tx).Where("sealed = ? AND SUBSTR(value, 1, ?) <> ?", true, len(mine), mine).Find(ctx)
		if err != nil {
			return err
		}
		for _, row := range rows {
			text, err := s.keys.Open(sealSetting, row.Name, row.Value)
			if err != nil {
				return err
			}
			sealed, err := s.keys.Seal(s.opt.Random, sealSetting, row.Name, text)
			if err != nil {
				return err
			}
			if err := tx.Exec("UPDATE operator_settings SET value = ? WHERE name = ?", sealed, row.Name).Error; err != nil {
				return err
			}
		}
		return nil
	})
}

// Choices are those options of a Store that operators can also set on a page, so that the program learns them only from
// the database itself.
type Choices struct {
	SignUp            SignUpPolicy
	Servers           ServersPolicy
	ServiceName       string
	PasswordMinLength int
	FamilyLimit       int
}

// Choose replaces options. Call it after [Store.Prepare] and before other operations: they do not expect that an option
// changes meanwhile.
func (s *Store) Choose(c Choices) {
	s.opt.SignUp, s.opt.Servers, s.opt.ServiceName = c.SignUp, c.Servers, c.ServiceName
	s.opt.PasswordMinLength, s.opt.FamilyLimit = c.PasswordMinLength, c.FamilyLimit
}
