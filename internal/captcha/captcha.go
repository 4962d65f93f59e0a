// Package captcha asks for a proof before a form does anything for a stranger: a little work by their browser (ProofOfWork, the
// default, which needs nobody else), Google's reCAPTCHA, or nothing at all (Off).
package captcha

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// Names of the form fields that bring the answer.
const (
	FieldProofOfWork = "altcha"
	FieldRecaptcha   = "g-recaptcha-response"
)

// What Verify answers; compare with errors.Is.
var (
	// ErrMissing means the form brought no answer: scripts are off, or somebody posts without looking at the page.
	ErrMissing = errors.New("captcha: no answer")
	// ErrRefused means the answer is wrong, expired or used before. A new one may be tried at once.
	ErrRefused = errors.New("captcha: answer refused")
	// ErrUnavailable means nobody could say: the service or our own memory of used answers is down. It wraps the cause.
	ErrUnavailable = errors.New("captcha: cannot be checked now")
)

// maxAnswer bounds what a form may bring: a proof of work has about 350 bytes, a token of reCAPTCHA 500 to 2,500.
const maxAnswer = 4 << 10

// Verifier checks that a person, or at least somebody who spent work, sent a form. An answer counts once.
type Verifier interface {
	// Verify returns nil, or an error that is ErrMissing, ErrRefused or ErrUnavailable. An invalid remote is an unknown one.
	Verify(ctx context.Context, answer string, remote netip.Addr) error
}

// Remember keeps mark at least until the given time and says whether it was new. Of many calls at once with the same mark exactly
// one hears that it is fresh, also across processes.
type Remember func(ctx context.Context, mark [32]byte, until time.Time) (fresh bool, err error)

// Off asks for nothing.
type Off struct{}

// Verify returns nil.
func (Off) Verify(context.Context, string, netip.Addr) error { return nil }

// refused is ErrRefused with a reason for the log; the person hears none, since it would help only who guesses.
func refused(reason string) error { return fmt.Errorf("%w: %s", ErrRefused, reason) }

// unavailable is ErrUnavailable with its cause.
func unavailable(cause error) error { return fmt.Errorf("%w: %w", ErrUnavailable, cause) }

// spend remembers mark and refuses it if it was known.
func spend(ctx context.Context, remember Remember, mark [32]byte, until time.Time) error {
	fresh, err := remember(ctx, mark, until)
	if err != nil {
		return unavailable(fmt.Errorf("remember the answer: %w", err))
	}
	if !fresh {
		return refused("used before")
	}
	return nil
}
