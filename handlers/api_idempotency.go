package handlers

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// idempotencyKey returns the Idempotency-Key of the request, with which a program can
// repeat the request after the answer was lost. It returns "" if the request has no such
// key.
func idempotencyKey(c *gin.Context) (string, error) {
	const shortest, longest = 16, 128 // the limits of models; another program might choose the same short key
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
