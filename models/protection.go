package models

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// Protections are the operations of an owner on what the people of a server may do and see with and
// without their PIN: see ADR 0036.
type Protections struct{ *core }

// Protection has the choices of an owner for a server.
type Protection struct {
	Active      bool // if false, nothing below has an effect
	PINRequired bool // nobody gets in without an open unlock
	Everyday    Level
	Unlocked    *Level // nil if there is nothing to unlock

	AgentLevels string // for whom the agent holds levels: [LevelsGuests] and the others; "" if it knows none
	Choices     LevelChoices
	Libraries   []Library // that the server has
	People      []ProtectedPerson
}

// LinkProtection has the choices of an owner for one person, in place of the defaults.
type LinkProtection struct {
	PINRequired bool
	Everyday    Level
	Unlocked    *Level
}

// ProtectedPerson is a person whose link is accepted, as the owner sees the levels of it.
type ProtectedPerson struct {
	LinkID                int64
	Username, DisplayName string
	Guest                 bool
	HasPIN                bool
	Looked                bool            // after by a guardian, whose PIN counts
	Own                   *LinkProtection // nil if the person follows the defaults
	Holds                 bool            // something lies behind the person's own PIN
	Stopped               bool            // the PIN was removed: nothing can be unlocked until the owner lets it
	OpenUntil             time.Time       // the end of the open unlock; zero for none
	State                 string          // what the agent has made of it; "" if it has told nothing
	ByHand                []string        // [LevelFields] that somebody has changed at the media server
	Problem               string          // [LevelProblems]; "" for none
}

const protectedPeople = `SELECT l.id, l.type, a.username, a.display_name, a.pin_hash, a.guardian_id,
 COALESCE(lv.told_state, '') AS told_state, COALESCE(lv.told_by_hand, '') AS told_by_hand, COALESCE(lv.told_problem, '') AS told_problem, ` + levelColumns + `
FROM links l JOIN accounts a ON a.id = l.account_id` + levelTables + `
WHERE l.server_id = ? AND l.state = ? AND (l.ends_at IS NULL OR l.ends_at > ?) ORDER BY a.username`

type protectedRow struct {
	ID                                 int64
	Type, Username, DisplayName        string
	PINHash                            string
	GuardianID                         *int64
	ToldState, ToldByHand, ToldProblem string
	Levels                             levelParts `gorm:"embedded"`
}

// Get reads the protection of a server and of its people. It returns [ErrNotFound].
func (p *Protections) Get(ctx context.Context, ownerID, serverID int64) (Protection, error) {
	if _, err := p.ownedServer(ctx, p.read(ctx), ownerID, serverID); err != nil {
		return Protection{}, err
	}
	out, err := p.protectionOf(ctx, p.read(ctx), serverID)
	if err != nil {
		return Protection{}, explained("read the protection", err)
	}
	libraries, err := database.G[libraryRow](p.read(ctx)).Where("server_id = ?", serverID).Order("name, id").Find(ctx)
	if err != nil {
		return Protection{}, explained("list the libraries", err)
	}
	for i := range libraries {
		if libraries[i].GoneAt == nil {
			out.Libraries = append(out.Libraries, libraries[i].library())
		}
	}
	var rows []protectedRow
	if err := p.read(ctx).Raw(protectedPeople, serverID, LinkAccepted, p.Now()).Scan(&rows).Error; err != nil {
		return Protection{}, explained("list the protected people", err)
	}
	for i := range rows {
		person, err := rows[i].person(p.Now())
		if err != nil {
			return Protection{}, explained("read the levels of a person", err)
		}
		out.People = append(out.People, person)
	}
	return out, nil
}

func (r *protectedRow) person(now time.Time) (ProtectedPerson, error) {
	person := ProtectedPerson{
		LinkID: r.ID, Username: r.Username, DisplayName: r.DisplayName, Guest: r.Type == LinkGuest, HasPIN: r.PINHash != "", Looked: r.GuardianID != nil,
		Holds: r.Levels.Hold != nil, Stopped: r.Levels.StoppedAt != nil, State: r.ToldState, Problem: r.ToldProblem,
	}
	if r.ToldByHand != "" {
		person.ByHand = strings.Split(r.ToldByHand, ",")
	}
	if r.Levels.isOpen(now) {
		person.OpenUntil = r.Levels.ClosesAt.UTC()
	}
	if !r.Levels.Own {
		return person, nil
	}
	everyday, err := unpackLevel(r.Levels.OwnEveryday)
	if err != nil {
		return person, err
	}
	unlocked, err := unpackOptional(r.Levels.OwnUnlocked)
	person.Own = &LinkProtection{PINRequired: r.Levels.OwnPIN, Everyday: everyday, Unlocked: unlocked}
	return person, err
}

