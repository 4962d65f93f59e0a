package client

import (
	"context"
	"net/http"
	"time"
)

// The states of a [HealthCheck], from the best to the worst.
const (
	HealthOK      = "ok"
	HealthAdvice  = "advice"  // it works and should be changed
	HealthUnknown = "unknown" // it could not be looked at
	HealthProblem = "problem"
)

// Health says whether everything around the service is as it should be.
type Health struct {
	State     string        `json:"state"` // the worst of all checks
	CheckedAt time.Time     `json:"checked_at"`
	Checks    []HealthCheck `json:"checks"`
}

func (h *Health) whole() bool { return h.State != "" && h.Checks != nil }

// HealthCheck is what one check found.
type HealthCheck struct {
	Name    string `json:"name"`    // for programs
	Title   string `json:"title"`   // for people
	Subject string `json:"subject"` // the address, folder or server that it is about; "" if there is one only
	State   string `json:"state"`
	Reason  string `json:"reason"` // for programs
	Found   string `json:"found"`  // for people
	Advice  string `json:"advice"` // what to do; "" if nothing is to be done
}

// Health returns what the checks of the service found, at most a minute ago.
func (o *Operators) Health(ctx context.Context) (Health, error) {
	var out Health
	err := o.core.fetch(ctx, call{method: http.MethodGet, path: "/api/v1/operator/health", want: http.StatusOK, again: always}, &out)
	return out, err
}
