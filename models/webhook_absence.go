package models

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/latchkey-media/latchkey/internal/database"
)

// serverAbsenceRow is a row of server_absences: the webhooks have been told that the agent of a server is silent.
type serverAbsenceRow struct {
	ServerID int64
	SinceAt  time.Time
}

// TableName returns the name of the table, server_absences.
func (serverAbsenceRow) TableName() string { return "server_absences" }

// silentAgents finds servers whose agents have become silent.
const silentAgents = `SELECT s.* FROM servers s LEFT JOIN server_absences a ON a.server_id = s.id
WHERE s.kind = ? AND s.disabled_at IS NULL AND s.last_seen_at <= ? AND a.server_id IS NULL ORDER BY s.id LIMIT ?`

// endedAbsences finds absences of servers that call again, are disabled, or are gone.
const endedAbsences = `SELECT a.server_id FROM server_absences a LEFT JOIN servers s ON s.id = a.server_id
WHERE s.id IS NULL OR s.disabled_at IS NOT NULL OR s.last_seen_at > ? ORDER BY a.server_id LIMIT ?`

// TellAbsences writes an event for each agent that has become silent and for each that calls again. The caller has to wait
// for [AwayAfter] after the start of the program: while no program ran, no agent could call. Several workers may call it
// at once.
func (q *WebhookQueue) TellAbsences(ctx context.Context) error {
	if err := q.clock.agrees(); err != nil {
		return err
	}
	since := q.Now().Add(-AwayAfter)
	var silent []serverRow
	if err := q.read(ctx).Raw(silentAgents, ServerAgent, since, sweepStep).Scan(&silent).Error; err != nil {
		return explained("find silent agents", err)
	}
	for i := range silent {
		err := q.tx(ctx, "tell that an agent is silent", func(tx *gorm.DB) error {
			made := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&serverAbsenceRow{ServerID: silent[i].ID, SinceAt: silent[i].LastSeenAt.UTC()})
			if made.Error != nil || made.RowsAffected != 1 {
				return made.Error
			}
			return q.happen(ctx, tx, happened{kind: HappenedAway, server: &silent[i]})
		})
		if err != nil {
			return err
		}
	}
	var ended []int64
	if err := q.read(ctx).Raw(endedAbsences, since, sweepStep).Scan(&ended).Error; err != nil {
		return explained("find agents that call again", err)
	}
	for _, id := range ended {
		if err := q.tx(ctx, "tell that an agent calls again", func(tx *gorm.DB) error { return q.endAbsence(ctx, tx, id) }); err != nil {
			return err
		}
	}
	return nil
}

// endAbsence ends the absence of a server, and writes an event if the server is still in use.
func (q *WebhookQueue) endAbsence(ctx context.Context, tx *gorm.DB, serverID int64) error {
	gone := tx.Exec("DELETE FROM server_absences WHERE server_id = ?", serverID)
	if gone.Error != nil || gone.RowsAffected != 1 {
		return gone.Error
	}
	servers, err := database.G[serverRow](tx).Where("id = ? AND disabled_at IS NULL", serverID).Find(ctx)
	if err != nil || len(servers) == 0 {
		return err
	}
	return q.happen(ctx, tx, happened{kind: HappenedBack, server: &servers[0]})
}
