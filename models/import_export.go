package models

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// ExportedImport is a list of people whom the account has brought to a server, or wanted to bring.
type ExportedImport struct {
	ID, ServerID  int64
	Source, State string
	CreatedAt     time.Time
	Lines         []ExportedImportLine
}

// ExportedImportLine is one person of an [ExportedImport].
type ExportedImportLine struct {
	Name, To, LocalUser, Outcome string
	EndsAt                       time.Time // zero for no end
}

func (e *Export) readImports(ctx context.Context, tx *gorm.DB, _ *core, accountID int64) error {
	rows, err := database.G[importRow](tx).Where("owner_id = ? AND state <> ?", accountID, importDiscarded).Order("id").Find(ctx)
	if err != nil {
		return err
	}
	for _, r := range rows {
		lines, err := database.G[importLineRow](tx).Where("import_id = ?", r.ID).Order("position").Find(ctx)
		if err != nil {
			return err
		}
		one := ExportedImport{ID: r.ID, ServerID: r.ServerID, Source: r.Source, State: r.State, CreatedAt: r.CreatedAt.UTC()}
		for _, line := range lines {
			one.Lines = append(one.Lines, ExportedImportLine{
				Name: line.Name, To: line.Typed, LocalUser: line.LocalUser, Outcome: line.Outcome, EndsAt: orZero(line.EndsAt),
			})
		}
		e.Imports = append(e.Imports, one)
	}
	return nil
}
