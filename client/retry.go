package client

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/latchkey-media/latchkey/internal/backoff"
)

// again says whether an operation may be sent once more while nobody knows
// whether it was carried out.
type again uint8

const (
	never     again = iota // twice might be one too many
	always                 // twice is like once
	untilGone              // as always; and what a repetition does not find is gone
)

const (
	firstWait   = 250 * time.Millisecond
	longestWait = 8 * time.Second
)

// waitAfter reports how long to wait after a try that failed, and whether there
// is to be another one.
func (c *core) waitAfter(ctx context.Context, k call, try int, failed error) (time.Duration, bool) {
	if k.again == never || try >= c.tries || ctx.Err() != nil || errors.Is(failed, ErrBadAnswer) {
		return 0, false
	}
	wait := backoff.Wait(c.random, firstWait, longestWait, try)
	if e, ok := errors.AsType[*Error](failed); ok {
		if !passes(e.Status) || e.RetryAfter > c.patience {
			return 0, false
		}
		wait = max(wait, e.RetryAfter)
	}
	return wait, true
}

// passes reports whether an answer with that status may be another one soon.
func passes(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}

// mayHaveArrived reports whether a try that failed so may have been carried out
// all the same.
func mayHaveArrived(failed error) bool {
	e, ok := errors.AsType[*Error](failed)
	return !ok || e.Status >= http.StatusInternalServerError
}
