package models_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/models"
)

// measured returns the numbers of the mail queue and of the agents.
func (k *kit) measured() models.Counts {
	k.t.Helper()
	counts, err := k.Metrics.Count(k.t.Context())
	k.must(err)
	return counts
}

// TestMetricsCountMails follows mails through the states of the queue.
func TestMetricsCountMails(t *testing.T) {
	each(t, func(k *kit) {
		k.wantAgents(k.measured(), models.Counts{})
		k.signUp(newName())
		k.clock.Advance(time.Minute)
		k.signUp(newName())
		queued := k.measured().Queued
		if queued.Number != 2 || queued.Oldest < time.Minute || queued.Oldest > 2*time.Minute {
			k.t.Errorf("two mails are counted as %+v, want 2 of which the older is a minute old", queued)
		}
		for i, owed := range k.claim("worker") {
			k.putOff(owed, "no", i == 0)
		}
		counts := k.measured()
		if counts.Queued != (models.MailCount{}) || counts.Retrying.Number != 1 || counts.Dead.Number != 1 || counts.Dead.Oldest < time.Minute {
			k.t.Errorf("a mail that was given up and one that is tried again are counted as %+v", counts)
		}
	})
}

// TestMetricsCountAgents follows a server with an agent. Other servers are not counted.
func TestMetricsCountAgents(t *testing.T) {
	each(t, func(k *kit) {
		owner := k.account()
		k.server(owner) // of Emby's kind
		m := k.agent(owner)
		k.wantAgents(k.measured(), models.Counts{Connected: 1})
		k.clock.Advance(models.AwayAfter + time.Second)
		k.wantAgents(k.measured(), models.Counts{Away: 1})
		k.must(k.OperatedServers.Disable(k.t.Context(), models.CommandLine, m.ID))
		k.wantAgents(k.measured(), models.Counts{Disabled: 1})
	})
}

// wantAgents compares the numbers of agents.
func (k *kit) wantAgents(got, want models.Counts) {
	k.t.Helper()
	got.Queued, got.Retrying, got.Dead = want.Queued, want.Retrying, want.Dead
	if diff := cmp.Diff(want, got); diff != "" {
		k.t.Errorf("counts differ (-want +got):\n%s", diff)
	}
}

// TestMetricsReadAnIndex checks that the mails are counted in an index alone: their facts are large.
func TestMetricsReadAnIndex(t *testing.T) {
	each(t, func(k *kit) {
		k.crowd(500)
		said := k.listen()
		k.measured()
		statements := said.take()
		if len(statements) != 3 {
			k.t.Fatalf("%d statements count everything, want 3", len(statements))
		}
		lines, _ := k.plan(statements[0])
		if plan := strings.Join(lines, "\n"); !strings.Contains(plan, "outbox_first") || !strings.Contains(strings.ToLower(plan), "covering index") && !strings.Contains(plan, "Using index") {
			k.t.Errorf("the mails are counted by this plan, want the index outbox_first alone:\n%s", plan)
		}
	})
}

// TestMetricsLoad looks at a process that does nothing, and at one at which an agent waits for changes.
func TestMetricsLoad(t *testing.T) {
	each(t, func(k *kit) {
		load := k.Metrics.Load()
		if load.Hashes.Running != 0 || load.Hashes.Most < 1 || load.Waiters != 0 || load.ConnectionsMost < 1 {
			k.t.Errorf("a process that does nothing has the load %+v", load)
		}
		m := k.agent(k.account())
		leave, left := make(chan struct{}), make(chan error, 1)
		go func() { left <- k.Changes.Wait(k.t.Context(), m.Server, k.last(m), time.Hour, leave) }()
		waittest.Eventually(k.t, "an agent waits", func() bool { return k.Metrics.Load().Waiters == 1 })
		close(leave)
		k.must(<-left)
		if waiters := k.Metrics.Load().Waiters; waiters != 0 {
			k.t.Errorf("%d agents wait after the only one has left", waiters)
		}
	})
}
