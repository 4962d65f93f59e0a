package handlers

import (
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// exportedLevels has the limits of the account at one of its servers.
type exportedLevels struct {
	LinkID      string       `json:"link_id"`
	ServerID    string       `json:"server_id"`
	Own         bool         `json:"own"` // the owner of the server has chosen the next three for this link
	PINRequired bool         `json:"pin_required"`
	Everyday    levelObject  `json:"everyday"`
	Unlocked    *levelObject `json:"unlocked"`
	Hold        *levelObject `json:"hold"`
	StoppedAt   time.Time    `json:"stopped_at,omitzero"`
	OpenedAt    time.Time    `json:"opened_at,omitzero"`
	ClosesAt    time.Time    `json:"closes_at,omitzero"`
	StopPlaying bool         `json:"stop_playing,omitempty"`
	AskedDevice string       `json:"asked_device,omitempty"`
	AskedClient string       `json:"asked_client,omitempty"`
	AskedAt     time.Time    `json:"asked_at,omitzero"`
}

func exportLevels(l models.ExportedLevels) exportedLevels {
	return exportedLevels{
		LinkID: idText(l.LinkID), ServerID: idText(l.ServerID), Own: l.Own, PINRequired: l.PINRequired, Everyday: levelOf(l.Everyday),
		Unlocked: levelOrNull(l.Unlocked), Hold: levelOrNull(l.Hold), StoppedAt: l.StoppedAt, OpenedAt: l.OpenedAt, ClosesAt: l.ClosesAt,
		StopPlaying: l.StopPlaying, AskedDevice: l.AskedDevice, AskedClient: l.AskedClient, AskedAt: l.AskedAt,
	}
}

// exportedProtection has the choices of the account for a server that it owns.
type exportedProtection struct {
	ServerID    string       `json:"server_id"`
	Active      bool         `json:"active"`
	PINRequired bool         `json:"pin_required"`
	Everyday    levelObject  `json:"everyday"`
	Unlocked    *levelObject `json:"unlocked"`
}

func exportProtection(p models.ExportedProtection) exportedProtection {
	return exportedProtection{
		ServerID: idText(p.ServerID), Active: p.Active, PINRequired: p.PINRequired, Everyday: levelOf(p.Everyday), Unlocked: levelOrNull(p.Unlocked),
	}
}
