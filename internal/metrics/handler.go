package metrics

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// scrapesMost is how many scrapes may run at once: more than a few mean that the database hangs, or that a stranger asks.
const scrapesMost = 4

// NewServer returns a server that answers GET /metrics, and nothing else. It is for the operator's network alone: there
// is no sign-in. The caller opens its port, and closes it.
func (m *Metrics) NewServer(log *slog.Logger) *http.Server {
	errors := slog.NewLogLogger(log.Handler(), slog.LevelWarn)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog: errors, MaxRequestsInFlight: scrapesMost, DisableCompression: true,
	}))
	const short = 5 * time.Second
	return &http.Server{
		Handler: mux, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		ReadHeaderTimeout: short, ReadTimeout: short, WriteTimeout: 2 * short, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
	}
}
