package embytest

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// object is a JSON object.
type object map[string]any

func answerJSON(value any) answer {
	body, err := json.Marshal(value)
	if err != nil {
		panic(err) // a fault of the fake
	}
	return answer{status: http.StatusOK, kind: "application/json; charset=utf-8", body: body}
}

// refusal returns a refusal, whose body is a text.
func refusal(status int) answer {
	return answer{status: status, kind: "text/plain", body: []byte(http.StatusText(status))}
}

// random returns an id or a token: 32 random hex digits.
func random() string {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // never fails
	return hex.EncodeToString(raw)
}

// date returns a time as Emby writes it.
func date(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.0000000Z") }

func (s *Server) locked(work func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	work()
}

// ID returns the id of the server.
func (s *Server) ID() string { return s.id }

// SetVersion sets the version that the server claims to have.
func (s *Server) SetVersion(version string) { s.locked(func() { s.told = version }) }

// Before calls act once, before the next request for an operation is answered.
func (s *Server) Before(operation string, act func()) {
	s.locked(func() { s.before[operation] = act })
}

// Lose carries out the next requests for an operation and loses their answers.
func (s *Server) Lose(operation string, times int) { s.locked(func() { s.lost[operation] = times }) }

// Seen returns the requests so far.
func (s *Server) Seen() (seen []Request) {
	s.locked(func() { seen = slices.Clone(s.seen) })
	return seen
}

// Drift returns the differences from the description so far.
func (s *Server) Drift() (drift []string) {
	s.locked(func() { drift = slices.Clone(s.drift) })
	return drift
}
