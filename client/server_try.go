package client

import (
	"context"
	"net/http"
	"time"
)

// Findings of a try that programs often ask for. The contract of the API lists all of them.
const (
	TryFine    = "fine"          // the server answers from outside
	TryNothing = "nothing_found" // the server did not answer, and never has at that address
)

// Try holds the finding at one address of a server from outside.
type Try struct {
	Address string    `json:"address"`
	Finding string    `json:"finding"`  // TryFine or another; "" before the first try
	Until   time.Time `json:"until"`    // the end of the certificate; zero if it is not known
	TriedAt time.Time `json:"tried_at"` // zero before the first try
}

type tryList struct {
	Tries []Try `json:"tries"`
}

func (l *tryList) whole() bool { return l.Tries != nil }

// Tries returns the findings of the last try from outside, for each address of a server that may be
// tried: those that its agent has reported for use from outside.
func (s *Servers) Tries(ctx context.Context, id ID) ([]Try, error) {
	var out tryList
	err := s.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/servers/{id}/tries", values: []string{string(id)}, want: http.StatusOK, again: always,
	}, &out)
	return out.Tries, err
}

// TryFromOutside lets the service ask the addresses of a server from outside, and returns the findings.
// It may take some seconds. A server can be tried once a minute, then it returns [ErrThrottled]. It
// returns [ErrTriesOff] if the operator has switched this off.
func (s *Servers) TryFromOutside(ctx context.Context, id ID) ([]Try, error) {
	var out tryList
	err := s.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/servers/{id}/tries", values: []string{string(id)}, want: http.StatusOK,
	}, &out)
	return out.Tries, err
}
