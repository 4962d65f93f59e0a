package models

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// ExportedLevels has the levels of a link of the account, as far as they differ from the defaults of the
// server, and the unlock that is open. Times are UTC.
type ExportedLevels struct {
	LinkID, ServerID         int64
	Own                      bool // the owner has chosen PINRequired, Everyday and Unlocked for this link
	PINRequired              bool
	Everyday                 Level
	Unlocked                 *Level // nil if there is nothing to unlock
	Hold                     *Level // what the person's own PIN protects; nil for nothing
	StoppedAt                time.Time
	OpenedAt, ClosesAt       time.Time
	StopPlaying              bool
	AskedDevice, AskedClient string // the device that was refused last
	AskedAt                  time.Time
}

// ExportedProtection has the choices of the account for a server that it owns.
type ExportedProtection struct {
	ServerID    int64
	Active      bool
	PINRequired bool
	Everyday    Level
	Unlocked    *Level // nil if there is nothing to unlock
}

// readLevels reads the levels of the links of the account.
func (e *Export) readLevels(ctx context.Context, tx *gorm.DB, _ *core, accountID int64) error {
	rows, err := database.G[linkLevelsRow](tx).Where("account_id = ?", accountID).Order("link_id").Find(ctx)
	if err != nil {
		return err
	}
	for _, r := range rows {
		one := ExportedLevels{
			LinkID: r.LinkID, ServerID: r.ServerID, Own: r.Own, PINRequired: r.PINRequired, StoppedAt: orZero(r.StoppedAt), OpenedAt: orZero(r.OpenedAt),
			ClosesAt: orZero(r.ClosesAt), StopPlaying: r.StopPlaying, AskedDevice: r.AskedDevice, AskedClient: r.AskedClient, AskedAt: orZero(r.AskedAt),
		}
		if one.Everyday, err = unpackLevel(r.Everyday); err != nil {
			return err
		}
		if one.Unlocked, err = unpackOptional(r.Unlocked); err != nil {
			return err
		}
		if one.Hold, err = unpackOptional(r.Hold); err != nil {
			return err
		}
		e.Levels = append(e.Levels, one)
	}
	return nil
}

// readProtections reads the protections of the servers that the account owns.
func (e *Export) readProtections(ctx context.Context, tx *gorm.DB, c *core, _ int64) error {
	for _, server := range e.Servers {
		found, err := c.protectionOf(ctx, tx, server.ID)
		if err != nil {
			return err
		}
		if found.Active || !found.Everyday.takesNothing() || found.Unlocked != nil {
			e.Protections = append(e.Protections, ExportedProtection{
				ServerID: server.ID, Active: found.Active, PINRequired: found.PINRequired, Everyday: found.Everyday, Unlocked: found.Unlocked,
			})
		}
	}
	return nil
}
