package database_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-sql-driver/mysql"
	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// Many writers of one instance change the same row of a cluster, again and again, and none of them gives up.
// In this model of a cluster a transaction takes 20 ms, and it is lost if another transaction was committed
// after it began.
func TestManyThatCollideAllGetThrough(t *testing.T) {
	t.Parallel()
	for range 10 { // the pauses are random
		synctest.Test(t, func(t *testing.T) {
			db, err := database.Open("mysql://nobody@127.0.0.1:1/nothing", 4) // it does not connect
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			var mu sync.Mutex
			version := 0
			write := func(*gorm.DB) error {
				mu.Lock()
				begun := version
				mu.Unlock()
				time.Sleep(20 * time.Millisecond)
				mu.Lock()
				defer mu.Unlock()
				if version != begun {
					return &mysql.MySQLError{Number: 1213}
				}
				version++
				return nil
			}
			var all sync.WaitGroup
			const writers, times = 16, 20
			for range writers {
				all.Go(func() {
					for range times {
						if err := db.Again(t.Context(), write); err != nil {
							t.Errorf("got error %v, want none", err)
						}
					}
				})
			}
			all.Wait()
			if version != writers*times {
				t.Errorf("%d of %d were committed, want all", version, writers*times)
			}
		})
	}
}
