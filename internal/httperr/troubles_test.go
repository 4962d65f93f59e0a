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
	"testing/synctest"
	"time"

	"github.com/latchkey-media/latchkey/internal/httperr"
)

// Requests that fail for one reason give one line at once and then one line a minute, which says
// how many they were.
func TestTroublesAreCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var text strings.Builder
		troubles := httperr.NewTroubles(slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug})))
		fail := func(ctx context.Context, times int, reason string) {
			for i := range times {
				request := httptest.NewRequestWithContext(ctx, http.MethodGet, "/x", nil)
				troubles.Log(request, reason, fmt.Errorf("%s %d", reason, i), slog.String("route", "/x"))
			}
		}
		logged := func(when string, want ...string) {
			t.Helper()
			synctest.Wait()
			got := strings.Split(strings.TrimSpace(text.String()), "\n")
			text.Reset()
			if len(got) != max(len(want), 1) {
				t.Fatalf("%s: %d lines, want %d:\n%s", when, len(got), len(want), strings.Join(got, "\n"))
			}
			for i := range want {
				if !strings.HasSuffix(got[i], want[i]) {
					t.Errorf("%s: line %q, want the end %q", when, got[i], want[i])
				}
			}
		}
		const more = `level=ERROR msg="request failed" `
		fail(t.Context(), 300, "busy")
		logged("a flood", `level=ERROR msg="request failed" route=/x err="busy 0"`)
		time.Sleep(time.Second)
		fail(t.Context(), 2, "unavailable")
		logged("another reason", `level=ERROR msg="request failed" route=/x err="unavailable 0"`)
		time.Sleep(time.Minute)
		synctest.Wait()
		fail(t.Context(), 2, "busy")
		logged("after a minute", more+`reason=busy times_in_a_minute=299 err="busy 299"`, more+`reason=unavailable times_in_a_minute=1 err="unavailable 1"`)
		time.Sleep(time.Minute)
		logged("after two minutes", more+`reason=busy times_in_a_minute=2 err="busy 1"`)
		time.Sleep(time.Minute)
		logged("after a quiet minute")
		fail(t.Context(), 1, "busy")
		logged("the next one", `level=ERROR msg="request failed" route=/x err="busy 0"`)
		time.Sleep(time.Hour) // the timers end

		for range 3 {
			troubles.Warn(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/x", nil), "it went on", "captcha", errors.New("away"))
		}
		logged("a warning", `level=WARN msg="it went on" err=away`)
		time.Sleep(time.Minute)
		logged("more warnings", `level=WARN msg="it went on" reason=captcha times_in_a_minute=2 err=away`)
		time.Sleep(time.Hour)

		fail(t.Context(), 2, "")
		logged("without a reason", `msg="request failed" route=/x err=" 0"`, `msg="request failed" route=/x err=" 1"`)
		gone, leave := context.WithCancel(t.Context())
		leave()
		fail(gone, 2, "busy")
		logged("clients that left", `level=DEBUG msg="request failed" route=/x err="busy 0"`, `level=DEBUG msg="request failed" route=/x err="busy 1"`)
	})
}

// The memory for reasons is limited: errors of further reasons are logged each time.
func TestTroublesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var text strings.Builder
		troubles := httperr.NewTroubles(slog.New(slog.NewTextHandler(&text, nil)))
		for range 2 {
			for i := range 150 {
				troubles.Log(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/x", nil), fmt.Sprint(i), errors.New("no"))
			}
		}
		if got, want := strings.Count(text.String(), "request failed"), 100+2*50; got != want {
			t.Errorf("%d lines, want %d", got, want)
		}
		time.Sleep(time.Hour)
	})
}
