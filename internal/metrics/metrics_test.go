package metrics_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/metrics"
)

// source gives the numbers of a test.
type source struct {
	now    time.Time
	load   metrics.Load
	counts metrics.Counts
	err    error
	asked  int // how often the database was asked
}

func (s *source) metrics() *metrics.Metrics {
	return metrics.New(metrics.Sources{
		Version: "v1.2.3", Now: func() time.Time { return s.now }, Load: func() metrics.Load { return s.load },
		Counts: func(context.Context) (metrics.Counts, error) { s.asked++; return s.counts, s.err },
	})
}

// scrape returns what Prometheus reads.
func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	status, text := ask(t, m, http.MethodGet, "/metrics")
	if status != http.StatusOK {
		t.Fatalf("GET /metrics answers %d, want 200:\n%s", status, text)
	}
	return text
}

func ask(t *testing.T, m *metrics.Metrics, method, path string) (status int, text string) {
	t.Helper()
	answer := httptest.NewRecorder()
	m.NewServer(slog.New(slog.DiscardHandler)).Handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), method, path, nil))
	body, err := io.ReadAll(answer.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.Code, string(body)
}

// has checks that lines are among the numbers.
func has(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains("\n"+text, "\n"+line+"\n") {
			t.Errorf("there is no line %s", line)
		}
	}
}

// TestRequests counts requests by route and class, and throttled ones also by route.
func TestRequests(t *testing.T) {
	t.Parallel()
	m := (&source{}).metrics()
	for status, times := range map[int]int{200: 2, 404: 1, 429: 3, 503: 1, 999: 1, -7: 1} {
		for range times {
			m.Served("GET", "/servers/:id", status, 30*time.Millisecond)
		}
	}
	m.Served("POST", "/signin", 429, 20*time.Second)
	has(t, scrape(t, m),
		`latchkey_requests_total{method="GET",route="/servers/:id",status="2xx"} 2`,
		`latchkey_requests_total{method="GET",route="/servers/:id",status="4xx"} 4`,
		`latchkey_requests_total{method="GET",route="/servers/:id",status="5xx"} 1`,
		`latchkey_requests_total{method="GET",route="/servers/:id",status="other"} 2`,
		`latchkey_throttled_total{route="/servers/:id"} 3`,
		`latchkey_throttled_total{route="/signin"} 1`,
		`latchkey_request_duration_seconds_bucket{method="GET",route="/servers/:id",le="0.025"} 0`,
		`latchkey_request_duration_seconds_bucket{method="GET",route="/servers/:id",le="0.05"} 9`,
		`latchkey_request_duration_seconds_count{method="POST",route="/signin"} 1`,
		`latchkey_build_info{version="v1.2.3"} 1`,
	)
}

func TestCaptcha(t *testing.T) {
	t.Parallel()
	m := (&source{}).metrics()
	m.Captcha(metrics.Passed)
	m.Captcha(metrics.Unavailable)
	m.Captcha(metrics.Unavailable)
	has(t, scrape(t, m), `latchkey_captcha_total{outcome="passed"} 1`, `latchkey_captcha_total{outcome="missing"} 0`,
		`latchkey_captcha_total{outcome="refused"} 0`, `latchkey_captcha_total{outcome="unavailable"} 2`)
}

// TestLoad checks that each scrape reads the numbers of the process at that moment.
func TestLoad(t *testing.T) {
	t.Parallel()
	s := &source{load: metrics.Load{
		Hashes:      metrics.Hashes{Running: 2, Most: 4, Strangers: 5, Known: 1, Refused: 7},
		Connections: metrics.Connections{Used: 3, Idle: 5, Most: 8, Waits: 9, Waited: 1500 * time.Millisecond}, Waiters: 11,
	}}
	m := s.metrics()
	has(t, scrape(t, m), "latchkey_hashes_running 2", "latchkey_hashes_most 4", `latchkey_hashes_waiting{who="strangers"} 5`,
		`latchkey_hashes_waiting{who="known"} 1`, "latchkey_hashes_refused_total 7", `latchkey_database_connections{state="used"} 3`,
		`latchkey_database_connections{state="idle"} 5`, "latchkey_database_connections_most 8", "latchkey_database_waits_total 9",
		"latchkey_database_wait_seconds_total 1.5", "latchkey_feed_waiters 11")
	s.load.Waiters = 0
	has(t, scrape(t, m), "latchkey_feed_waiters 0")
}

