package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Load says how busy this process is at one moment. Totals count from its start.
type Load struct {
	Hashes      Hashes
	Connections Connections
	Waiters     int // agents that wait for changes
}

// Hashes says how busy the process is with the hashes of passwords and PINs.
type Hashes struct {
	Running, Most int   // hashes that run, and how many may run at once
	Strangers     int   // callers that wait and are not known, such as somebody who signs in with a new browser
	Known         int   // callers that wait and are known
	Refused       int64 // in total: callers that got no hash because too many were waiting
}

// Connections says how busy the connections to the database are.
type Connections struct {
	Used, Idle, Most int
	Waits            int64         // in total: how often somebody waited for a connection
	Waited           time.Duration // in total: how long they waited
}

// loadCollector tells Prometheus the [Load].
type loadCollector struct {
	descriptions
	load func() Load

	running, most, waiting, refused             *prometheus.Desc
	connections, connectionsMost, waits, waited *prometheus.Desc
	waiters                                     *prometheus.Desc
}

func newLoadCollector(load func() Load) *loadCollector {
	c := &loadCollector{load: load}
	c.running = c.describe("hashes_running", "Hashes of passwords and PINs that are being made.")
	c.most = c.describe("hashes_most", "How many hashes may be made at once.")
	c.waiting = c.describe("hashes_waiting", "Requests that wait for a hash, by who asks: strangers, or people who are known.", "who")
	c.refused = c.describe("hashes_refused_total", "Requests that got no hash because too many were waiting.")
	c.connections = c.describe("database_connections", "Connections to the database, by state: used or idle.", "state")
	c.connectionsMost = c.describe("database_connections_most", "How many connections to the database may be open at once.")
	c.waits = c.describe("database_waits_total", "How often a statement waited for a connection to the database.")
	c.waited = c.describe("database_wait_seconds_total", "How long statements waited for a connection to the database.")
	c.waiters = c.describe("feed_waiters", "Agents that wait at this process for changes.")
	return c
}

// Collect implements [prometheus.Collector].
func (c *loadCollector) Collect(to chan<- prometheus.Metric) {
	l := c.load()
	to <- gauge(c.running, l.Hashes.Running)
	to <- gauge(c.most, l.Hashes.Most)
	to <- gauge(c.waiting, l.Hashes.Strangers, "strangers")
	to <- gauge(c.waiting, l.Hashes.Known, "known")
	to <- total(c.refused, float64(l.Hashes.Refused))
	to <- gauge(c.connections, l.Connections.Used, "used")
	to <- gauge(c.connections, l.Connections.Idle, "idle")
	to <- gauge(c.connectionsMost, l.Connections.Most)
	to <- total(c.waits, float64(l.Connections.Waits))
	to <- total(c.waited, l.Connections.Waited.Seconds())
	to <- gauge(c.waiters, l.Waiters)
}

// descriptions holds the descriptions that a collector gives to Prometheus.
type descriptions []*prometheus.Desc

// describe adds a number to the descriptions.
func (d *descriptions) describe(name, help string, labels ...string) *prometheus.Desc {
	one := prometheus.NewDesc("latchkey_"+name, help, labels, nil)
	*d = append(*d, one)
	return one
}

// Describe implements [prometheus.Collector].
func (d *descriptions) Describe(to chan<- *prometheus.Desc) {
	for _, one := range *d {
		to <- one
	}
}

func gauge(of *prometheus.Desc, value int, labels ...string) prometheus.Metric { //nolint:ireturn // the type of a collector
	return prometheus.MustNewConstMetric(of, prometheus.GaugeValue, float64(value), labels...)
}

func total(of *prometheus.Desc, value float64) prometheus.Metric { //nolint:ireturn // the type of a collector
	return prometheus.MustNewConstMetric(of, prometheus.CounterValue, value)
}
