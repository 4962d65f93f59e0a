// Package metrics keeps the numbers that an operator watches with Prometheus, and answers Prometheus. The labels of a
// number have few values, which all come from the code: never a name, an address, an id or another text that
// somebody typed.
package metrics

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Metrics counts what happens, and collects the rest when Prometheus asks. It may be used by many goroutines at once.
type Metrics struct {
	registry  *prometheus.Registry
	requests  *prometheus.CounterVec
	took      *prometheus.HistogramVec
	throttled *prometheus.CounterVec
	captcha   *prometheus.CounterVec

	mu    sync.RWMutex
	known map[door]*counted
}

// Sources are where the numbers come from that nobody reports. All fields are required.
type Sources struct {
	Version string           // of the program
	Now     func() time.Time // decides when Counts is asked again
	Load    func() Load      // called for every scrape
	Counts  CountFunc        // called for a scrape, but at most once in [CountsFor]
}

// New returns metrics without any requests yet.
func New(from Sources) *Metrics {
	m := &Metrics{
		registry: prometheus.NewPedanticRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "latchkey_requests_total", Help: "Requests that were answered, by method, route and class of the status.",
		}, []string{"method", "route", "status"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "latchkey_request_duration_seconds", Help: "How long requests took, by method and route. Agents wait for changes, so theirs take long.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"method", "route"}),
		throttled: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "latchkey_throttled_total", Help: "Requests that were refused with the status 429 because there were too many of their kind, by route.",
		}, []string{"route"}),
		captcha: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "latchkey_captcha_total", Help: "Answers to captchas, by outcome: passed, missing, refused, or unavailable if they could not be checked.",
		}, []string{"outcome"}),
		known: map[door]*counted{},
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "latchkey_build_info", Help: "Always 1; the label says which version runs.",
	}, []string{"version"})
	build.WithLabelValues(from.Version).Set(1)
	m.registry.MustRegister(m.requests, m.took, m.throttled, m.captcha, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		newLoadCollector(from.Load), newCountsCollector(from.Now, from.Counts))
	for _, outcome := range []Outcome{Passed, Missing, Refused, Unavailable} {
		m.captcha.WithLabelValues(string(outcome)) // so that each begins with 0
	}
	return m
}

// door is a route and the method by which it was asked.
type door struct{ method, route string }

// counted holds what is counted for a door, so that a request need not look for its labels.
type counted struct {
	took      prometheus.Observer
	status    [len(classes)]prometheus.Counter
	throttled prometheus.Counter
}

// classes are the classes of status codes. A code that HTTP does not know belongs to the first one.
var classes = [...]string{"other", "1xx", "2xx", "3xx", "4xx", "5xx"} //nolint:gochecknoglobals // constant

const tooMany = 429 // the status of a throttled request

// Served counts a request that was answered. The parameters method and route must be one of a few values: method
// is one that HTTP defines, or "other", and route is the pattern of a route, and not the path. A method and route
// that were counted before cost no memory.
func (m *Metrics) Served(method, route string, status int, took time.Duration) {
	c := m.counted(door{method, route})
	c.took.Observe(took.Seconds())
	class := status / 100
	if class < 0 || class >= len(classes) {
		class = 0
	}
	c.status[class].Inc()
	if status == tooMany {
		c.throttled.Inc()
	}
}

func (m *Metrics) counted(at door) *counted {
	m.mu.RLock()
	c := m.known[at]
	m.mu.RUnlock()
	if c != nil {
		return c
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if c = m.known[at]; c == nil {
		c = &counted{took: m.took.WithLabelValues(at.method, at.route), throttled: m.throttled.WithLabelValues(at.route)}
		for i, class := range classes {
			c.status[i] = m.requests.WithLabelValues(at.method, at.route, class)
		}
		m.known[at] = c
	}
	return c
}

// Outcome is the result of the check of a captcha.
type Outcome string

// The values of [Outcome].
const (
	Passed      Outcome = "passed"
	Missing     Outcome = "missing"
	Refused     Outcome = "refused"
	Unavailable Outcome = "unavailable"
)

// Captcha counts the answer to a captcha.
func (m *Metrics) Captcha(outcome Outcome) { m.captcha.WithLabelValues(string(outcome)).Inc() }
