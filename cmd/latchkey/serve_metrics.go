package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/internal/captcha"
	"github.com/latchkey-media/latchkey/internal/metrics"
	"github.com/latchkey-media/latchkey/models"
)

// listenMetrics opens the port at which Prometheus reads the numbers of the service. It returns nil if the operator
// does not want that.
func (p *program) listenMetrics() (net.Listener, error) {
	if p.settings.MetricsListen == "" {
		return nil, nil //nolint:nilnil // no port is no mistake
	}
	listener, err := listenPlain(p.ctx, p.settings.MetricsListen)
	if err != nil {
		return nil, fmt.Errorf("metrics-listen: %w", err)
	}
	return listener, nil
}

// measure returns the metrics. They tell of the service that answers requests at the moment.
func (f *front) measure() *metrics.Metrics {
	return metrics.New(metrics.Sources{
		Version: version, Now: f.p.now,
		Load: func() metrics.Load {
			if s := f.now.Load(); s != nil {
				return loadOf(s.store.Metrics.Load())
			}
			return metrics.Load{}
		},
		Counts: func(ctx context.Context) (metrics.Counts, error) {
			s := f.now.Load()
			if s == nil {
				return metrics.Counts{}, errors.New("the service is starting")
			}
			counts, err := s.store.Metrics.Count(ctx)
			return countsOf(counts), err
		},
	})
}

// countSite makes a site report its requests and its captchas, if the operator wants the metrics.
func (f *front) countSite(site *handlers.Server) {
	if f.metrics == nil {
		return
	}
	site.Served = f.metrics.Served
	if site.CaptchaKind != handlers.CaptchaOff {
		site.Captcha = countedCaptcha{site.Captcha, f.metrics.Captcha}
	}
}

func loadOf(l models.Load) metrics.Load {
	return metrics.Load{
		Hashes: metrics.Hashes{
			Running: l.Hashes.Running, Most: l.Hashes.Most, Strangers: l.Hashes.Common, Known: l.Hashes.Reserved, Refused: l.Hashes.Refused,
		},
		Connections: metrics.Connections{Used: l.ConnectionsUsed, Idle: l.ConnectionsIdle, Most: l.ConnectionsMost, Waits: l.Waits, Waited: l.Waited},
		Waiters:     l.Waiters,
	}
}

func countsOf(c models.Counts) metrics.Counts {
	mails := func(m models.MailCount) metrics.Mails { return metrics.Mails{Number: m.Number, Oldest: m.Oldest} }
	return metrics.Counts{
		Queued: mails(c.Queued), Retrying: mails(c.Retrying), Dead: mails(c.Dead),
		Connected: c.Connected, Away: c.Away, Disabled: c.Disabled,
		WebhooksQueued: c.WebhooksQueued, WebhooksDelivered: c.WebhooksDelivered, WebhooksGivenUp: c.WebhooksGivenUp,
	}
}

// countedCaptcha is a captcha whose outcomes are counted.
type countedCaptcha struct {
	captcha.Verifier
	count func(metrics.Outcome)
}

// Verify does what the captcha does, and counts the outcome.
func (c countedCaptcha) Verify(ctx context.Context, answer string, remote netip.Addr) error {
	err := c.Verifier.Verify(ctx, answer, remote)
	switch {
	case err == nil:
		c.count(metrics.Passed)
	case errors.Is(err, captcha.ErrMissing):
		c.count(metrics.Missing)
	case errors.Is(err, captcha.ErrRefused):
		c.count(metrics.Refused)
	default:
		c.count(metrics.Unavailable)
	}
	return err
}

// tellMetrics answers Prometheus until the returned function is called.
func (f *front) tellMetrics(ctx context.Context) (stop func()) {
	if f.measuring == nil {
		return func() {}
	}
	server, done := f.metrics.NewServer(f.log), make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(f.measuring); !errors.Is(err, http.ErrServerClosed) {
			f.log.ErrorContext(ctx, "the metrics are no longer served", slog.Any("err", err))
		}
	}()
	f.log.InfoContext(ctx, "metrics", slog.String("address", f.measuring.Addr().String()))
	return func() {
		_ = server.Close()
		<-done
	}
}
