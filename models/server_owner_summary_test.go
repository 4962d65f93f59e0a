package models_test

import (
	"slices"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// If the checks of an agent have found something wrong, then the summary of this server names that, but the
// summary of no other server does. While the agent is away, it is not named.
func TestSummaryNamesChecks(t *testing.T) {
	eachServer(t, func(k *kit) {
		owner := k.account()
		m, other := k.agent(owner), k.agent(owner)
		has := func(one media, trouble string) bool {
			k.t.Helper()
			sum, err := k.Servers.Summary(k.t.Context(), owner.ID, one.ID)
			k.must(err)
			return slices.Contains(sum.Troubles(), trouble)
		}
		k.tell(m, found(models.CheckOK, "key", "ok"))
		if has(m, models.TroubleChecks) || has(m, models.TroubleWarnings) {
			k.t.Error("checks in order are among the troubles")
		}
		k.tell(m, found(models.CheckWarning, "disk", "low"))
		if has(m, models.TroubleChecks) || !has(m, models.TroubleWarnings) {
			k.t.Error("want the warning among the troubles, and nothing wrong")
		}
		k.tell(m, found(models.CheckWarning, "disk", "low"), found(models.CheckWrong, "key", "refused"))
		if !has(m, models.TroubleChecks) || has(m, models.TroubleWarnings) || has(other, models.TroubleChecks) {
			k.t.Error("want what is wrong among the troubles of the one server, and the warning left out")
		}
		k.clock.Advance(models.AwayAfter + time.Minute)
		if has(m, models.TroubleChecks) {
			k.t.Error("old results of an agent that is away are among the troubles")
		}
	})
}