// TestCountsAreKept scrapes more often than the database may be asked.
func TestCountsAreKept(t *testing.T) {
	t.Parallel()
	s := &source{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), counts: metrics.Counts{
		Queued: metrics.Mails{Number: 3, Oldest: time.Minute}, Dead: metrics.Mails{Number: 1, Oldest: time.Hour}, Connected: 4, Away: 2, Disabled: 1,
	}}
	m := s.metrics()
	for range 3 {
		has(t, scrape(t, m), `latchkey_mails{state="queued"} 3`, `latchkey_mails{state="retrying"} 0`, `latchkey_mails{state="dead"} 1`,
			`latchkey_mail_oldest_seconds{state="queued"} 60`, `latchkey_mail_oldest_seconds{state="dead"} 3600`,
			`latchkey_agents{state="connected"} 4`, `latchkey_agents{state="away"} 2`, `latchkey_agents{state="disabled"} 1`, "latchkey_database_up 1")
	}
	s.now = s.now.Add(metrics.CountsFor - time.Millisecond)
	scrape(t, m)
	if s.asked != 1 {
		t.Errorf("the database was asked %d times within %v, want once", s.asked, metrics.CountsFor)
	}
	s.now = s.now.Add(time.Millisecond)
	s.err = errors.New("the database is gone")
	for range 2 {
		text := scrape(t, m)
		has(t, text, "latchkey_database_up 0")
		if strings.Contains(text, "latchkey_mails{") || strings.Contains(text, "latchkey_agents{") {
			t.Errorf("old numbers are told while the database does not answer:\n%s", text)
		}
	}
	if s.asked != 2 {
		t.Errorf("the database was asked %d times, want twice: a failure counts, too", s.asked)
	}
	s.now, s.err = s.now.Add(-time.Hour), nil // the clock was set back
	has(t, scrape(t, m), "latchkey_database_up 1")
}

// TestOnlyMetrics checks that the port answers only requests for the metrics.
func TestOnlyMetrics(t *testing.T) {
	t.Parallel()
	m := (&source{}).metrics()
	for request, want := range map[[2]string]int{
		{"GET", "/"}: http.StatusNotFound, {"GET", "/metrics/x"}: http.StatusNotFound, {"GET", "/readyz"}: http.StatusNotFound,
		{"POST", "/metrics"}: http.StatusMethodNotAllowed, {"HEAD", "/metrics"}: http.StatusOK,
	} {
		if status, _ := ask(t, m, request[0], request[1]); status != want {
			t.Errorf("%s answers %d, want %d", request, status, want)
		}
	}
}

// TestServedTakesNoMemory counts requests of a known route, because this is done for each request.
func TestServedTakesNoMemory(t *testing.T) { //nolint:paralleltest // it counts what the whole process allocates
	m := (&source{}).metrics()
	m.Served("GET", "/servers", 200, time.Millisecond)
	if got := testing.AllocsPerRun(1000, func() { m.Served("GET", "/servers", 200, time.Millisecond) }); got != 0 {
		t.Errorf("%v allocations for a request, want none", got)
	}
}

// TestNamesOfMetrics checks what Prometheus recommends of names, and that each number is explained.
func TestNamesOfMetrics(t *testing.T) {
	t.Parallel()
	m := (&source{}).metrics()
	m.Served("GET", "/", 200, 0)
	text := scrape(t, m)
	for line := range strings.Lines(text) {
		name, kind, found := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "# TYPE "), " ")
		if !found || !strings.HasPrefix(line, "# TYPE latchkey_") {
			continue
		}
		if strings.HasSuffix(name, "_total") != (kind == "counter") {
			t.Errorf("%s is a %s: counters, and only counters, end with _total", name, kind)
		}
		if !strings.Contains(text, "# HELP "+name+" ") {
			t.Errorf("%s is not explained", name)
		}
	}
}

func BenchmarkServed(b *testing.B) {
	m := (&source{}).metrics()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			m.Served("GET", "/servers", 200, time.Millisecond)
		}
	})
}
