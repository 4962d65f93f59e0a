package metrics

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Counts are the numbers that the database knows.
type Counts struct {
	Queued, Retrying, Dead Mails // mails that were never tried, that are tried again, and that were given up

	// Servers with an agent, by what the agent does: it calls, it has not called for a while, or the
	// server is disabled.
	Connected, Away, Disabled int

	// Messages for webhooks of the last 30 days.
	WebhooksQueued, WebhooksDelivered, WebhooksGivenUp int
}

// Mails is a part of the mail queue.
type Mails struct {
	Number int
	Oldest time.Duration // the age of the oldest of them; 0 if there is none
}

// CountFunc asks the database for the numbers.
type CountFunc func(context.Context) (Counts, error)

// CountsFor is how long the same numbers of the database are told, no matter how often Prometheus asks. After
// that, the database is asked again. This also holds for a failure.
const CountsFor = 15 * time.Second

// countsTime is how long the database may take.
const countsTime = 3 * time.Second

// countsCollector tells Prometheus the [Counts]. If the database does not answer, it
// tells Prometheus only that.
type countsCollector struct {
	descriptions
	now   func() time.Time
	count CountFunc

	mails, oldest, agents, webhooks, up *prometheus.Desc

	mu     sync.Mutex // held while the database is asked, so that others wait for the same answer
	asked  time.Time
	counts Counts
	failed bool
}

func newCountsCollector(now func() time.Time, count CountFunc) *countsCollector {
	c := &countsCollector{now: now, count: count}
	c.mails = c.describe("mails", "Mails in the queue, by state: queued, retrying, or dead if they were given up.", "state")
	c.oldest = c.describe("mail_oldest_seconds", "The age of the oldest mail in the queue, by state.", "state")
	c.agents = c.describe("agents", "Servers with an agent, by state: connected, away, or disabled.", "state")
	c.webhooks = c.describe("webhook_deliveries", "Messages for webhooks of the last 30 days, by state: queued, delivered, or given_up.", "state")
	c.up = c.describe("database_up", "1 if the database has answered the question for these numbers, and 0 if not.")
	return c
}

// Collect implements [prometheus.Collector].
func (c *countsCollector) Collect(to chan<- prometheus.Metric) {
	counts, ok := c.current()
	if !ok {
		to <- gauge(c.up, 0)
		return
	}
	to <- gauge(c.up, 1)
	for state, mails := range map[string]Mails{"queued": counts.Queued, "retrying": counts.Retrying, "dead": counts.Dead} {
		to <- gauge(c.mails, mails.Number, state)
		to <- prometheus.MustNewConstMetric(c.oldest, prometheus.GaugeValue, mails.Oldest.Seconds(), state)
	}
	for state, number := range map[string]int{"connected": counts.Connected, "away": counts.Away, "disabled": counts.Disabled} {
		to <- gauge(c.agents, number, state)
	}
	for state, number := range map[string]int{"queued": counts.WebhooksQueued, "delivered": counts.WebhooksDelivered, "given_up": counts.WebhooksGivenUp} {
		to <- gauge(c.webhooks, number, state)
	}
}

// current returns the numbers, which are at most [CountsFor] old, and false if the database has not answered.
func (c *countsCollector) current() (Counts, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if age := c.now().Sub(c.asked); c.asked.IsZero() || age < 0 || age >= CountsFor {
		ctx, cancel := context.WithTimeout(context.Background(), countsTime)
		defer cancel()
		counts, err := c.count(ctx)
		c.counts, c.failed, c.asked = counts, err != nil, c.now()
	}
	return c.counts, !c.failed
}
