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

// Solve does a browser's work: it takes the JSON that GET /captcha/challenge gave and returns the value of the form field altcha.
// It panics about what is no challenge, for a test that went on with an empty field would pass or fail for the wrong reason.
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

// Encode makes a form value of fields, as they are.
func Encode(fields map[string]any) string {
	return base64.StdEncoding.EncodeToString(encode(fields))
}

// Memory remembers used answers. Its zero value is ready.
type Memory struct {
	mu    sync.Mutex
	marks map[[32]byte]time.Time
	err   error
}

// Remember is a captcha.Remember.
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

// Fail has Remember return err from now on; nil ends it.
func (m *Memory) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

// Marks returns what is remembered, and until when.
func (m *Memory) Marks() map[[32]byte]time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.marks)
}
