package models

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// Get reads an import with all of its lines. It returns [ErrNotFound].
func (i *Imports) Get(ctx context.Context, ownerID, serverID, importID int64) (Import, error) {
	if _, err := i.ownedServer(ctx, i.read(ctx), ownerID, serverID); err != nil {
		return Import{}, err
	}
	return i.get(ctx, ownerID, serverID, importID)
}

func (i *Imports) get(ctx context.Context, ownerID, serverID, importID int64) (Import, error) {
	rows, err := database.G[importRow](i.read(ctx)).
		Where("id = ? AND owner_id = ? AND server_id = ? AND expires_at > ?", importID, ownerID, serverID, i.Now()).Find(ctx)
	if err != nil {
		return Import{}, explained("read the import", err)
	}
	if len(rows) != 1 {
		return Import{}, ErrNotFound
	}
	list, err := i.completeImports(ctx, i.read(ctx), rows)
	if err != nil {
		return Import{}, err
	}
	return list[0], nil
}

// List lists up to n imports of an owner to a server, the newest first, without their lines, that are
// older than the import with the id before; 0 begins with the newest. It returns [ErrNotFound] for a
// server of another owner.
func (i *Imports) List(ctx context.Context, ownerID, serverID, before int64, n int) ([]Import, error) {
	if _, err := i.ownedServer(ctx, i.read(ctx), ownerID, serverID); err != nil {
		return nil, err
	}
	query := database.G[importRow](i.read(ctx)).Where("server_id = ? AND owner_id = ? AND expires_at > ?", serverID, ownerID, i.Now())
	if before != 0 {
		query = query.Where("id < ?", before)
	}
	rows, err := query.Order("id DESC").Limit(n).Find(ctx)
	if err != nil {
		return nil, explained("list the imports", err)
	}
	list, err := i.completeImports(ctx, i.read(ctx), rows)
	for at := range list {
		list[at].Lines = nil
	}
	return list, err
}

// importLines is the statement that reads the lines of imports with the answers to their invites.
const importLines = `SELECT r.*, COALESCE(u.name, r.local_user) AS user_name, COALESCE(u.not_allowed, FALSE) AS not_allowed,
 COALESCE(n.state, '') AS answer, n.answered_at, n.expires_at AS invite_ends, COALESCE(a.username, '') AS answered_by
FROM import_rows r LEFT JOIN local_users u ON u.id = r.local_user_id
LEFT JOIN invites n ON n.id = r.invite_id LEFT JOIN accounts a ON a.id = n.answered_by AND n.state = ?
WHERE r.import_id IN ? ORDER BY r.import_id, r.position`

// readImportLine is a row of [importLines].
type readImportLine struct {
	Row        importLineRow `gorm:"embedded"`
	UserName   string
	NotAllowed bool
	Answer     string
	AnsweredAt *time.Time
	InviteEnds *time.Time
	AnsweredBy string
}

// completeImports returns the imports of rows with their lines.
func (c *core) completeImports(ctx context.Context, db *gorm.DB, rows []importRow) ([]Import, error) {
	imports := make([]Import, len(rows))
	if len(rows) == 0 {
		return imports, nil
	}
	index, ids, servers := map[int64]int{}, make([]int64, len(rows)), []int64{}
	for at, r := range rows {
		index[r.ID], ids[at], servers = at, r.ID, append(servers, r.ServerID)
		imports[at] = Import{
			ID: r.ID, OwnerID: r.OwnerID, ServerID: r.ServerID, Source: r.Source, State: r.State,
			CreatedAt: r.CreatedAt.UTC(), StartedAt: orZero(r.StartedAt), ExpiresAt: r.ExpiresAt.UTC(), Lines: []ImportLine{},
		}
	}
	var lines []readImportLine
	if err := db.WithContext(ctx).Raw(importLines, InviteAccepted, ids).Scan(&lines).Error; err != nil {
		return nil, explained("read the lines of imports", err)
	}
	libraries, err := c.namesOfLibraries(ctx, db, servers...)
	if err != nil {
		return nil, err
	}
	named, err := database.G[serverRow](db).Where("id IN ?", servers).Find(ctx)
	if err != nil {
		return nil, explained("read the servers", err)
	}
	names := map[int64]string{}
	for at := range named {
		names[named[at].ID] = named[at].server().Name
	}
	for at := range imports {
		imports[at].ServerName = names[imports[at].ServerID]
	}
	for at := range lines {
		one := &imports[index[lines[at].Row.ImportID]]
		line, err := c.importLine(&lines[at], libraries, one.ServerID)
		if err != nil {
			return nil, err
		}
		one.Lines = append(one.Lines, line)
		one.Counts.add(&line)
		if line.MailAt.After(c.Now()) && line.MailAt.After(one.MailsUntil) && line.Answer == InvitePending {
			one.MailsUntil = line.MailAt
		}
	}
	return imports, nil
}

