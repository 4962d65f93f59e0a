package builtin

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/latchkey-media/latchkey/internal/limit"
)

// LookToken opens lookToken to the tests. This file opens parts of the package to its
// tests, which are in the package builtin_test.
const LookToken = lookToken

// ErrWrong is errWrong.
var ErrWrong = errWrong

// Plan returns the steps in which SQLite runs a statement.
func (s *Server) Plan(ctx context.Context, statement string, args ...any) ([]string, error) {
	var steps []struct{ Detail string }
	err := s.scan(ctx, "explain", &steps, "EXPLAIN QUERY PLAN "+statement, args...)
	var plan []string
	for _, step := range steps {
		plan = append(plan, step.Detail)
	}
	return plan, err
}

// Count returns the number that a statement reads.
func (s *Server) Count(ctx context.Context, statement string, args ...any) (int, error) {
	n := 0
	err := s.scan(ctx, "count", &n, statement, args...)
	return n, err
}

// Look returns the id of the local user that a token belongs to.
func (s *Server) Look(ctx context.Context, token string) (user string, ok bool, err error) {
	who, ok, err := s.findSession(ctx, token)
	return who.user, ok, err
}

// Tries are passwordTries.
type Tries struct{ t *passwordTries }

// NewTries makes passwordTries for tests.
func NewTries(now func() time.Time) Tries { return Tries{newPasswordTries(now)} }

// Try calls passwordTries.try.
func (t Tries) Try(ctx context.Context, subject string, address netip.Addr, work func() error) error {
	return t.t.try(ctx, passwordTry{name: subject, address: address}, work)
}

// TryKnown calls passwordTries.try for a device that the local user has used before.
func (t Tries) TryKnown(ctx context.Context, subject, device string, address netip.Addr, work func() error) error {
	return t.t.try(ctx, passwordTry{name: subject, address: address, known: true, device: device}, work)
}

// Wait returns how long a try has to wait, or 0 if the try ran.
func Wait(err error) time.Duration {
	if wait, ok := errors.AsType[*limit.WaitError](err); ok {
		return wait.After
	}
	return 0
}

// Texts returns the texts of the pages, by language and key.
func Texts() (map[string]map[string]string, error) {
	p, err := loadPages()
	if err != nil {
		return nil, err
	}
	return p.texts, nil
}

// AnswerProof answers the page of a proof without opening the page first. It reports
// whether the page accepts no answer any more.
func (s *Server) AnswerProof(ctx context.Context, page, name, password string) bool {
	return errors.Is(s.answerProof(ctx, page, name, password, caller{}), errProofOver)
}

// FinishProof reads the row of a local user, calls the function meanwhile, and then
// finishes the proof with the row that it has read. It reports whether the page accepts no
// answer any more.
func (s *Server) FinishProof(ctx context.Context, page, id string, meanwhile func()) bool {
	row, err := s.row(ctx, "WHERE id = ?", id)
	meanwhile()
	return err == nil && errors.Is(s.finishProof(ctx, page, &row), errProofOver)
}

// LetsIn reports whether a time is within the hours of a policy.
func LetsIn(p Policy, at time.Time) bool { return p.letsIn(at) }

// ShownRatings gives tests the ratings that a server of a country offers.
func ShownRatings(country string) []Rating { return shownRatings(country) }

// FindRating finds a rating for a catalogue of a country.
func FindRating(country, name string) (Rating, error) { return newRatingBook().find(country, name) }

// ParseCatalogue reads the text of a file that is named file.yaml.
func ParseCatalogue(text string) (*Catalogue, error) {
	return parseCatalogue("file.yaml", []byte(text))
}

// LookAPIKey is lookAPIKey.
const LookAPIKey = lookAPIKey
