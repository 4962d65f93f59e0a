package handlers_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/handlers/connect"
	"github.com/latchkey-media/latchkey/internal/metrics"
	"github.com/latchkey-media/latchkey/servicetest"
)

// scrape returns what Prometheus reads from m.
func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	answer := httptest.NewRecorder()
	m.NewServer(slog.New(slog.DiscardHandler)).Handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	return string(servicetest.Must(io.ReadAll(answer.Result().Body))(t))
}

// anybodysMetrics returns metrics that know nothing but what they are told.
func anybodysMetrics() *metrics.Metrics {
	return metrics.New(metrics.Sources{
		Version: "test", Now: time.Now, Load: func() metrics.Load { return metrics.Load{} },
		Counts: func(context.Context) (metrics.Counts, error) { return metrics.Counts{}, nil },
	})
}

// TestMetricsNameNobody lets people, televisions and servers use the site. Then it looks for their names, ids and other
// facts in the labels of the numbers. Each route must be a pattern of the code, so that no caller can make up new
// labels.
func TestMetricsNameNobody(t *testing.T) {
	t.Parallel()
	m := anybodysMetrics()
	s := newSite(t, func(h *handlers.Server) { h.Served = m.Served })
	f := newAgentFixture(t, s)
	b := s.browser(t)
	for _, path := range []string{
		"/", "/signin?next=/servers", "/reset?token=" + f.annToken, "/servers/" + f.first.id, "/nothing/of/" + f.annID, "/service/user/" + f.annID,
		"/api/v1/links/" + f.accepted, "/api/v1/unknown/ann@example.org", "/i/" + f.code, "/static/" + f.annID, "//" + f.annID, "/%2e%2e/" + f.annID,
	} {
		b.get(path)
		f.as(f.annToken).api(http.MethodGet, path, nil)
		b.send(b.request("ANN-"+f.annID, path, ""))
	}
	routes := map[string]bool{"unmatched": true, connect.Prefix: true}
	for _, route := range servicetest.Must(handlers.Routes(s.Config))(t) {
		routes[route.Path] = true
	}
	for _, route := range handlers.ServiceRoutes(s.Config) {
		routes[connect.Prefix+route.Path] = true
	}
	text := scrape(t, m)
	seen := 0
	for _, label := range regexp.MustCompile(`(method|route)="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		if label[1] == "route" && !routes[label[2]] {
			t.Errorf("the route %q is no pattern of the code", label[2])
		}
		if label[1] == "method" && !regexp.MustCompile(`^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|other)$`).MatchString(label[2]) {
			t.Errorf("the method %q is not one of a few", label[2])
		}
		seen++
	}
	if seen < 100 {
		t.Fatalf("%d labels were checked, want 100 or more", seen)
	}
	for what, theirs := range map[string]string{
		"id of an account": f.annID, "id of a server": f.first.id, "id of a link": f.accepted, "name": "ann@", "server key": f.first.key,
		"session token": f.annToken, "device code": f.deviceCode, "address of a caller": "127.0.0.1",
	} {
		if theirs == "" || strings.Contains(text, theirs) {
			t.Errorf("the numbers hold the %s %q", what, theirs)
		}
	}
}

// TestMetricsCostNoMemory counts what requests allocate without and with somebody who counts them. The routes do not use
// the database, because its driver does not always allocate the same amount.
func TestMetricsCostNoMemory(t *testing.T) { //nolint:paralleltest // it counts what the whole process allocates
	config := *servicetest.New(t, servicetest.Options{}).Config
	config.Log = slog.New(slog.DiscardHandler)
	off := servicetest.Must(config.Handler())(t)
	config.Served = anybodysMetrics().Served
	on := servicetest.Must(config.Handler())(t)
	for _, path := range []string{"/robots.txt", "/api/v1/account", "/service/ip", "/service/nothing"} {
		allocations := func(handler http.Handler) float64 {
			request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, config.PublicURL+path, nil)
			return testing.AllocsPerRun(200, func() { handler.ServeHTTP(&sink{header: http.Header{}}, request) })
		}
		without, with := allocations(off), allocations(on)
		t.Logf("%s: %v allocations without metrics, %v with them", path, without, with)
		if with > without {
			t.Errorf("%s: %v allocations with metrics, and %v without; want no more", path, with, without)
		}
	}
}
