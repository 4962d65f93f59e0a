package handlers

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
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
