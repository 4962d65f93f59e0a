package models

import (
	"context"

	"gorm.io/gorm"
)

// The statements that find and end the unlocks whose time is over. The history still tells the person that
// an unlock was open.
const (
	unlocksOver = "SELECT link_id FROM link_levels WHERE closes_at <= ? LIMIT 1"
	endUnlocks  = "UPDATE link_levels SET unlock_id = 0, opened_by = 0, opened_at = NULL, closes_at = NULL, stop_playing = FALSE WHERE closes_at <= ?"
)

// EndUnlocks ends the unlocks whose time is over, so that a clock that is set back later does not open them again. The
// agents need not be told: they get no unlock whose time is over, and end theirs by themselves. It returns
// [ErrClocksDiffer] if the clock of this machine cannot be trusted.
func (s *Store) EndUnlocks(ctx context.Context) error {
	if err := s.clock.agrees(); err != nil {
		return err
	}
	var over []int64
	if err := s.read(ctx).Raw(unlocksOver, s.Now()).Scan(&over).Error; err != nil || len(over) == 0 {
		return explained("find unlocks that are over", err)
	}
	return s.tx(ctx, "end unlocks", func(tx *gorm.DB) error { return tx.Exec(endUnlocks, s.Now()).Error })
}
