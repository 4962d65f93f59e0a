package models_test

import (
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/models"
)

// The facts about the health of the service name each agent with the numbers of its checks, and the certificates that end soon.
func TestHealthFacts(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		soon, later := k.Now().Add(72*time.Hour), k.Now().Add(60*24*time.Hour)
		address := func(host string, until time.Time) models.Check {
			return models.Check{Name: "address", Subject: "https://" + host, State: models.CheckOK, Reason: "ok", Until: until}
		}
		k.tell(m, address("soon.example.test", soon), address("later.example.test", later), found(models.CheckWarning, "disk", "low"), found(models.CheckWrong, "key", "refused"))
		facts, err := k.Console.Health(ctx)
		k.must(err)
		if len(facts.Agents) != 1 || facts.Agents[0].ServerID != m.ID || facts.Agents[0].OK != 2 || facts.Agents[0].Warnings != 1 || facts.Agents[0].Wrong != 1 ||
			facts.Agents[0].Away || facts.Agents[0].CheckedAt.IsZero() {
			k.t.Errorf("the agents are %+v, want one with two checks in order, a warning and a problem", facts.Agents)
		}
		if len(facts.Certificates) != 1 || facts.Certificates[0].Address != "https://soon.example.test:443" || !facts.Certificates[0].Until.Equal(soon.Truncate(time.Millisecond)) {
			k.t.Errorf("the certificates are %+v, want the one that ends on %v", facts.Certificates, soon)
		}
		if facts.Engine.Version == "" || (facts.Engine.Dialect == database.MySQL) != (facts.Engine.Global["max_allowed_packet"] != "") || facts.Engine.Session == nil {
			k.t.Errorf("the engine is %+v, want its version and its settings", facts.Engine)
		}
		if !facts.Backup.LastAt.IsZero() || facts.ClockAhead.Abs() > time.Minute {
			k.t.Errorf("the last backup is %v and the clock is ahead by %v, want none and none", facts.Backup.LastAt, facts.ClockAhead)
		}
		k.clock.Advance(time.Hour)
		if facts, err = k.Console.Health(ctx); err != nil || !facts.Agents[0].Away {
			k.t.Errorf("after an hour of silence: %+v, %v; want the agent away", facts.Agents, err)
		}
	})
}