// protectionOf reads the protection of a server without its people and libraries.
func (c *core) protectionOf(ctx context.Context, db *gorm.DB, serverID int64) (Protection, error) {
	rows, err := database.G[protectionRow](db).Where("server_id = ?", serverID).Find(ctx)
	if err != nil || len(rows) == 0 {
		return Protection{}, err
	}
	r := &rows[0]
	out := Protection{Active: r.Active, PINRequired: r.PINRequired, AgentLevels: r.AgentLevels}
	if out.Everyday, err = unpackLevel(r.Everyday); err != nil {
		return Protection{}, err
	}
	if out.Unlocked, err = unpackOptional(r.Unlocked); err != nil {
		return Protection{}, err
	}
	out.Choices, err = unpackChoices(r.Choices)
	return out, err
}

func unpackChoices(text string) (LevelChoices, error) {
	var out LevelChoices
	if text == "" {
		return out, nil
	}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return out, fmt.Errorf("read the choices of levels: %w", err)
	}
	return out, nil
}

// packedProtection is a choice in the form that is stored.
type packedProtection struct {
	everyday string
	unlocked *string
}

// pack checks two levels and returns them in the form that is stored. It returns errors about
// fields below everyday and unlocked.
func (n *levelNames) pack(everyday Level, unlocked *Level) (out packedProtection, err error) {
	everyday, wrong := n.check("everyday", everyday)
	if unlocked != nil {
		checked, more := n.check("unlocked", *unlocked)
		unlocked, wrong = &checked, append(wrong, more...)
	}
	if err := invalid(wrong); err != nil {
		return out, err
	}
	if out.everyday, err = packLevel(&everyday); err != nil {
		return out, err
	}
	out.unlocked, err = packOptional(unlocked)
	return out, err
}

// namesAt reads the names that levels can use at a server, with the protection of the server.
func (c *core) namesAt(ctx context.Context, tx *gorm.DB, serverID int64) (levelNames, Protection, error) {
	before, err := c.protectionOf(ctx, tx, serverID)
	if err != nil {
		return levelNames{}, before, err
	}
	libraries, err := c.namesOfLibraries(ctx, tx, serverID)
	names := levelNames{libraries: libraries, serverID: serverID, choices: before.Choices, before: []Level{before.Everyday}}
	if before.Unlocked != nil {
		names.before = append(names.before, *before.Unlocked)
	}
	return names, before, err
}

// Set replaces the protection of a server. It uses only the first four fields of in. All people of the
// server who follow the defaults get the new levels. It returns [ErrNotFound], or errors about fields below
// everyday and unlocked.
func (p *Protections) Set(ctx context.Context, ownerID, serverID int64, in Protection, caller Caller) error {
	return p.tx(ctx, "set the protection of a server", func(tx *gorm.DB) error {
		server, names, before, err := p.hold(ctx, tx, ownerID, serverID)
		if err != nil {
			return err
		}
		packed, err := names.pack(in.Everyday, in.Unlocked)
		if err != nil {
			return err
		}
		n, err := database.G[protectionRow](tx).Where("server_id = ?", serverID).Count(ctx, "*")
		if err != nil {
			return err
		}
		if n == 0 {
			err = database.G[protectionRow](tx).Create(ctx, &protectionRow{
				ServerID: serverID, Active: in.Active, PINRequired: in.PINRequired, Everyday: packed.everyday, Unlocked: packed.unlocked,
			})
		} else {
			err = tx.Table("protections").Where("server_id = ?", serverID).Updates(map[string]any{
				"active": in.Active, "pin_required": in.PINRequired, "everyday": packed.everyday, "unlocked": packed.unlocked,
			}).Error
		}
		if err != nil {
			return err
		}
		if err := p.feedLevels(ctx, tx, serverID, before.Active == in.Active); err != nil {
			return err
		}
		return p.recordAbout(ctx, tx, ownerID, EventProtectionSet, server.server().Name, caller)
	})
}

