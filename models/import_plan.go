package models

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// ledger is all that decides about the lines of an import to one server. It is read once for many
// lines, so that a list of a thousand people costs as many statements as a list of ten.
type ledger struct {
	owner      accountRow
	localUsers map[int64]ledgerUser
	byExternal map[string]int64 // ids of local users by the media server's id
	byName     map[string]int64 // by the name without letter case; 0 if several have it
	linked     map[int64]bool   // accounts with a link to the server
	invites    map[string]ledgerInvite
	offered    map[int64]string // the person to whom an open invite offers a local user
	answered   map[string]bool  // addresses whose invite was accepted by an account that is linked still
	libraries  map[string]string
}

// ledgerUser is a local user that exists on the server.
type ledgerUser struct {
	id        int64
	name      string
	accountID int64 // that is linked to it, or 0
}

// ledgerInvite has the facts about the newest invite to a person that decide whether the person can
// be invited again.
type ledgerInvite struct{ waits, declined bool }

// person returns the person of a line or an invite: an account, or a mailbox.
func person(accountID int64, emailKey string) string {
	if accountID != 0 {
		return "account " + FormatID(accountID)
	}
	return "mailbox " + mailboxKey(emailKey)
}

// readLedger reads what decides about the lines of an import.
func (i *Imports) readLedger(ctx context.Context, db *gorm.DB, ownerID, serverID int64) (*ledger, error) {
	l := &ledger{
		localUsers: map[int64]ledgerUser{}, byExternal: map[string]int64{}, byName: map[string]int64{}, linked: map[int64]bool{},
		invites: map[string]ledgerInvite{}, offered: map[int64]string{}, answered: map[string]bool{}, libraries: map[string]string{},
	}
	var err error
	if l.owner, err = i.accountByID(ctx, db, ownerID); err != nil {
		return nil, err
	}
	if err := l.readLocalUsers(ctx, db, serverID, i.Now()); err != nil {
		return nil, explained("read the local users", err)
	}
	if err := l.readInvites(ctx, db, ownerID, serverID, i.Now()); err != nil {
		return nil, explained("read the invites", err)
	}
	names, err := i.namesOfLibraries(ctx, db, serverID)
	if err != nil {
		return nil, err
	}
	for id, one := range names[serverID] {
		if one.GoneAt.IsZero() {
			l.libraries[strings.ToLower(one.Name)] = id
		}
	}
	for id, one := range names[serverID] { // an id stands before a name
		if one.GoneAt.IsZero() {
			l.libraries[strings.ToLower(id)] = id
		}
	}
	return l, nil
}

// ledgerUsers is the statement that reads the local users of a server for a [ledger].
const ledgerUsers = `SELECT u.id, u.external_id, u.name, COALESCE(l.account_id, 0) AS account_id FROM local_users u
LEFT JOIN links l ON l.server_id = u.server_id AND l.local_user_id = u.id AND (l.ends_at IS NULL OR l.ends_at > ?)
WHERE u.server_id = ? AND u.gone_at IS NULL ORDER BY u.id`

func (l *ledger) readLocalUsers(ctx context.Context, db *gorm.DB, serverID int64, now time.Time) error {
	var users []struct {
		ID               int64
		ExternalID, Name string
		AccountID        int64
	}
	if err := db.WithContext(ctx).Raw(ledgerUsers, now, serverID).Scan(&users).Error; err != nil {
		return err
	}
	for _, u := range users {
		l.localUsers[u.ID] = ledgerUser{u.ID, u.Name, u.AccountID}
		l.byExternal[externalKey(u.ExternalID)] = u.ID
		key := strings.ToLower(u.Name)
		if _, twice := l.byName[key]; twice {
			l.byName[key] = 0
		} else {
			l.byName[key] = u.ID
		}
	}
	var accounts []int64
	err := db.WithContext(ctx).Raw("SELECT account_id FROM links WHERE server_id = ? AND (ends_at IS NULL OR ends_at > ?)", serverID, now).Scan(&accounts).Error
	for _, id := range accounts {
		l.linked[id] = true
	}
	return err
}

// externalKey returns the id of a local user as it is compared: media servers write the same id with
// dashes and without.
func externalKey(id string) string { return strings.ToLower(strings.ReplaceAll(id, "-", "")) }

