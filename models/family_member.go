package models

import (
	"context"
	"errors"
	"maps"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// Members are the operations of guardians on one account that they look after. Every operation returns
// [ErrNotFound] for any other account, whether it exists or not. The history of the member names the
// guardian. Mails to the member go to its guardians.
type Members struct {
	*core

	pins     *PINs
	links    *Links
	invites  *Invites
	sessions *Sessions
	pictures *Pictures
}

// MemberDetail has everything that guardians see of a member.
type MemberDetail struct {
	Member

	Ceiling  *Ceiling  // nil for none
	Sessions []Session // the most recently used first
	Links    []Link    // accepted and pending ones
	Invites  []Invite  // that wait for an answer
}

// memberSessions is more than the number of sessions that a guardian looks through.
const memberSessions = 100

// lookedAfter reads a member of the family of a guardian. It returns [ErrNotFound] for any other account.
func (m *Members) lookedAfter(ctx context.Context, guardianID, memberID int64) (accountRow, error) {
	row, err := m.accountByID(ctx, m.read(ctx), memberID)
	if err != nil {
		return accountRow{}, err
	}
	if row.GuardianID == nil {
		return accountRow{}, ErrNotFound
	}
	is, err := m.isGuardian(ctx, m.read(ctx), *row.GuardianID, guardianID)
	if err == nil && !is {
		err = ErrNotFound
	}
	if err != nil {
		return accountRow{}, explained("find the guardians", err)
	}
	return row, nil
}

// holdMember locks a member for its guardian. It returns [ErrNotFound] for somebody who is not a guardian of
// it any longer.
func (m *Members) holdMember(ctx context.Context, tx *gorm.DB, row *accountRow, guardianID int64) error {
	if err := m.holdFamily(ctx, tx, *row.GuardianID, guardianID); err != nil {
		return err
	}
	return lockRow(tx, "accounts", "id = ? AND guardian_id = ?", row.ID, *row.GuardianID)
}

// onMember calls work in a transaction that holds a member for its guardian.
func (m *Members) onMember(ctx context.Context, doing string, guardianID, memberID int64, work func(tx *gorm.DB, row *accountRow) error) error {
	row, err := m.lookedAfter(ctx, guardianID, memberID)
	if err != nil {
		return err
	}
	return m.tx(ctx, doing, func(tx *gorm.DB) error {
		if err := m.holdMember(ctx, tx, &row, guardianID); err != nil {
			return err
		}
		return work(tx, &row)
	})
}

// Get reads a member, with its sessions, its servers and what waits for an answer.
func (m *Members) Get(ctx context.Context, guardianID, memberID int64) (MemberDetail, error) {
	row, err := m.lookedAfter(ctx, guardianID, memberID)
	if err != nil {
		return MemberDetail{}, err
	}
	out := MemberDetail{Member: row.member(), Ceiling: row.ceilingOf()}
	waiting, err := database.G[emailChange](m.read(ctx)).
		Where("account_id = ? AND state = ? AND expires_at > ?", memberID, changeWaiting, m.Now()).Order("id DESC").Limit(1).Find(ctx)
	if err != nil {
		return MemberDetail{}, explained("read the email change", err)
	}
	if len(waiting) > 0 {
		out.Leaving = waiting[0].NewEmail
	}
	page, err := m.sessions.Page(ctx, memberID, SessionPlace{}, memberSessions)
	if err != nil {
		return MemberDetail{}, err
	}
	out.Sessions = page.Sessions
	for _, state := range []string{LinkPending, LinkAccepted} {
		links, err := m.links.List(ctx, memberID, state)
		if err != nil {
			return MemberDetail{}, err
		}
		out.Links = append(out.Links, links...)
	}
	out.Invites, err = m.invites.Received(ctx, memberID)
	return out, err
}

// EndSession ends one session of a member. It also returns [ErrNotFound] for a session of another
// account.
func (m *Members) EndSession(ctx context.Context, guardianID, memberID, sessionID int64, caller Caller) error {
	caller.By = guardianID
	return m.onMember(ctx, "end a session of a member", guardianID, memberID, func(tx *gorm.DB, row *accountRow) error {
		found, err := m.sessions.endOne(ctx, tx, row.ID, sessionID, caller)
		if err == nil && !found {
			err = ErrNotFound
		}
		return err
	})
}

// EndSessions ends all sessions of a member, as [Sessions.EndAll] does.
func (m *Members) EndSessions(ctx context.Context, guardianID, memberID int64, caller Caller) error {
	caller.By = guardianID
	return m.onMember(ctx, "end the sessions of a member", guardianID, memberID, func(tx *gorm.DB, row *accountRow) error {
		if err := m.endEverything(ctx, tx, row.ID); err != nil {
			return err
		}
		return m.recordEvent(ctx, tx, row.ID, EventSignedOutEverywhere, caller)
	})
}

// SetPassword gives a member a new password, or with "" none, so that the member cannot sign in. All
// sessions end. It also returns an error about the field password, [ErrBusy] or [ErrTokenSpent] if
// another change came first.
func (m *Members) SetPassword(ctx context.Context, guardianID, memberID int64, password string, caller Caller) error {
	row, err := m.lookedAfter(ctx, guardianID, memberID)
	if err != nil {
		return err
	}
	hash := ""
	if password != "" {
		if wrong := m.checkPassword("password", password, row.personal()...); wrong != nil {
			return invalid([]FieldError{*wrong})
		}
		if hash, err = m.newPasswordHash(ctx, &row, password, caller); err != nil {
			return err
		}
	}
	caller.By = guardianID
	return m.tx(ctx, "set the password of a member", func(tx *gorm.DB) error {
		if err := m.holdMember(ctx, tx, &row, guardianID); err != nil {
			return err
		}
		if err := m.replacePassword(tx, &row, hash); err != nil {
			return err
		}
		if err := m.endEverything(ctx, tx, row.ID); err != nil {
			return err
		}
		if err := m.owe(ctx, tx, passwordChangedMail(&row, caller, m.Now())); err != nil {
			return err
		}
		return m.recordEvent(ctx, tx, row.ID, EventPasswordChanged, caller)
	})
}

// SetPIN gives a member a new PIN, or removes it if pin is "". Guardians need not know the present PIN,
// and a PIN that was off is on again. It also returns an error about the field pin, [ErrPINNotSet] if
// there is no PIN to remove, [ErrBusy] or [ErrTokenSpent] if another change came first.
func (m *Members) SetPIN(ctx context.Context, guardianID, memberID int64, pin string, caller Caller) error {
	row, err := m.lookedAfter(ctx, guardianID, memberID)
	if err != nil {
		return err
	}
	if pin == "" && row.PINHash == "" {
		return ErrPINNotSet
	}
	caller.By = guardianID
	return m.pins.reset(ctx, &row, pin, caller, func(tx *gorm.DB) error { return m.holdMember(ctx, tx, &row, guardianID) })
}

// Delete erases a member and all its data.
func (m *Members) Delete(ctx context.Context, guardianID, memberID int64) error {
	return m.onMember(ctx, "delete a member", guardianID, memberID, func(tx *gorm.DB, row *accountRow) error {
		if err := m.takeAway(ctx, tx, row.ID); err != nil {
			return err
		}
		return m.eraseTaken(ctx, tx, row)
	})
}

// LetGo begins to let a member go: the address that the member names gets a mail with a link. The person who
// opens it chooses a password, and from then on nobody is the guardian of the account; see
// [Emails.ConfirmChange]. A later call replaces an earlier one. It also returns an error about the field
// email, or [ErrThrottled].
func (m *Members) LetGo(ctx context.Context, guardianID, memberID int64, email string, caller Caller) error {
	row, err := m.lookedAfter(ctx, guardianID, memberID)
	if err != nil {
		return err
	}
	change := emailChange{AccountID: memberID, OldEmail: row.Email, OldEmailKey: row.EmailKey, State: changeWaiting, CreatedAt: m.Now()}
	var ok bool
	if change.NewEmail, change.NewEmailKey, ok = parseEmail(email); !ok {
		return fieldError(KindInvalid, "email", "email_invalid")
	}
	if err := m.throttle.allow(ctx, m.throttle.key("let go", FormatID(guardianID)), m.opt.Limits.EmailChangeDay); err != nil {
		return err
	}
	change.ExpiresAt = change.CreatedAt.Add(m.opt.Lives.EmailChange)
	if change.ID, err = m.newID(); err != nil {
		return explained("make an id", err)
	}
	caller.By = guardianID
	return m.tx(ctx, "let a member go", func(tx *gorm.DB) error {
		if err := m.holdMember(ctx, tx, &row, guardianID); err != nil {
			return err
		}
		if err := replaceWaiting(tx, memberID); err != nil {
			return err
		}
		if err := database.G[emailChange](tx).Create(ctx, &change); err != nil {
			return err
		}
		if err := m.owe(ctx, tx, emailConfirmMail(&row, &change, m.opt.Lives.EmailChange, FormatID(guardianID))); err != nil {
			return err
		}
		return m.recordAbout(ctx, tx, memberID, EventLetGoAsked, maskEmail(change.NewEmail), caller)
	})
}

// TakeBackLetGo takes back [Members.LetGo], as long as nobody has opened the mailed link. From then on the
// link opens nothing, and its mail is not sent if it was not sent yet. It also returns [ErrNotFound] when
// no address waits for its confirmation.
func (m *Members) TakeBackLetGo(ctx context.Context, guardianID, memberID int64, caller Caller) error {
	caller.By = guardianID
	return m.onMember(ctx, "take back that a member is let go", guardianID, memberID, func(tx *gorm.DB, row *accountRow) error {
		waiting, err := database.G[emailChange](tx).
			Where("account_id = ? AND state = ? AND expires_at > ?", row.ID, changeWaiting, m.Now()).Order("id DESC").Limit(1).Find(ctx)
		if err != nil {
			return err
		}
		if len(waiting) == 0 {
			return ErrNotFound
		}
		if err := replaceWaiting(tx, row.ID); err != nil {
			return err
		}
		return m.recordAbout(ctx, tx, row.ID, EventLetGoTakenBack, maskEmail(waiting[0].NewEmail), caller)
	})
}

// SetPicture gives a member a picture, as [Pictures.Set] does. The files are counted for the guardian. It
// returns the errors of [Pictures.Set], too.
func (m *Members) SetPicture(ctx context.Context, guardianID, memberID int64, file []byte, caller Caller) error {
	if _, err := m.lookedAfter(ctx, guardianID, memberID); err != nil {
		return err
	}
	drawn, err := m.pictures.draw(ctx, guardianID, file)
	if err != nil {
		return err
	}
	return m.changePicture(ctx, "set the picture of a member", guardianID, memberID, &drawn, caller)
}

// RemovePicture deletes the picture of a member, if there is one.
func (m *Members) RemovePicture(ctx context.Context, guardianID, memberID int64, caller Caller) error {
	return m.changePicture(ctx, "remove the picture of a member", guardianID, memberID, &pictureRow{}, caller)
}

// changePicture replaces the picture of a member by a row, or removes it if the row has no token.
func (m *Members) changePicture(ctx context.Context, what string, guardianID, memberID int64, drawn *pictureRow, caller Caller) error {
	caller.By = guardianID
	return m.onMember(ctx, what, guardianID, memberID, func(tx *gorm.DB, row *accountRow) error {
		drawn.AccountID = row.ID
		return m.pictures.replaceOwn(ctx, tx, drawn, caller)
	})
}

// settleLetGo ends the guardianship of an account whose address was just confirmed. The guardians know its
// password and its PIN, or may have signed in with them, so both end and all sessions, too. It returns the
// secret of a link that sets a new password.
func (e *Emails) settleLetGo(ctx context.Context, tx *gorm.DB, row *accountRow, change *emailChange, caller Caller) (resetSecret string, err error) {
	if resetSecret, err = e.startAfresh(ctx, tx, row, map[string]any{"guardian_id": nil}); err != nil {
		return "", err
	}
	if err := e.endGuardianship(ctx, tx, row.ID); err != nil {
		return "", err
	}
	return resetSecret, e.recordAbout(ctx, tx, row.ID, EventLetGo, maskEmail(change.NewEmail), caller)
}

// startAfresh ends every way into an account, the PIN as well, and changes more columns of its row. It
// returns the secret of a link that sets a new password. The change of the address has raised the version
// of the password by one already.
func (e *Emails) startAfresh(ctx context.Context, tx *gorm.DB, row *accountRow, more map[string]any) (resetSecret string, err error) {
	now := e.Now()
	row.PasswordVersion += 2
	columns := map[string]any{
		"password_hash": "", "legacy_md5": "", "legacy_md5_filtered": "", "password_version": row.PasswordVersion, "password_changed_at": now,
		"pin_hash": "", "pin_changed_at": nil, "pin_off_at": nil,
	}
	maps.Copy(columns, more)
	if err := updateAccount(tx, row.ID, columns, ""); err != nil {
		return "", err
	}
	if err := e.endEverything(ctx, tx, row.ID); err != nil {
		return "", err
	}
	if err := revoke(tx, row.ID, purposeReset, purposePINReset, purposeNotMe); err != nil {
		return "", err
	}
	if resetSecret, err = secret.NewToken(secret.MailToken, e.opt.Random); err != nil {
		return "", err
	}
	return resetSecret, database.G[token](tx).Create(ctx, &token{
		Hash: secret.Sum(resetSecret), Purpose: purposeReset, AccountID: row.ID, PasswordVersion: row.PasswordVersion,
		CreatedAt: now, ExpiresAt: now.Add(e.opt.Lives.Reset),
	})
}

// dissolveFamily prepares the family of a guardian for the deletion of the guardian's account: the second
// guardian becomes the first. If there is no second guardian, the parameter fate says what happens to the
// members.
func (c *core) dissolveFamily(ctx context.Context, tx *gorm.DB, accountID int64, fate membersFate) error {
	guardians, err := c.guardiansOf(ctx, tx, accountID)
	if err != nil {
		return err
	}
	members, err := database.G[accountRow](tx).Where("guardian_id = ?", accountID).Order("id").Find(ctx)
	if err != nil {
		return err
	}
	if len(guardians) > 1 {
		return c.passFamilyOn(ctx, tx, accountID, guardians[1], members)
	}
	if len(members) > 0 && fate == refuseMembers {
		return ErrMembersFirst
	}
	for i := range members {
		if fate != deleteMembers {
			if err := c.endGuardianship(ctx, tx, members[i].ID); err != nil {
				return err
			}
			continue
		}
		if err := c.takeAway(ctx, tx, members[i].ID); err != nil {
			return err
		}
		if err := c.eraseTaken(ctx, tx, &members[i]); err != nil {
			return err
		}
	}
	return nil
}

// passFamilyOn makes the second guardian of a family the first one.
func (c *core) passFamilyOn(ctx context.Context, tx *gorm.DB, from, to int64, members []accountRow) error {
	err := lockAccount(tx, to)
	if errors.Is(err, ErrNotFound) { // the second guardian deletes their account in this moment
		return ErrUnavailable.because(err)
	}
	if err != nil {
		return err
	}
	if err := tx.Exec("DELETE FROM family_people WHERE family_id = ? AND account_id = ?", from, to).Error; err != nil {
		return err
	}
	if err := tx.Exec("UPDATE family_people SET family_id = ? WHERE family_id = ?", to, from).Error; err != nil {
		return err
	}
	for i := range members {
		if err := updateAccount(tx, members[i].ID, map[string]any{"guardian_id": to}, ""); err != nil {
			return err
		}
		// On the devices of the other guardian, who still looks after the member, nothing changes.
		err := tx.Exec("UPDATE sessions SET by_guardian = ?, lock_version = lock_version + 1 WHERE account_id = ? AND by_guardian = ?",
			to, members[i].ID, from).Error
		if err != nil {
			return err
		}
		if err := c.recordEvent(ctx, tx, members[i].ID, EventMemberHandedOn, Caller{By: to}); err != nil {
			return err
		}
	}
	return nil
}
