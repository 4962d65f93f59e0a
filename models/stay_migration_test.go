package models_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// The migration of stays goes down and up again on both engines, also when the program was killed between two of its steps.
// Links that had an end before are due for the next mail about it, and the worker finds them by their time.
func TestMigrationOfStays(t *testing.T) {
	t.Parallel()
	const number = 39
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		k := &kit{modelstest.Open(t, address, modelstest.NewClock(), modelstest.Loose, looseServers, looseInvites), t, modelstest.NewClock()}
		models.Impatient(k.Store)
		owner := k.account()
		m := k.agent(owner)
		now := time.Now().UTC().Truncate(time.Second).Add(123 * time.Millisecond) // the migration reads the clock of the database
		stays := []struct {
			left time.Duration // until the end; 0 for a stay without an end
			due  time.Duration // until the next mail; 0 for none
			link int64
		}{{10 * dayLong, 3 * dayLong, 0}, {3 * dayLong, 2 * dayLong, 0}, {2 * time.Hour, 0, 0}, {0, 0, 0}}
		for i := range stays {
			stays[i].link = k.linkIDOf(m, k.guestWith(owner, m, "l-films").ID)
			if stays[i].left > 0 {
				k.exec("UPDATE links SET ends_at = ? WHERE id = ?", now.Add(stays[i].left), stays[i].link)
			}
		}
		columns, indexes, dialect := sortedColumns(k.columns()), k.indexes(), models.DatabaseOf(k.Store).Dialect
		steps := stepsDown(t, dialect, number)
		k.downTo(number - 1)
		k.upFrom(number-1, "down and up")
		for done := 1; dialect == database.MySQL && done < len(steps); done++ { // SQLite does all or nothing
			k.downTo(number)
			for _, step := range steps[:done] {
				k.exec(step)
			}
			k.upFrom(number-1, fmt.Sprintf("without the last %d steps", done))
		}
		if diff := cmp.Diff(columns, sortedColumns(k.columns())); diff != "" {
			t.Errorf("columns differ (-before +after):\n%s", diff)
		}
		if diff := cmp.Diff(indexes, k.indexes()); diff != "" {
			t.Errorf("indexes differ (-before +after):\n%s", diff)
		}
		for _, one := range stays {
			due := func(in time.Duration) bool {
				return k.texts("SELECT COUNT(*) FROM links WHERE id = ? AND remind_at <= ?", one.link, now.Add(in))[0][0] == "1"
			}
			if one.due == 0 && due(100*dayLong) || one.due > 0 && (due(one.due-time.Millisecond) || !due(one.due)) {
				t.Errorf("a stay that ends in %s: the next mail is not due in %s, want it then (0s: never)", one.left, one.due)
			}
		}
	})
}
