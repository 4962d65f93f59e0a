package database

import (
	"database/sql/driver"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-sql-driver/mysql"
)

// A write to a database that is away, or that is read-only, fails within three seconds, even when
// each attempt to connect takes nearly a second. After a deadlock, a write is repeated until all
// its tries are used, however long that takes.
func TestAwayIsGivenUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err         error
		tries       int
		takes, most time.Duration
	}{
		"away at once":        {driver.ErrBadConn, txTries, 0, 3 * time.Second},
		"away after a while":  {driver.ErrBadConn, 3, 900 * time.Millisecond, 3500 * time.Millisecond},
		"without its cluster": {&mysql.MySQLError{Number: clusterNotReady}, 3, 900 * time.Millisecond, 3500 * time.Millisecond},
		"a deadlock":          {&mysql.MySQLError{Number: 1213}, freeTries + txTries, 900 * time.Millisecond, 15 * time.Second},
		"refused":             {&mysql.MySQLError{Number: 1064}, 1, 0, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			d, tries, begun := &DB{Dialect: MySQL, turns: make(chan struct{}, 1)}, 0, time.Now()
			err := d.repeat(t.Context(), func() error {
				tries++
				time.Sleep(c.takes)
				return c.err
			})
			if took := time.Since(begun); err != c.err || tries > c.tries || took > c.most { //nolint:errorlint // the same value
				t.Errorf("%s: got error %v after %d tries and %v; want %v after at most %d tries and %v", name, err, tries, took, c.err, c.tries, c.most)
			}
			if want := Unavailable(c.err); d.writeFailed.Load() != want {
				t.Errorf("%s: the failure is noted: %v, want %v", name, d.writeFailed.Load(), want)
			}
		})
	}
}
