package models

import (
	"context"
	"maps"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// libraryKind returns the kind of a library as it is stored: at most 32 small letters. Any
// other text counts as unknown.
func libraryKind(kind string) string {
	const most = 32
	if len(kind) > most || strings.ContainsFunc(kind, func(r rune) bool { return r < 'a' || r > 'z' }) {
		return ""
	}
	return kind
}

// reportLibraries replaces the libraries of a server by the libraries of a report. A
// library that was gone and is in the report again comes back, and counts as new then.
func (c *core) reportLibraries(ctx context.Context, tx *gorm.DB, serverID int64, libraries []Library) error {
	rows, err := database.G[libraryRow](tx).Where("server_id = ?", serverID).Find(ctx)
	if err != nil {
		return err
	}
	known := map[string]libraryRow{}
	for _, row := range rows {
		known[row.ExternalID] = row
	}
	now := c.Now() // the same time for libraries that come and libraries that go, which shows that they belong together
	for _, l := range libraries {
		row, found := known[l.ExternalID]
		delete(known, l.ExternalID)
		switch {
		case !found:
			row = libraryRow{ServerID: serverID, ExternalID: l.ExternalID, Name: l.Name, Kind: l.Kind}
			if len(rows) > 0 { // no library counts as new in the first report
				row.CameAt = &now
			}
			if row.ID, err = c.newID(); err == nil {
				err = database.G[libraryRow](tx).Create(ctx, &row)
			}
		case row.GoneAt != nil:
			err = tx.Exec("UPDATE libraries SET name = ?, kind = ?, gone_at = NULL, came_at = ? WHERE id = ?", l.Name, l.Kind, now, row.ID).Error
		case row.Name != l.Name || row.Kind != l.Kind:
			err = tx.Exec("UPDATE libraries SET name = ?, kind = ? WHERE id = ?", l.Name, l.Kind, row.ID).Error
		}
		if err != nil {
			return err
		}
	}
	return c.forgetLibraries(tx, serverID, slices.Collect(maps.Values(known)), now)
}
