package models

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"gorm.io/gorm"
)

// noteRun stores which run of an agent has sent a report. It returns true if the report before
// came from another run of an agent, even if that run has ended since. It writes to the database
// only for the first report, and when the run has changed. For a report that names no run it does
// nothing.
func (a *Agents) noteRun(ctx context.Context, this *Server, run string) (another bool, err error) {
	if run == "" {
		return false, nil
	}
	sum := sha256.Sum256([]byte(run)) // the text of an agent may have any length
	digest := hex.EncodeToString(sum[:])
	if this.AgentRun == digest {
		return false, nil
	}
	err = a.db.Again(ctx, func(db *gorm.DB) error {
		return db.Exec("UPDATE servers SET agent_run = ? WHERE id = ?", digest, this.ID).Error
	})
	return this.AgentRun != "", explained("write the run of an agent", err)
}
