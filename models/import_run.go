package models

import (
	"context"
	"errors"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// Run carries out a draft: it makes an invite for each line whose outcome is [ImportInvite], and owes
// its mail. It makes the first invites at once; the service makes the others within a minute, also
// after a restart. Running an import again changes nothing. It returns [ErrNotFound] or
// [ErrThrottled] if the owner has brought too many people today.
func (i *Imports) Run(ctx context.Context, ownerID, serverID, importID int64, caller Caller) (Import, error) {
	if err := i.start(ctx, ownerID, serverID, importID, caller); err != nil {
		return Import{}, err
	}
	if _, err := i.makeInvites(ctx, importID, importRunAtOnce); err != nil {
		return Import{}, err
	}
	return i.get(ctx, ownerID, serverID, importID)
}

// start turns a draft into an import that runs.
func (i *Imports) start(ctx context.Context, ownerID, serverID, importID int64, caller Caller) error {
	return i.tx(ctx, "start an import", func(tx *gorm.DB) error {
		if err := lockUsableAccount(tx, ownerID); err != nil {
			return err
		}
		if err := lockOwnServer(tx, ownerID, serverID); err != nil {
			return err
		}
		now := i.Now()
		row, err := database.G[importRow](tx).Where("id = ? AND owner_id = ? AND server_id = ? AND (state <> ? OR expires_at > ?)",
			importID, ownerID, serverID, ImportDraft, now).Take(ctx)
		if err != nil {
			return explained("read the import", err)
		}
		if row.State != ImportDraft {
			return nil
		}
		invites, err := i.withinDay(ctx, tx, ownerID, importID)
		if err != nil {
			return err
		}
		server, err := i.serverByID(ctx, tx, serverID)
		if err != nil {
			return err
		}
		err = tx.Exec("UPDATE imports SET state = ?, invites = ?, started_at = ?, expires_at = ? WHERE id = ?",
			ImportRunning, invites, now, now.Add(i.opt.Lives.History), importID).Error
		if err != nil {
			return err
		}
		return i.recordAbout(ctx, tx, ownerID, EventImported, server.server().Name, caller)
	})
}

// withinDay returns how many invites an import makes, or [ErrThrottled] if these are more than an
// owner may make by imports in a day. The row of the owner is locked, so that two imports do not count
// at the same time.
func (i *Imports) withinDay(ctx context.Context, tx *gorm.DB, ownerID, importID int64) (wanted int64, err error) {
	limit, now := i.opt.Limits.ImportDay, i.Now()
	var before int64
	err = tx.WithContext(ctx).Raw("SELECT COALESCE(SUM(invites), 0) FROM imports WHERE owner_id = ? AND started_at > ?",
		ownerID, now.Add(-limit.Window)).Scan(&before).Error
	if err == nil {
		err = tx.WithContext(ctx).Raw("SELECT COUNT(*) FROM import_rows WHERE import_id = ? AND outcome = ?", importID, ImportInvite).Scan(&wanted).Error
	}
	if err == nil && before+wanted > int64(limit.Hits) {
		err = ErrThrottled.after(limit.Window)
	}
	return wanted, err
}

// Work makes the invites of the imports that run and are not finished.
func (i *Imports) Work(ctx context.Context) error {
	rows, err := database.G[importRow](i.read(ctx)).Where("state = ?", ImportRunning).Order("id").Limit(sweepStep).Find(ctx)
	if err != nil {
		return explained("find imports that run", err)
	}
	for _, row := range rows {
		for left := true; left; {
			if left, err = i.makeInvites(ctx, row.ID, importRunAtOnce); err != nil {
				return err
			}
		}
	}
	return nil
}

// makeInvites carries out up to most lines of an import, in short transactions. It reports whether lines are
// left.
func (i *Imports) makeInvites(ctx context.Context, importID int64, most int) (left bool, err error) {
	for range (most + importGroup - 1) / importGroup {
		if left, err = i.makeGroup(ctx, importID); err != nil || !left {
			return false, err
		}
	}
	return true, nil
}

// makeGroup carries out some lines of an import in one transaction. It reports whether lines are left.
// An import whose server has another owner now, or whose owner may not invite any longer, ends with
// the invites that it has made.
func (i *Imports) makeGroup(ctx context.Context, importID int64) (left bool, err error) {
	rows, err := database.G[importRow](i.read(ctx)).Where("id = ? AND state = ?", importID, ImportRunning).Find(ctx)
	if err != nil || len(rows) == 0 {
		return false, explained("read the import", err)
	}
	lines, err := database.G[importLineRow](i.read(ctx)).Where("import_id = ? AND outcome = ? AND invite_id = 0", importID, ImportInvite).
		Order("position").Limit(importGroup).Find(ctx)
	if err != nil {
		return false, explained("read the lines of an import", err)
	}
	err = i.tx(ctx, "carry out an import", func(tx *gorm.DB) error {
		err := i.makeLocked(ctx, tx, rows[0], lines)
		if errors.Is(err, errImportOver) {
			return tx.Exec("UPDATE imports SET state = ? WHERE id = ?", ImportDone, importID).Error
		}
		return err
	})
	return len(lines) == importGroup, err
}

// errImportOver means that nobody may carry out an import any longer.
var errImportOver = errors.New("the server has another owner, or the owner is disabled")

// makeLocked does the work of makeGroup. The lines were read before the locks were taken, so it reads
// them again: another worker may have carried out some of them meanwhile.
func (i *Imports) makeLocked(ctx context.Context, tx *gorm.DB, row importRow, lines []importLineRow) error {
	accounts, err := i.lockImport(ctx, tx, &row, lines)
	if err != nil {
		return err
	}
	positions := make([]int64, len(lines))
	for at := range lines {
		positions[at] = lines[at].Position
	}
	if row, err = database.G[importRow](tx).Where("id = ?", row.ID).Take(ctx); err != nil {
		return err
	}
	if row.State != ImportRunning { // its owner deleted it meanwhile
		return nil
	}
	fresh, err := database.G[importLineRow](tx).Where("import_id = ? AND position IN ? AND outcome = ? AND invite_id = 0", row.ID, positions, ImportInvite).
		Order("position").Find(ctx)
	if err != nil {
		return err
	}
	l, err := i.readLedger(ctx, tx, row.OwnerID, row.ServerID)
	if err != nil {
		return err
	}
	server, err := i.serverByID(ctx, tx, row.ServerID)
	if err != nil {
		return err
	}
	for at := range fresh {
		if err := i.carryOut(ctx, tx, &row, &fresh[at], l, accounts, server.server().Name); err != nil {
			return err
		}
	}
	if len(lines) < importGroup {
		row.State = ImportDone
	}
	return tx.Exec("UPDATE imports SET state = ?, paced_until = ? WHERE id = ?", row.State, row.PacedUntil, row.ID).Error
}

// lockImport locks the owner of an import, the accounts that lines name, and the server. It returns
// the accounts that can be invited still, or [errImportOver].
func (i *Imports) lockImport(ctx context.Context, tx *gorm.DB, row *importRow, lines []importLineRow) (map[int64]*accountRow, error) {
	if err := lockUsableAccount(tx, row.OwnerID); err != nil {
		return nil, overUnlessFound(err)
	}
	accounts, err := i.invitedAccounts(ctx, tx, lines)
	if err != nil {
		return nil, err
	}
	return accounts, overUnlessFound(lockOwnServer(tx, row.OwnerID, row.ServerID))
}

func overUnlessFound(err error) error {
	if KindOf(err) == KindNotFound {
		return errImportOver
	}
	return err
}

// invitedAccounts reads the accounts that lines name and that can be invited still.
func (i *Imports) invitedAccounts(ctx context.Context, tx *gorm.DB, lines []importLineRow) (map[int64]*accountRow, error) {
	var ids []int64
	for at := range lines {
		if id := lines[at].AccountID; id != 0 {
			ids = append(ids, id)
		}
	}
	known := map[int64]*accountRow{}
	slices.Sort(ids)
	for _, id := range ids {
		err := lockUsableAccount(tx, id) // an account that is deleted meanwhile gets no invite
		if KindOf(err) == KindNotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		row, err := i.accountByID(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		known[id] = &row
	}
	return known, nil
}

// carryOut makes the invite of a line, or stores why the line can make no invite any longer.
func (i *Imports) carryOut(
	ctx context.Context, tx *gorm.DB, row *importRow, line *importLineRow, l *ledger, accounts map[int64]*accountRow, server string,
) error {
	outcome := i.judgeNow(line, l, accounts)
	if outcome != ImportInvite {
		return tx.Exec("UPDATE import_rows SET outcome = ? WHERE import_id = ? AND position = ?", outcome, line.ImportID, line.Position).Error
	}
	invite, err := i.importedInvite(row, line, l.owner.zone())
	if err != nil {
		return err
	}
	if err := database.G[inviteRow](tx).Create(ctx, &invite); err != nil {
		return err
	}
	offer := inviteServerRow{InviteID: invite.ID, ServerID: row.ServerID, LocalUserID: line.LocalUserID, Libraries: line.Libraries, EndsAt: line.EndsAt}
	if err := database.G[inviteServerRow](tx).Create(ctx, &offer); err != nil {
		return err
	}
	mailAt, err := i.nextMail(ctx, tx, row)
	if err != nil {
		return err
	}
	if err := i.owe(ctx, tx, inviteMail(&invite, accounts[line.AccountID], &l.owner, server).ofImport(row.ID, mailAt)); err != nil {
		return err
	}
	return tx.Exec("UPDATE import_rows SET invite_id = ?, mail_at = ? WHERE import_id = ? AND position = ?",
		invite.ID, mailAt, line.ImportID, line.Position).Error
}

// judgeNow judges a line again, because things may have changed since the draft.
func (i *Imports) judgeNow(line *importLineRow, l *ledger, accounts map[int64]*accountRow) string {
	switch {
	case line.AccountID != 0 && accounts[line.AccountID] == nil:
		return ImportUsernameUnknown
	case line.EndsAt != nil && !line.EndsAt.After(i.Now()):
		return ImportEndPast
	default:
		return l.judge(line)
	}
}

// importedInvite returns the invite of a line. Its last day ends in the zone.
func (i *Imports) importedInvite(row *importRow, line *importLineRow, zone *time.Location) (inviteRow, error) {
	invite := inviteRow{
		OwnerID: row.OwnerID, AccountID: line.AccountID, Typed: line.Typed, Type: LinkGuest, State: invitePending, CreatedAt: i.Now(),
		Greeting: line.Name, Uses: 1,
	}
	if line.EmailKey != "" {
		invite.Email, invite.EmailKey = line.Typed, line.EmailKey
	}
	if line.LocalUserID != nil {
		invite.Type = LinkLinked
	}
	invite.ExpiresAt = invite.CreatedAt.Add(inviteLife)
	if row.InviteDays > 0 {
		invite.ExpiresAt = lastDayIn(int(row.InviteDays), invite.CreatedAt.In(zone))
	}
	var err error
	invite.ID, err = i.newID()
	return invite, explained("make an id", err)
}

// nextMail returns when the next mail of an owner's imports is due. The first mails go out at once,
// the others one after another, so that a list of a thousand people does not flood anybody: neither the mail
// server of this service nor the people whom a wrong list names. All imports of the owner
// share one queue.
func (i *Imports) nextMail(ctx context.Context, tx *gorm.DB, row *importRow) (time.Time, error) {
	now := i.Now()
	if row.PacedUntil == nil || row.PacedUntil.Before(now) {
		latest, err := database.G[importRow](tx).Where("owner_id = ? AND paced_until > ?", row.OwnerID, now).Order("paced_until DESC").Limit(1).Find(ctx)
		if err != nil {
			return now, err
		}
		row.PacedUntil = &now
		if len(latest) > 0 {
			row.PacedUntil = latest[0].PacedUntil
		}
	}
	next := row.PacedUntil.Add(importMailPause)
	row.PacedUntil = &next
	due := next.Add(-importBurst * importMailPause)
	if due.Before(now) {
		due = now
	}
	return due, nil
}
