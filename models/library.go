package models

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// Library is a part of the media on a server, as its agent reported it.
type Library struct {
	ExternalID string // the server's own id
	Name       string
	GoneAt     time.Time `json:",omitzero"` // when a report first lacked it, in UTC; zero while the server has it
	Kind       string    `json:",omitzero"` // the kind of its content, as the media server calls it, such as movies; only in a [Report]
}

// libraryRow is a row of libraries.
type libraryRow struct {
	ID         int64
	ServerID   int64
	ExternalID string
	Name       string
	Kind       string     // "" if the agent did not tell it
	CameAt     *time.Time // when the library appeared in a report; nil if it is not offered to the owner as the new name of a library that is gone
	GoneAt     *time.Time
}

// TableName returns the name of the table, libraries.
func (libraryRow) TableName() string { return "libraries" }

// library returns the row as a [Library].
func (r *libraryRow) library() Library {
	return Library{ExternalID: r.ExternalID, Name: r.Name, GoneAt: orZero(r.GoneAt)}
}

// packLibraries returns a choice of libraries as it is stored: a JSON list of their
// ids, or nil to leave the choice to the server.
func packLibraries(libraries []Library) (*string, error) {
	if libraries == nil {
		return nil, nil
	}
	ids := make([]string, len(libraries))
	for i, l := range libraries {
		ids[i] = l.ExternalID
	}
	packed, err := json.Marshal(ids)
	if err != nil {
		return nil, fmt.Errorf("libraries: %w", err)
	}
	text := string(packed)
	return &text, nil
}

// libraryNames holds libraries by server id and by the library's own id.
type libraryNames map[int64]map[string]Library

// namesOfLibraries reads the names of all libraries of some servers, also of the libraries
// that are gone.
func (c *core) namesOfLibraries(ctx context.Context, db *gorm.DB, serverIDs ...int64) (libraryNames, error) {
	rows, err := c.librariesAt(ctx, db, serverIDs...)
	return namesIn(rows), err
}

// librariesAt reads all libraries of some servers, also those that are gone.
func (c *core) librariesAt(ctx context.Context, db *gorm.DB, serverIDs ...int64) ([]libraryRow, error) {
	if len(serverIDs) == 0 {
		return nil, nil
	}
	rows, err := database.G[libraryRow](db).Where("server_id IN ?", serverIDs).Find(ctx)
	return rows, explained("read the libraries", err)
}

// namesIn returns the names of libraries.
func namesIn(rows []libraryRow) libraryNames {
	names := libraryNames{}
	for i := range rows {
		if names[rows[i].ServerID] == nil {
			names[rows[i].ServerID] = map[string]Library{}
		}
		names[rows[i].ServerID][rows[i].ExternalID] = rows[i].library()
	}
	return names
}

// libraryIDs reads the ids of a stored choice of libraries.
func libraryIDs(packed string) ([]string, error) {
	var ids []string
	if err := json.Unmarshal([]byte(packed), &ids); err != nil {
		return nil, fmt.Errorf("libraries: %w", err)
	}
	return ids, nil
}

// unpack reads a stored choice of libraries. A library that is gone keeps its last name. A
// library that was never reported gets its id as its name.
func (n libraryNames) unpack(serverID int64, packed *string) ([]Library, error) {
	if packed == nil {
		return nil, nil
	}
	ids, err := libraryIDs(*packed)
	if err != nil {
		return nil, err
	}
	libraries := make([]Library, len(ids))
	for i, id := range ids {
		one, known := n[serverID][id]
		if !known {
			one = Library{ExternalID: id, Name: id}
		}
		libraries[i] = one
	}
	return libraries, nil
}

// allOf returns each library of a choice once, and reports whether the server has all of
// them. A library that is gone is accepted only if it is in before, the choice that is
// being replaced: so an owner who changes another part of the choice can keep it.
func (n libraryNames) allOf(serverID int64, libraries, before []Library) ([]Library, bool) {
	if libraries == nil {
		return nil, true
	}
	chosen := make([]Library, 0, len(libraries))
	for _, l := range libraries {
		has := func(other Library) bool { return other.ExternalID == l.ExternalID }
		one, known := n[serverID][l.ExternalID]
		if kept := slices.IndexFunc(before, has); kept >= 0 {
			one = before[kept]
		} else if !known || !one.GoneAt.IsZero() {
			return nil, false
		}
		if !slices.ContainsFunc(chosen, has) {
			chosen = append(chosen, one)
		}
	}
	return chosen, true
}

