package handlers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for wait, want := range map[time.Duration]string{
		0: "", 1: "5", time.Second: "5", 5 * time.Second: "5", 5*time.Second + 1: "10", 61 * time.Second: "65",
	} {
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		setRetryAfter(c, wait)
		if got := c.Writer.Header().Get("Retry-After"); got != want {
			t.Errorf("%v: %q, want %q", wait, got, want)
		}
	}
}

func TestFailureOf(t *testing.T) {
	t.Parallel()
	secret := errors.New("password=hunter2")
	tests := []struct {
		err  error
		want failure
	}{
		{models.ErrNotFound, failure{status: 404, code: "not_found"}},
		{models.ErrNoSession, failure{status: 401, code: "session_ended"}},
		{models.ErrTokenSpent, failure{status: 410, code: "token_expired"}},
		{models.ErrEmailTaken, failure{status: 409, code: "email_taken"}},
		{models.ErrSignUpClosed, failure{status: 403, code: "sign_up_closed"}},
		{models.ErrBusy, failure{status: 503, code: "busy", retryAfter: 5 * time.Second}},
		{&models.Error{Kind: models.KindUnavailable, Code: "unavailable", Err: secret}, failure{status: 503, code: "unavailable", retryAfter: shortWait}},
		{&models.Error{Kind: models.KindThrottled, Code: "throttled", RetryAfter: time.Hour}, failure{status: 429, code: "throttled", retryAfter: time.Hour}},
		{&models.Error{Kind: models.KindInternal, Code: "odd", Err: secret}, failure{status: 500, code: "internal"}},
		{fmt.Errorf("read: %w", &http.MaxBytesError{Limit: 1}), failure{status: 413, code: "body_too_large"}},
		{fmt.Errorf("slow: %w", context.DeadlineExceeded), failure{status: 503, code: "unavailable", retryAfter: shortWait}},
		{refuse(http.StatusBadRequest, "bad_request"), failure{status: 400, code: "bad_request"}},
		{secret, failure{status: 500, code: "internal"}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, failureOf(tt.err), cmp.AllowUnexported(failure{})); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tt.err, diff)
		}
	}
}
