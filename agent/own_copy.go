package agent

import (
	"context"
	"sync/atomic"

	"gorm.io/gorm"
)

// ownCopy tells whether the agent's own copy of the links may let anybody in while the
// service is away. A copy that was restored from a backup may not, because links may have
// been removed after the backup. See ADR 0022.
type ownCopy struct {
	*core

	confirmed atomic.Bool // in this run the copy was found untouched, or compared with the service
	written   atomic.Int64
}

// current reports whether the agent's own copy is unchanged since the agent wrote it, or
// was compared with the service in this run.
func (o *ownCopy) current(ctx context.Context) bool {
	if o.confirmed.Load() {
		return true
	}
	untouched, err := o.store.untouched(ctx)
	if o.explainFile(ctx, err) != nil || !untouched {
		return false
	}
	o.confirmed.Store(true)
	return true
}

// look begins a trouble at the start of a run if the service has to confirm the copy first.
func (o *ownCopy) look(ctx context.Context) {
	if seq, err := changeSeq(o.store.read(ctx)); err != nil || seq < 0 || o.current(ctx) {
		return // a copy that holds nothing yet opens nothing either
	}
	o.trouble.begin(ctx, troubleRestoredCopy, "this data folder was restored from a copy or moved, or an older version of the agent wrote it, so that links may have ended since. "+
		"Until the service has answered, no device gets a local token and no guest is changed: check that this machine can reach the service")
}

// notePosition writes the number of the last change beside the agent's file, unless it is
// there already.
func (o *ownCopy) notePosition(ctx context.Context, seq int64) error {
	if o.written.Load() == seq+1 {
		return nil
	}
	serverID, err := fact(o.store.read(ctx), factServerID)
	if err == nil {
		err = o.store.writePosition(serverID, seq)
	}
	if err == nil {
		o.written.Store(seq + 1) // 0 means that nothing was written
	}
	return o.explainFile(ctx, err)
}

// confirm returns the function write. It must be called in the transaction that writes the links
// of the service, so that the agent's file counts as untouched from then on. The agent continues
// after the change with the number seq.
func (o *ownCopy) confirm(ctx context.Context, seq int64) (write func(tx *gorm.DB) error, err error) {
	if err := o.notePosition(ctx, seq); err != nil {
		return nil, err
	}
	place, err := changeTime(o.store.lockPath())
	if err != nil {
		place = "" // after the next start, the service has to confirm the copy again
	}
	return func(tx *gorm.DB) error { return setFact(tx, factPlace, place) }, nil
}

// isConfirmed notes that the links of the service were written.
func (o *ownCopy) isConfirmed(ctx context.Context) {
	o.confirmed.Store(true)
	o.trouble.end(ctx, troubleRestoredCopy)
}
