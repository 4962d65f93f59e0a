package captcha

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// maxBody is the largest answer of Google that is read, in bytes. Usual ones have about 150.
const maxBody = 16 << 10

// siteverifyAnswer is Google's answer about a token.
type siteverifyAnswer struct {
	Success    bool      `json:"success"`
	At         time.Time `json:"challenge_ts"`
	Hostname   string    `json:"hostname"`
	ErrorCodes []string  `json:"error-codes"`
}

// siteverify posts form and returns Google's answer unchanged, if it says yes, for our site and for a recent solution.
// Otherwise it returns ErrRefused or ErrUnavailable.
func (r *Recaptcha) siteverify(ctx context.Context, form url.Values) ([]byte, error) {
	text, err := r.post(ctx, form)
	if err != nil {
		return nil, unavailable(fmt.Errorf("ask reCAPTCHA: %w", err))
	}
	var answer siteverifyAnswer
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, unavailable(fmt.Errorf("read reCAPTCHA's answer: %w", err))
	}
	if err := r.judge(answer); err != nil {
		return nil, err
	}
	return text, nil
}

// post sends form and returns the body of the answer. It returns an error for a status other than 200, and for a body
// that ends early or is too long.
func (r *Recaptcha) post(ctx context.Context, form url.Values) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.options.Address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := r.options.Transport.RoundTrip(request) // follows no redirects, because the form contains our secret
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", response.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxBody {
		return nil, fmt.Errorf("the answer is longer than %d bytes", maxBody)
	}
	return text, nil
}

// judge checks the parts of the answer that go-recaptcha ignores: error codes, host and time.
func (r *Recaptcha) judge(answer siteverifyAnswer) error {
	if !answer.Success {
		// A wrong secret is a mistake in our settings: no person could pass, so the operator must see it in the log.
		if slices.Contains(answer.ErrorCodes, "invalid-input-secret") || slices.Contains(answer.ErrorCodes, "missing-input-secret") {
			return unavailable(errors.New("reCAPTCHA does not know our secret"))
		}
		return refused("reCAPTCHA says " + strings.Join(answer.ErrorCodes, ", "))
	}
	if !strings.EqualFold(answer.Hostname, r.hostname) {
		return refused(fmt.Sprintf("solved on the host %q", answer.Hostname))
	}
	if age := r.options.Now().Sub(answer.At).Abs(); age > tokenLife { // a time in the future is refused too: one of the clocks is wrong
		return refused(fmt.Sprintf("solved %s away from now", age.Round(time.Second)))
	}
	return nil
}
