package handlers

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// idempotencyKey is what a program names a request by, so that it can repeat it
// after an answer that was lost; "" when it names it by nothing.
func idempotencyKey(c *gin.Context) (string, error) {
	const shortest, longest = 16, 128 // as models have it; a short one could be somebody else's too
	given := c.Request.Header.Values("Idempotency-Key")
	if len(given) == 0 {
		return "", nil
	}
	key := given[0]
	visible := !strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || '~' < r })
	if len(given) != 1 || len(key) < shortest || len(key) > longest || !visible {
		return "", refuse(http.StatusBadRequest, "idempotency_key_invalid")
	}
	return key, nil
}
