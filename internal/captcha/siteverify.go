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

// maxBody bounds Google's answer, which has about 150 bytes.
const maxBody = 16 << 10

// siteverifyAnswer is what Google says of a token.
type siteverifyAnswer struct {
	Success    bool      `json:"success"`
	At         time.Time `json:"challenge_ts"`
	Hostname   string    `json:"hostname"`
	ErrorCodes []string  `json:"error-codes"`
}

// siteverify posts form and returns Google's answer as it came, if it is a yes that holds for our site and now. Otherwise the error
// is ErrRefused or ErrUnavailable.
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

// post sends form and returns the body of an answer that is well, whole and not longer than it may be.
func (r *Recaptcha) post(ctx context.Context, form url.Values) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.options.Address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := r.options.Transport.RoundTrip(request) // no redirects are followed: the form holds our secret
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

// judge checks what go-recaptcha does not look at.
func (r *Recaptcha) judge(answer siteverifyAnswer) error {
	if !answer.Success {
		// A wrong secret is our own mistake: nobody could pass, and the operator must hear of it.
		if slices.Contains(answer.ErrorCodes, "invalid-input-secret") || slices.Contains(answer.ErrorCodes, "missing-input-secret") {
			return unavailable(errors.New("reCAPTCHA does not know our secret"))
		}
		return refused("reCAPTCHA says " + strings.Join(answer.ErrorCodes, ", "))
	}
	if !strings.EqualFold(answer.Hostname, r.hostname) {
		return refused(fmt.Sprintf("solved on the host %q", answer.Hostname))
	}
	if age := r.options.Now().Sub(answer.At).Abs(); age > tokenLife { // also from the future: one of the clocks is wrong
		return refused(fmt.Sprintf("solved %s away from now", age.Round(time.Second)))
	}
	return nil
}
