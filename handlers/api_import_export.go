package handlers

import (
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// exportedImport is a list of people whom the account has brought to a server, or wanted to bring.
type exportedImport struct {
	ID        string               `json:"id"`
	ServerID  string               `json:"server_id"`
	Source    string               `json:"source"`
	Status    string               `json:"status"`
	CreatedAt time.Time            `json:"created_at"`
	Lines     []exportedImportLine `json:"lines"`
}

type exportedImportLine struct {
	Name      string     `json:"name"`
	To        string     `json:"to"`
	LocalUser string     `json:"local_user"`
	EndsAt    *time.Time `json:"ends_at"`
	Outcome   string     `json:"outcome"`
}

func exportImport(i models.ExportedImport) exportedImport {
	return exportedImport{
		ID: idText(i.ID), ServerID: idText(i.ServerID), Source: i.Source, Status: i.State, CreatedAt: i.CreatedAt,
		Lines: each(i.Lines, func(l models.ExportedImportLine) exportedImportLine {
			return exportedImportLine{l.Name, l.To, l.LocalUser, moment(l.EndsAt), l.Outcome}
		}),
	}
}