// hold locks a server for its owner, and reads the names that levels can use there.
func (p *Protections) hold(ctx context.Context, tx *gorm.DB, ownerID, serverID int64) (serverRow, levelNames, Protection, error) {
	if err := lockAccount(tx, ownerID); err != nil {
		return serverRow{}, levelNames{}, Protection{}, err
	}
	if err := lockOwnServer(tx, ownerID, serverID); err != nil {
		return serverRow{}, levelNames{}, Protection{}, err
	}
	server, err := p.serverByID(ctx, tx, serverID)
	if err != nil {
		return server, levelNames{}, Protection{}, err
	}
	names, before, err := p.namesAt(ctx, tx, serverID)
	return server, names, before, err
}

// feedLevels tells the agent of a server that the levels of its people have changed. If followers is true,
// only of people who follow the defaults.
func (c *core) feedLevels(ctx context.Context, tx *gorm.DB, serverID int64, followers bool) error {
	var links []linkRow
	statement := `SELECT l.id, l.server_id, l.account_id FROM links l LEFT JOIN link_levels lv ON lv.link_id = l.id
WHERE l.server_id = ? AND l.state = ?`
	if followers {
		statement += " AND COALESCE(lv.own, FALSE) = FALSE"
	}
	if err := tx.Raw(statement+" ORDER BY l.id", serverID, LinkAccepted).Scan(&links).Error; err != nil {
		return err
	}
	for i := range links {
		if err := c.feedLink(ctx, tx, &links[i], ChangeLink); err != nil {
			return err
		}
	}
	return nil
}

// SetLink gives one person levels of their own, or with nil the defaults of the server. It returns
// [ErrNotFound], or errors about fields below everyday and unlocked.
func (p *Protections) SetLink(ctx context.Context, ownerID, serverID, linkID int64, in *LinkProtection, caller Caller) error {
	return p.onLink(ctx, ownerID, serverID, linkID, caller, func(names *levelNames, row *linkLevelsRow) (map[string]any, error) {
		if in == nil {
			return map[string]any{"own": false, "pin_required": false, "everyday": "", "unlocked": nil}, nil
		}
		for _, text := range []*string{&row.Everyday, row.Unlocked} {
			before, err := unpackOptional(text)
			if err != nil {
				return nil, err
			}
			if before != nil {
				names.before = append(names.before, *before)
			}
		}
		packed, err := names.pack(in.Everyday, in.Unlocked)
		return map[string]any{"own": true, "pin_required": in.PINRequired, "everyday": packed.everyday, "unlocked": packed.unlocked}, err
	})
}

// LetUnlock lets a person unlock things again. Unlocking is stopped for a person whose PIN was removed
// while something opened only with that PIN. It returns [ErrNotFound].
func (p *Protections) LetUnlock(ctx context.Context, ownerID, serverID, linkID int64, caller Caller) error {
	return p.onLink(ctx, ownerID, serverID, linkID, caller, func(*levelNames, *linkLevelsRow) (map[string]any, error) {
		return map[string]any{"stopped_at": nil}, nil
	})
}

// onLink changes columns of the levels of a person of a server, and tells the agent.
func (p *Protections) onLink(ctx context.Context, ownerID, serverID, linkID int64, caller Caller,
	change func(names *levelNames, row *linkLevelsRow) (map[string]any, error),
) error {
	return p.tx(ctx, "set the levels of a person", func(tx *gorm.DB) error {
		server, names, _, err := p.hold(ctx, tx, ownerID, serverID)
		if err != nil {
			return err
		}
		links, err := database.G[linkRow](tx).Where("id = ? AND server_id = ? AND state = ?", linkID, serverID, LinkAccepted).Find(ctx)
		if err != nil {
			return err
		}
		if len(links) == 0 {
			return ErrNotFound
		}
		rows, err := database.G[linkLevelsRow](tx).Where("link_id = ?", linkID).Find(ctx)
		if err != nil {
			return err
		}
		columns, err := change(&names, &append(rows, linkLevelsRow{})[0])
		if err != nil {
			return err
		}
		if err := p.feedLink(ctx, tx, &links[0], ChangeLink); err != nil {
			return err
		}
		if err := changeLevels(ctx, tx, &links[0], columns); err != nil {
			return err
		}
		return p.recordAbout(ctx, tx, ownerID, EventProtectionSet, server.server().Name, caller)
	})
}