// ledgerInvites is the statement that reads the invites of an owner to a server for a [ledger]. An
// invite that was accepted may have lost its offer; its uses tell the same.
const ledgerInvites = `SELECT i.id, i.account_id, i.email_key, i.state, i.expires_at, v.ends_at, v.local_user_id, COALESCE(u.account_id, 0) AS used_by
FROM invites i LEFT JOIN invite_servers v ON v.invite_id = i.id AND v.server_id = ?
LEFT JOIN invite_uses u ON u.invite_id = i.id AND u.server_id = ?
WHERE i.owner_id = ? AND (v.server_id IS NOT NULL OR u.server_id IS NOT NULL) ORDER BY i.id`

func (l *ledger) readInvites(ctx context.Context, db *gorm.DB, ownerID, serverID int64, now time.Time) error {
	var rows []struct {
		ID, AccountID int64
		EmailKey      string
		State         string
		ExpiresAt     time.Time
		EndsAt        *time.Time
		LocalUserID   *int64
		UsedBy        int64
	}
	if err := db.WithContext(ctx).Raw(ledgerInvites, serverID, serverID, ownerID).Scan(&rows).Error; err != nil {
		return err
	}
	for _, r := range rows {
		if r.AccountID == 0 && r.EmailKey == "" {
			continue // a link alone does not name a person
		}
		who := person(r.AccountID, r.EmailKey)
		waits := r.State == invitePending && r.ExpiresAt.After(now) && (r.EndsAt == nil || r.EndsAt.After(now))
		l.invites[who] = ledgerInvite{waits: waits, declined: r.State == InviteDeclined}
		if waits && r.LocalUserID != nil {
			l.offered[*r.LocalUserID] = who
		}
		if r.UsedBy != 0 && l.linked[r.UsedBy] {
			l.answered[who] = true
		}
	}
	return nil
}

// findLocalUser finds the local user that a line names, by the id or by the name. It returns 0 for an
// unknown one.
func (l *ledger) findLocalUser(in NewImportLine) int64 {
	if in.LocalUserID != 0 {
		return l.localUsers[in.LocalUserID].id
	}
	if id := l.byExternal[externalKey(strings.TrimSpace(in.LocalUser))]; id != 0 {
		return id
	}
	return l.byName[strings.ToLower(strings.TrimSpace(in.LocalUser))]
}

// findLibraries returns the ids of the libraries of a line. It reports false if the server lacks one.
func (l *ledger) findLibraries(typed []string) ([]Library, bool) {
	if typed == nil {
		return nil, true
	}
	found := []Library{}
	for _, one := range typed[:min(len(typed), importLibraries)] {
		id := l.libraries[strings.ToLower(strings.TrimSpace(one))]
		if id == "" {
			return nil, false
		}
		if !slices.ContainsFunc(found, func(f Library) bool { return f.ExternalID == id }) {
			found = append(found, Library{ExternalID: id})
		}
	}
	return found, true
}

// judge returns what happens with a line that has nothing wrong in itself, as things are now.
func (l *ledger) judge(line *importLineRow) string {
	who := person(line.AccountID, line.EmailKey)
	if line.AccountID == l.owner.ID || line.EmailKey != "" && line.EmailKey == l.owner.EmailKey {
		return ImportYourself
	}
	if line.LocalUserID != nil {
		user, there := l.localUsers[*line.LocalUserID]
		switch {
		case !there:
			return ImportLocalUserUnknown
		case user.accountID != 0 && line.AccountID != 0 && user.accountID != line.AccountID:
			return ImportLocalUserTaken
		case user.accountID != 0:
			return ImportLinked
		case l.offered[user.id] != "" && l.offered[user.id] != who:
			return ImportLocalUserTaken
		}
	}
	switch {
	case l.linked[line.AccountID] || l.answered[who]:
		return ImportLinked
	case l.invites[who].waits:
		return ImportInvited
	case l.invites[who].declined:
		return ImportDeclined
	}
	return ImportInvite
}

// planDraft returns the lines of a draft with their outcomes, and writes into row what the profile says.
func (i *Imports) planDraft(ctx context.Context, row *importRow, in NewImport) ([]importLineRow, error) {
	l, err := i.readLedger(ctx, i.read(ctx), row.OwnerID, row.ServerID)
	if err != nil {
		return nil, err
	}
	var profile InviteProfile
	if in.Profile != "" {
		if profile, err = i.profileNamed(ctx, row.OwnerID, row.ServerID, in.Profile); err != nil {
			return nil, err
		}
	}
	row.InviteDays = int64(profile.InviteDays)
	zone := l.owner.zone()
	lines := make([]importLineRow, len(in.Lines))
	for at, one := range in.Lines {
		lines[at] = i.newImportLine(one, at+1, zone)
		lines[at].ImportID = row.ID
		if err := l.fill(&lines[at], one, &profile, i.Now().In(zone)); err != nil {
			return nil, err
		}
	}
	if err := i.findAccounts(ctx, row.OwnerID, lines); err != nil {
		return nil, err
	}
	l.judgeAll(lines)
	return lines, nil
}

