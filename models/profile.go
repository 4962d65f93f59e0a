package models

import (
	"context"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// Profile holds the names, the language and the time zone that a person changes without a
// password.
type Profile struct {
	Username, DisplayName, Locale string
	TimeZone                      *string // such as "Europe/Berlin"; "" for none, nil for the present one
}

// SetProfile changes username, display name, language and time zone together. It returns a
// KindInvalid error about the fields username, display_name, language and time_zone, or
// [ErrUsernameTaken] or [ErrThrottled]. Other people can take the old username at
// once.
func (a *Accounts) SetProfile(ctx context.Context, accountID int64, in Profile, caller Caller) error {
	current, err := a.Get(ctx, accountID)
	if err != nil {
		return err
	}
	in, wrong := a.checkProfile(in, current)
	if err := invalid(wrong); err != nil {
		return err
	}
	// The limit stops a person who tries out which usernames are taken.
	if err := a.throttle.allow(ctx, a.throttle.key("profile", FormatID(accountID)), a.opt.Limits.ProfileHour); err != nil {
		return err
	}
	return a.tx(ctx, "save the profile", func(tx *gorm.DB) error {
		if usernameKey(in.Username) != usernameKey(current.Username) {
			if err := a.freeUsername(ctx, tx, usernameKey(in.Username)); err != nil {
				return err
			}
		}
		err := updateAccount(tx, accountID, map[string]any{
			"username": in.Username, "username_key": usernameKey(in.Username), "display_name": in.DisplayName, "locale": in.Locale,
			"time_zone": *in.TimeZone,
		}, "")
		if database.IsDuplicate(err, "accounts", "username_key") {
			return ErrUsernameTaken.because(err)
		}
		if err != nil {
			return err
		}
		return a.recordEvent(ctx, tx, accountID, EventProfileChanged, caller)
	})
}

// checkProfile returns the profile in the form that is stored, and its mistakes.
func (a *Accounts) checkProfile(in Profile, current Account) (kept Profile, wrong []FieldError) {
	// A name that is older than a rule stays valid for its owner.
	if code := checkUsername(in.Username, a.opt.ServiceName); code != "" && in.Username != current.Username {
		wrong = append(wrong, FieldError{Field: "username", Code: code})
	}
	displayName, ok := cleanDisplayName(in.DisplayName)
	if !ok {
		wrong = append(wrong, FieldError{Field: "display_name", Code: "display_name_invalid"})
	}
	if displayName == "" {
		displayName = in.Username
	}
	in.DisplayName = displayName
	if !slices.Contains(a.opt.Languages, in.Locale) {
		wrong = append(wrong, ErrLanguageInvalid.Fields[0])
	}
	zone := current.TimeZone
	if in.TimeZone != nil {
		zone = strings.TrimSpace(*in.TimeZone)
	}
	if in.TimeZone = &zone; zone != "" && zone != current.TimeZone && !checkTimeZone(zone) {
		wrong = append(wrong, FieldError{Field: "time_zone", Code: "time_zone_invalid"})
	}
	return in, wrong
}

// SetLocale changes the language of an account. It returns [ErrLanguageInvalid].
func (a *Accounts) SetLocale(ctx context.Context, accountID int64, locale string) error {
	if !slices.Contains(a.opt.Languages, locale) {
		return ErrLanguageInvalid
	}
	return a.tx(ctx, "set the language", func(tx *gorm.DB) error {
		return updateAccount(tx, accountID, map[string]any{"locale": locale}, "")
	})
}
