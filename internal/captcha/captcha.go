// Package captcha asks for a proof before a form does anything for a stranger: some work by the browser (ProofOfWork, the
// default, which needs no third party), Google's reCAPTCHA, or nothing at all (Off).
package captcha

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// Names of the form fields that carry the answer.
const (
	FieldProofOfWork = "altcha"
	FieldRecaptcha   = "g-recaptcha-response"
)

// The errors of Verify; compare with errors.Is.
var (
	// ErrMissing means that the form brought no answer: scripts are off, or a program posts without showing the page.
	ErrMissing = errors.New("captcha: no answer")
	// ErrRefused means that the answer is wrong, has expired, or was used before. A new one may be tried at once.
	ErrRefused = errors.New("captcha: answer refused")
	// ErrUnavailable means that the answer could not be checked, because Google's service or our own memory of used
	// answers is down. It wraps the cause.
	ErrUnavailable = errors.New("captcha: cannot be checked now")
)

// maxAnswer is the largest answer, in bytes: a proof of work has about 350, a token of reCAPTCHA 500 to 2,500.
const maxAnswer = 4 << 10

// Verifier checks that a form was sent by a person, or at least by a program that did some work for it. Each answer is valid
// once.
type Verifier interface {
	// Verify returns nil, ErrMissing, ErrRefused or ErrUnavailable. remote is the sender's address; the zero Addr means that
	// it is not known.
	Verify(ctx context.Context, answer string, remote netip.Addr) error
}

// Remember keeps mark at least until the given time, and reports whether it was new. If there are many calls with the same
// mark at once, also from several processes, exactly one of them returns true.
type Remember func(ctx context.Context, mark [32]byte, until time.Time) (fresh bool, err error)

// Off asks for nothing.
type Off struct{}

// Verify returns nil.
func (Off) Verify(context.Context, string, netip.Addr) error { return nil }

// refused returns ErrRefused with a reason for the log. People do not see the reason, because it would help only somebody who
// guesses.
func refused(reason string) error { return fmt.Errorf("%w: %s", ErrRefused, reason) }

// unavailable returns ErrUnavailable with its cause.
func unavailable(cause error) error { return fmt.Errorf("%w: %w", ErrUnavailable, cause) }

// spend remembers mark, which stands for an answer, until the given time. It returns ErrRefused if
// that answer was used before.
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
