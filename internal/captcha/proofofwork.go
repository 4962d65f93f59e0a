package captcha

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	altcha "github.com/altcha-org/altcha-lib-go"
)

const (
	// DefaultCost is the highest number that a browser may have to try; on average it tries half as many numbers.
	// templates/static/js/captcha_worker.js says how long that takes.
	DefaultCost int64 = 150_000
	// DefaultLife is the time in which a challenge may be answered if the field Life is 0. The service sets its own
	// (captcha-life).
	DefaultLife = 20 * time.Minute
	// minKey is the least length of a key, in bytes. A person who guesses a key can sign challenges with known solutions.
	minKey = 16
	// clockMargin is added to the time for which a used challenge is remembered, for processes whose clocks differ.
	clockMargin = time.Minute
)

// ProofOfWork makes the browser search for a number, by version 1 of ALTCHA's protocol. Challenges are signed and not stored;
// only used challenges are stored.
type ProofOfWork struct {
	Key      []byte           // signs the challenges; at least 16 bytes, derived from the secret key for this purpose only
	Now      func() time.Time // required
	Remember Remember         // required; called only for correct solutions
	Cost     int64            // the highest number to try; 0 means DefaultCost
	Life     time.Duration    // 0 means DefaultLife
}

// Challenge is the task for the browser: to find the number, from 0 to MaxNumber, for which SHA-256(Salt ‖ number) is
// the field Challenge. The salt also says when the challenge expires, in seconds since 1970.
type Challenge struct {
	Algorithm string `json:"algorithm"`
	Challenge string `json:"challenge"`
	MaxNumber int64  `json:"maxnumber"`
	Salt      string `json:"salt"`
	Signature string `json:"signature"`
}

// Challenge returns a new challenge. It returns an error only if the key is too short.
func (p *ProofOfWork) Challenge() (Challenge, error) {
	if err := p.checkKey(); err != nil {
		return Challenge{}, err
	}
	cost, life := p.Cost, p.Life
	if cost == 0 {
		cost = DefaultCost
	}
	if life == 0 {
		life = DefaultLife
	}
	expires := p.Now().Add(life)
	made, err := altcha.CreateChallenge(altcha.ChallengeOptions{
		Algorithm: altcha.SHA256,
		MaxNumber: cost,
		HMACKey:   string(p.Key),
		Expires:   &expires,
	})
	if err != nil {
		return Challenge{}, fmt.Errorf("make a challenge: %w", err)
	}
	return Challenge{
		Algorithm: made.Algorithm,
		Challenge: made.Challenge,
		MaxNumber: made.MaxNumber,
		Salt:      made.Salt,
		Signature: made.Signature,
	}, nil
}

// Verify checks the answer of a form: base64 of the JSON of a solved challenge.
func (p *ProofOfWork) Verify(ctx context.Context, answer string, _ netip.Addr) error {
	if answer == "" {
		return ErrMissing
	}
	if err := p.checkKey(); err != nil {
		return unavailable(err)
	}
	solution, err := decodeSolution(answer)
	if err != nil {
		return refused(err.Error())
	}
	expires, err := expiry(solution.Salt)
	if err != nil {
		return refused(err.Error())
	}
	if !p.Now().Before(expires) {
		return refused("expired")
	}
	// The expiry is checked above, by our clock; the library could only use the clock of the
	// machine.
	holds, err := altcha.VerifySolutionSafe(solution, string(p.Key), false)
	if err != nil {
		return refused(err.Error())
	}
	if !holds {
		return refused("not the solution of a challenge that this service made")
	}
	// The library compared the challenge byte by byte, so one solution always has the same mark.
	mark := sha256.Sum256([]byte("altcha\x00" + solution.Challenge))
	return spend(ctx, p.Remember, mark, expires.Add(clockMargin))
}

func (p *ProofOfWork) checkKey() error {
	if len(p.Key) < minKey {
		return fmt.Errorf("captcha: a key of %d bytes is too short", len(p.Key))
	}
	return nil
}

// decodeSolution reads the answer of the browser. Its errors quote no part of the answer.
func decodeSolution(answer string) (altcha.Payload, error) {
	if len(answer) > maxAnswer {
		return altcha.Payload{}, errors.New("too long")
	}
	text, err := base64.StdEncoding.DecodeString(answer)
	if err != nil {
		return altcha.Payload{}, errors.New("not base64")
	}
	var solution altcha.Payload
	if json.Unmarshal(text, &solution) != nil {
		return altcha.Payload{}, errors.New("not the JSON of a solution")
	}
	if solution.Algorithm != string(altcha.SHA256) {
		return altcha.Payload{}, errors.New("another algorithm")
	}
	return solution, nil
}

// expiry returns the time in the parameters of a salt. It returns an error for a salt without a time, which this
// service never makes.
func expiry(salt string) (time.Time, error) {
	_, query, _ := strings.Cut(salt, "?")
	params, err := url.ParseQuery(strings.TrimSuffix(query, "&"))
	if err != nil || len(params["expires"]) != 1 {
		return time.Time{}, errors.New("no expiry")
	}
	seconds, err := strconv.ParseInt(params.Get("expires"), 10, 64)
	if err != nil {
		return time.Time{}, errors.New("no expiry")
	}
	return time.Unix(seconds, 0), nil
}
