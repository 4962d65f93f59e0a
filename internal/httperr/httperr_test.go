package httperr_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/httperr"
)

func TestStatus(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want int
	}{
		{&httperr.RefusalError{Status: 404}, 404},
		{fmt.Errorf("read: %w", &httperr.RefusalError{Status: 418, Code: "teapot"}), 418},
		{fmt.Errorf("read: %w", &http.MaxBytesError{Limit: 1}), 413},
		{fmt.Errorf("slow: %w", context.DeadlineExceeded), 503},
		{fmt.Errorf("left: %w", context.Canceled), 503},
		{errors.New("the disk is full"), 500},
	} {
		if got := httperr.Status(test.err); got != test.want {
			t.Errorf("%v: status %d, want %d", test.err, got, test.want)
		}
	}
}

func TestSetRetryAfter(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		wait, step time.Duration
		want       string
	}{
		{0, 5 * time.Second, ""},
		{-time.Second, 5 * time.Second, ""},
		{1, 5 * time.Second, "5"},
		{5 * time.Second, 5 * time.Second, "5"},
		{5*time.Second + 1, 5 * time.Second, "10"},
		{61 * time.Second, 5 * time.Second, "65"},
		{1, time.Second, "1"},
		{90 * time.Second, time.Second, "90"},
	} {
		header := http.Header{}
		httperr.SetRetryAfter(header, test.wait, test.step)
		if got := header.Get("Retry-After"); got != test.want {
			t.Errorf("wait %v in steps of %v: %q, want %q", test.wait, test.step, got, test.want)
		}
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		leave func(context.Context) (context.Context, context.CancelFunc)
		want  string
	}{
		"the client waits": {context.WithCancel, `level=ERROR msg="request failed" route=/x err="the disk is full"`},
		"the client left": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return ctx, cancel
		}, `level=DEBUG msg="request failed" route=/x err="the disk is full"`},
		"the time is over": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithDeadline(ctx, time.Unix(0, 0))
		}, `level=ERROR msg="request failed" route=/x err="the disk is full"`},
	} {
		var text strings.Builder
		ctx, cancel := test.leave(t.Context())
		log := slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))
		httperr.NewTroubles(log).Log(httptest.NewRequestWithContext(ctx, http.MethodGet, "/x", nil), "", errors.New("the disk is full"), slog.String("route", "/x"))
		cancel()
		if got := text.String(); !strings.Contains(got, test.want) {
			t.Errorf("%s: the log says %q, want %q", name, got, test.want)
		}
	}
}
