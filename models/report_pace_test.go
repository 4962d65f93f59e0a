package models_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// Reports that change something are counted by server, because each may rewrite thousands
// of rows: a server that anybody can register must not keep the database busy. Reports
// without news always pass.
func TestReportsArePaced(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx := k.t.Context()
		renamed := 0
		change := func(m media) error {
			renamed++
			in := report()
			in.LocalUsers[0].Name = fmt.Sprintf("Anna %d", renamed)
			_, err := k.Agents.Report(ctx, m.Server, in)
			return err
		}
		k.run("of a server without an owner", func(k *kit) {
			m, other := k.stray(), k.stray()
			for range 20 {
				k.must(change(m))
			}
			k.is(change(m), models.ErrThrottled)
			k.must(change(other))
			k.clock.Advance(time.Hour)
			k.must(change(m))
		})
		k.run("of a server with an owner", func(k *kit) {
			m := k.agent(k.account()) // one report
			for range 19 {
				k.must(change(m))
			}
			last := report()
			last.Name = "Attic"
			k.report(m, last)
			k.is(change(m), models.ErrThrottled)
			k.report(k.again(m), last) // no news
			k.clock.Advance(10 * time.Second)
			k.must(change(m))
			k.is(change(m), models.ErrThrottled)
			passed := 22
			for range 58 * 6 { // to the end of the hour
				k.clock.Advance(10 * time.Second)
				if change(m) == nil {
					passed++
				}
			}
			if passed != 120 {
				k.t.Errorf("%d reports in an hour, want 120", passed)
			}
		})
	})
}
