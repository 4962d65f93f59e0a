package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Throttled is a counter that refuses tries now.
type Throttled struct {
	What  string    `json:"what"`  // what is counted, such as sign_in
	Scope string    `json:"scope"` // account, name, address or network
	Tries int       `json:"tries"`
	Until time.Time `json:"until"`
}

type throttles struct {
	Throttles []Throttled `json:"throttles"`
}

func (t *throttles) whole() bool { return t.Throttles != nil }

// Throttles returns the counters that refuse tries now of whatever subject names: a username, an email address or an IP
// address. Counters have no names, so they cannot be listed without one.
func (o *Operators) Throttles(ctx context.Context, subject string) ([]Throttled, error) {
	var out throttles
	err := o.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/operator/throttles", query: url.Values{"subject": {subject}}, want: http.StatusOK, again: always,
	}, &out)
	return out.Throttles, err
}

// LiftThrottles clears the counters that [Operators.Throttles] lists.
func (o *Operators) LiftThrottles(ctx context.Context, subject string) error {
	return o.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/operator/throttles/lift", want: http.StatusNoContent,
		body: struct {
			Subject string `json:"subject"`
		}{subject},
	})
}