// fill writes the local user, the libraries and the choices of the profile into a line.
func (l *ledger) fill(line *importLineRow, in NewImportLine, profile *InviteProfile, now time.Time) error {
	guest := in.LocalUserID == 0 && strings.TrimSpace(in.LocalUser) == ""
	if line.EndsAt == nil && line.Outcome == "" && profile.LinkDays > 0 {
		end := lastDayIn(profile.LinkDays, now)
		line.EndsAt = &end
	}
	if !guest {
		id := l.findLocalUser(in)
		if id == 0 {
			line.Outcome = cmp.Or(line.Outcome, ImportLocalUserUnknown)
			return nil
		}
		line.LocalUserID, line.LocalUser = &id, l.localUsers[id].name
		return nil
	}
	libraries, ok := l.findLibraries(in.Libraries)
	if !ok {
		line.Outcome = cmp.Or(line.Outcome, ImportLibraryUnknown)
	}
	if in.Libraries == nil {
		libraries = profile.Libraries
	}
	var err error
	line.Libraries, err = packLibraries(libraries)
	return err
}

// judgeAll gives each line its outcome. Of several lines for one person or one local user, the first
// that makes an invite counts.
func (l *ledger) judgeAll(lines []importLineRow) {
	people, users := map[string]int64{}, map[int64]int64{}
	for at := range lines {
		line := &lines[at]
		if line.Outcome != "" {
			continue
		}
		who := person(line.AccountID, line.EmailKey)
		line.Outcome = l.judge(line)
		if line.Outcome != ImportInvite {
			continue
		}
		if first := people[who]; first != 0 {
			line.Outcome, line.Other = ImportPersonTwice, first
			continue
		}
		if line.LocalUserID != nil {
			if first := users[*line.LocalUserID]; first != 0 {
				line.Outcome, line.Other = ImportLocalUserTwice, first
				continue
			}
			users[*line.LocalUserID] = line.Position
		}
		people[who] = line.Position
	}
}

// findAccounts finds the accounts of the lines that name a person by a username. A list must not
// tell a stranger which usernames exist, so unknown ones are counted, and after too many of them in a
// day no line with a username is answered.
func (i *Imports) findAccounts(ctx context.Context, ownerID int64, lines []importLineRow) error {
	var open []*importLineRow
	keys := map[string]bool{}
	for at := range lines {
		if lines[at].Outcome == "" && lines[at].EmailKey == "" {
			open = append(open, &lines[at])
			keys[nameKey(lines[at].Typed)] = true
		}
	}
	found, err := i.accountsOf(ctx, slices.Sorted(maps.Keys(keys)))
	if err != nil {
		return err
	}
	many, err := i.countMisses(ctx, ownerID, len(keys)-len(found))
	if err != nil {
		return err
	}
	for _, line := range open {
		account, known := found[nameKey(line.Typed)]
		switch {
		case many:
			line.Outcome = ImportUsernamesMany
		case !known:
			line.Outcome = ImportUsernameUnknown
		default:
			line.AccountID, line.Typed = account.ID, account.Username
		}
	}
	return nil
}

// accountsOf returns the accounts that can be invited by their username, by its key.
func (i *Imports) accountsOf(ctx context.Context, keys []string) (map[string]accountRow, error) {
	found := map[string]accountRow{}
	for some := range slices.Chunk(keys, rowsAtOnce) {
		rows, err := database.G[accountRow](i.read(ctx)).Where("username_key IN ? AND confirmed_at IS NOT NULL AND disabled_at IS NULL", some).Find(ctx)
		if err != nil {
			return nil, explained("find the accounts", err)
		}
		for at := range rows {
			found[rows[at].UsernameKey] = rows[at]
		}
	}
	return found, nil
}

// countMisses counts usernames that nobody has. It reports whether there were too many of them today.
func (i *Imports) countMisses(ctx context.Context, ownerID int64, n int) (many bool, err error) {
	limit, key := i.opt.Limits.ImportMissDay, i.throttle.key("import miss", FormatID(ownerID))
	for range min(n, limit.Hits+1) {
		hits, err := i.throttle.raise(ctx, key, limit)
		if err != nil || hits == 0 {
			return true, err
		}
	}
	return false, nil
}