// Libraries lists the libraries that an owner's server has now, by name. It returns
// [ErrNotFound].
func (s *Servers) Libraries(ctx context.Context, ownerID, serverID int64) ([]Library, error) {
	if _, err := s.ownedServer(ctx, s.read(ctx), ownerID, serverID); err != nil {
		return nil, err
	}
	rows, err := database.G[libraryRow](s.read(ctx)).Where("server_id = ?", serverID).Order("name, id").Find(ctx)
	if err != nil {
		return nil, explained("list the libraries", err)
	}
	libraries := make([]Library, 0, len(rows))
	for i := range rows {
		if rows[i].GoneAt == nil {
			libraries = append(libraries, rows[i].library())
		}
	}
	return libraries, nil
}

// forgetLibraries deletes libraries that their server no longer has, and marks as gone
// those that a link or a pending invite still names. now is the time of the report. The
// caller holds the row of the server, so that no choice is made meanwhile.
func (c *core) forgetLibraries(tx *gorm.DB, serverID int64, gone []libraryRow, now time.Time) error {
	if len(gone) == 0 {
		return nil
	}
	named, err := c.namedLibraries(tx, serverID)
	if err != nil {
		return err
	}
	for _, row := range gone {
		if !named[row.ExternalID] {
			err = tx.Exec("DELETE FROM libraries WHERE id = ?", row.ID).Error
		} else if row.GoneAt == nil {
			err = tx.Exec("UPDATE libraries SET gone_at = ? WHERE id = ?", now, row.ID).Error
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// namedLibraries returns the ids of the libraries that links, pending invites and the terms for circles of a
// server name.
func (c *core) namedLibraries(tx *gorm.DB, serverID int64) (map[string]bool, error) {
	var choices []string
	err := tx.Raw(`SELECT libraries FROM links WHERE server_id = ? AND libraries IS NOT NULL
UNION SELECT libraries FROM circle_servers WHERE server_id = ? AND libraries IS NOT NULL
UNION SELECT v.libraries FROM invite_servers v JOIN invites i ON i.id = v.invite_id
WHERE v.server_id = ? AND v.libraries IS NOT NULL AND i.state = ? AND i.expires_at > ?`, serverID, serverID, serverID, invitePending, c.Now()).Scan(&choices).Error
	if err != nil {
		return nil, err
	}
	named := map[string]bool{}
	for _, packed := range choices {
		ids, err := libraryIDs(packed)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			named[id] = true
		}
	}
	return named, nil
}

// sweepLibraries deletes libraries that are gone, once no link and no pending invite names
// them. A report that changes something deletes them, too, but an unchanged report does
// not.
func (s *Store) sweepLibraries(ctx context.Context) error {
	for after := int64(0); ; {
		var servers []int64
		err := s.read(ctx).Raw("SELECT DISTINCT server_id FROM libraries WHERE gone_at IS NOT NULL AND server_id > ? ORDER BY server_id LIMIT ?", after, sweepStep).
			Scan(&servers).Error
		if err != nil {
			return explained("find libraries that are gone", err)
		}
		for _, id := range servers {
			after = id
			if err := s.sweepLibrariesOf(ctx, id); err != nil && KindOf(err) != KindNotFound { // the server was removed meanwhile
				return err
			}
		}
		if len(servers) < sweepStep {
			return nil
		}
	}
}

// sweepLibrariesOf does the work of [Store.sweepLibraries] for one server.
func (s *Store) sweepLibrariesOf(ctx context.Context, serverID int64) error {
	return s.tx(ctx, "forget libraries", func(tx *gorm.DB) error {
		// The lock of the server stops a report that brings a library back, and a choice that names it.
		if err := lockServer(tx, "id = ?", serverID); err != nil {
			return err
		}
		gone, err := database.G[libraryRow](tx).Where("server_id = ? AND gone_at IS NOT NULL", serverID).Find(ctx)
		if err != nil {
			return err
		}
		return s.forgetLibraries(tx, serverID, gone, s.Now())
	})
}