// importLine returns a line as its owner sees it.
func (c *core) importLine(r *readImportLine, libraries libraryNames, serverID int64) (ImportLine, error) {
	row := &r.Row
	line := ImportLine{
		Position: int(row.Position), Name: row.Name, To: row.Typed, LocalUser: r.UserName, NotAllowed: r.NotAllowed, EndsAt: orZero(row.EndsAt),
		Outcome: row.Outcome, Other: int(row.Other), InviteID: row.InviteID, Answer: r.Answer, AnsweredAt: orZero(r.AnsweredAt), AnsweredBy: r.AnsweredBy,
		MailAt: orZero(row.MailAt), RemindedAt: orZero(row.RemindedAt), Reminders: int(row.Reminders),
	}
	if row.LocalUserID != nil {
		line.LocalUserID = *row.LocalUserID
	}
	ended := row.EndsAt != nil && !row.EndsAt.After(c.Now())
	if line.Answer == InvitePending && (ended || r.InviteEnds == nil || !r.InviteEnds.After(c.Now())) {
		line.Answer = InviteExpired
	}
	line.CanRemind = line.Answer == InvitePending && c.canRemind(row)
	var err error
	line.Libraries, err = libraries.unpack(serverID, row.Libraries)
	return line, explained("read the line of an import", err)
}

// add counts a line.
func (n *ImportCounts) add(line *ImportLine) {
	n.Lines++
	switch line.Outcome {
	case ImportInvite:
		n.Invite++
	case ImportLinked, ImportInvited:
		n.Same++
	default:
		n.Refused++
	}
	if line.InviteID != 0 {
		n.Made++
	}
	switch line.Answer {
	case InvitePending:
		n.Waiting++
	case InviteAccepted:
		n.Accepted++
	case InviteDeclined:
		n.Declined++
	}
}

// ImportProposal is a local user whom nobody is linked with, and whom no invite offers.
type ImportProposal struct {
	LocalUser LocalUser
	To        string // a username or an address that the owner knows already; "" for none
}

// knownNames is the statement that reads which people an owner knows by which name: people who use a
// server of the owner as a local user with that name, and people whom the owner has invited by that
// name. Its values are the id of the owner, [LinkAccepted], the id of the owner, the id of the owner.
const knownNames = `SELECT u.name AS name, a.username AS person, a.id AS account_id FROM servers s JOIN links l ON l.server_id = s.id
JOIN local_users u ON u.id = l.local_user_id JOIN accounts a ON a.id = l.account_id AND a.disabled_at IS NULL
WHERE s.owner_id = ? AND l.state = ?
UNION ALL SELECT i.greeting, i.typed, i.account_id FROM invites i WHERE i.owner_id = ? AND i.greeting <> '' AND i.typed <> ''
UNION ALL SELECT u.name, i.typed, i.account_id FROM invites i JOIN invite_servers v ON v.invite_id = i.id JOIN local_users u ON u.id = v.local_user_id
WHERE i.owner_id = ? AND i.typed <> ''`

// Propose lists the local users of an owner's server who have no link and no open invite, by name.
// For each it proposes a person if the name of the local user is an address, or if the owner has met
// a person by that name at another server or in an invite. It never asks whether an account with that
// name exists, because owners must not learn that. It returns [ErrNotFound].
func (i *Imports) Propose(ctx context.Context, ownerID, serverID int64) ([]ImportProposal, error) {
	users, err := (&Servers{core: i.core}).LocalUsers(ctx, ownerID, serverID)
	if err != nil {
		return nil, err
	}
	l, err := i.readLedger(ctx, i.read(ctx), ownerID, serverID)
	if err != nil {
		return nil, err
	}
	var known []struct {
		Name, Person string
		AccountID    int64
	}
	if err := i.read(ctx).Raw(knownNames, ownerID, LinkAccepted, ownerID, ownerID).Scan(&known).Error; err != nil {
		return nil, explained("read the people whom the owner knows", err)
	}
	people := map[string]string{}
	for _, one := range known { // the first one is the one who uses a server
		key := strings.ToLower(one.Name)
		if people[key] == "" && one.AccountID != ownerID && !l.linked[one.AccountID] {
			people[key] = one.Person
		}
	}
	var list []ImportProposal
	for _, u := range users {
		if u.LinkID != 0 || !u.GoneAt.IsZero() || l.offered[u.ID] != "" {
			continue
		}
		one := ImportProposal{LocalUser: u, To: people[strings.ToLower(u.Name)]}
		if address, key, ok := parseEmail(u.Name); ok && one.To == "" && key != l.owner.EmailKey {
			one.To = address
		}
		list = append(list, one)
	}
	return list, nil
}

// sweepImports deletes imports whose time is over, with their lines.
func (s *Store) sweepImports(ctx context.Context) error {
	for {
		rows, err := database.G[importRow](s.read(ctx)).Where("expires_at <= ?", s.Now()).Order("expires_at").Limit(sweepStep).Find(ctx)
		if err != nil {
			return explained("find old imports", err)
		}
		for _, row := range rows {
			err := s.tx(ctx, "sweep an import", func(tx *gorm.DB) error {
				if err := tx.Exec("DELETE FROM imports WHERE id = ? AND expires_at <= ?", row.ID, s.Now()).Error; err != nil {
					return err
				}
				return tx.Exec("DELETE FROM import_rows WHERE import_id = ? AND NOT EXISTS (SELECT 1 FROM imports m WHERE m.id = ?)", row.ID, row.ID).Error
			})
			if err != nil {
				return err
			}
		}
		if len(rows) < sweepStep {
			return nil
		}
	}
}
