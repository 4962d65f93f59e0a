package captchatest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"sync"
	"time"

	altcha "github.com/altcha-org/altcha-lib-go"
)

// Solve does the work of a browser: it takes the JSON that GET /captcha/challenge returned, and returns the value of the form
// field altcha. It panics if the JSON is not a challenge, because a test that went on with an empty field could pass or fail
// for the wrong reason.
func Solve(challengeJSON []byte) (payload string) {
	var c struct {
		Algorithm string `json:"algorithm"`
		Challenge string `json:"challenge"`
		MaxNumber int64  `json:"maxnumber"`
		Salt      string `json:"salt"`
		Signature string `json:"signature"`
	}
	if err := json.Unmarshal(challengeJSON, &c); err != nil {
		panic(fmt.Sprintf("captchatest: no challenge: %v: %q", err, challengeJSON))
	}
	solution, err := altcha.SolveChallenge(c.Challenge, c.Salt, altcha.Algorithm(c.Algorithm), int(c.MaxNumber), 0, nil)
	if err != nil || solution == nil {
		panic(fmt.Sprintf("captchatest: no solution: %v: %q", err, challengeJSON))
	}
	return Encode(map[string]any{
		"algorithm": c.Algorithm, "challenge": c.Challenge, "number": solution.Number,
		"salt": c.Salt, "signature": c.Signature, "took": solution.Took.Milliseconds(),
	})
}

// Encode returns fields as the value of the form field altcha, without checking them.
func Encode(fields map[string]any) string {
	return base64.StdEncoding.EncodeToString(encode(fields))
}

// Memory remembers used answers. Its zero value is ready.
type Memory struct {
	mu    sync.Mutex
	marks map[[32]byte]time.Time
	err   error
}

// Remember implements captcha.Remember.
func (m *Memory) Remember(_ context.Context, mark [32]byte, until time.Time) (fresh bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return false, m.err
	}
	if m.marks == nil {
		m.marks = map[[32]byte]time.Time{}
	}
	_, known := m.marks[mark]
	m.marks[mark] = until
	return !known, nil
}

// Fail makes Remember return err from now on, until Fail is called with nil.
func (m *Memory) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

// Marks returns the marks that are remembered, each with the time until which it is kept.
func (m *Memory) Marks() map[[32]byte]time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.marks)
}
