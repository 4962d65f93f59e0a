package captcha

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	recaptcha "github.com/dpapathanasiou/go-recaptcha"
)

const (
	// recaptchaDeadline is the time that the whole request to Google may take.
	recaptchaDeadline = 5 * time.Second
	// tokenLife is the greatest age of an answer, and the time for which a used answer is remembered. Google's own limit is
	// two minutes.
	tokenLife = 3 * time.Minute
)

var (
	errCircuitOpen = errors.New("reCAPTCHA failed several times in a row; it will be asked again in some seconds")
	errNotAsked    = errors.New("go-recaptcha did not ask through the client that this package installed")
)

// RecaptchaOptions are the parts that Recaptcha needs besides its key.
type RecaptchaOptions struct {
	Now       func() time.Time  // required
	Remember  Remember          // required; called before Google is asked
	Address   string            // of siteverify; "" means Google's. Tests give the address of a fake
	Deadline  time.Duration     // 0 means 5 s
	Transport http.RoundTripper // nil means http.DefaultTransport
}

// Recaptcha is the checkbox of reCAPTCHA v2, asked through go-recaptcha. That package keeps its secret in a global, posts through
// http.DefaultClient without a deadline, reads a body of any length, ignores the status and looks only at "success".
// So the first NewRecaptcha installs an exchange in http.DefaultClient (see exchange.go), which asks in its place and checks the rest.
type Recaptcha struct {
	secret   string
	hostname string
	options  RecaptchaOptions
	exchange *exchange
	breaker  breaker
}

// NewRecaptcha returns a verifier for the site with this secret and host name (the host of the public URL, without a port). Call it
// while starting: the first call replaces http.DefaultClient by a copy that treats all other requests as before.
func NewRecaptcha(secret, hostname string, options RecaptchaOptions) *Recaptcha {
	if options.Address == "" {
		options.Address = siteverify
	}
	if options.Deadline == 0 {
		options.Deadline = recaptchaDeadline
	}
	if options.Transport == nil {
		options.Transport = http.DefaultTransport
	}
	return &Recaptcha{secret: secret, hostname: hostname, options: options, exchange: installed()}
}

// Verify spends the answer and asks Google about it. While the circuit is open it returns ErrUnavailable at once, and the answer
// is not spent.
func (r *Recaptcha) Verify(ctx context.Context, answer string, remote netip.Addr) error {
	if answer == "" {
		return ErrMissing
	}
	if !plausible(answer) {
		return refused("no token of reCAPTCHA")
	}
	now := r.options.Now()
	report, ok := r.breaker.enter(now)
	if !ok {
		return unavailable(errCircuitOpen)
	}
	mark := sha256.Sum256([]byte("recaptcha\x00" + answer))
	if err := spend(ctx, r.options.Remember, mark, now.Add(tokenLife)); err != nil {
		report(unproven, now)
		return err
	}
	err := r.confirm(ctx, answer, remote)
	report(outcomeOf(err), r.options.Now())
	return err
}

// confirm calls go-recaptcha and waits for the result until the deadline. The function Confirm of go-recaptcha takes no context,
// but the exchange that carries its request uses the context of this call, so the goroutine ends when confirm ends.
func (r *Recaptcha) confirm(ctx context.Context, answer string, remote netip.Addr) error {
	ctx, cancel := context.WithTimeout(ctx, r.options.Deadline)
	defer cancel()
	result := make(chan error, 1)
	go func() { result <- r.ask(ctx, answer, remote) }()
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return unavailable(ctx.Err())
	}
}

// ask runs go-recaptcha. Instead of the caller's address it passes an id, by which the exchange
// finds this call again. go-recaptcha sees Google's answer only if the exchange finds nothing wrong
// with it. Otherwise it sees a plain "no", so that it never logs anything.
func (r *Recaptcha) ask(ctx context.Context, answer string, remote netip.Addr) error {
	verdict := errNotAsked
	id, end := r.exchange.begin(func(form url.Values) []byte {
		form.Set("secret", r.secret)
		form.Del("remoteip")
		if remote.IsValid() {
			form.Set("remoteip", remote.String())
		}
		var text []byte
		text, verdict = r.siteverify(ctx, form)
		return text
	})
	defer end()
	yes, err := recaptcha.Confirm(id, answer)
	switch {
	case errors.Is(verdict, errNotAsked):
		return unavailable(verdict)
	case verdict != nil:
		return verdict
	case err != nil:
		return unavailable(err)
	case !yes:
		return refused("reCAPTCHA says no")
	}
	return nil
}

// plausible reports whether answer can be a token. Google is not asked about other texts, because it answers some of them with
// 4xx, which would count as a failure of the service.
func plausible(answer string) bool {
	if len(answer) > maxAnswer {
		return false
	}
	for i := range len(answer) {
		if answer[i] <= ' ' || answer[i] > '~' {
			return false
		}
	}
	return true
}

func outcomeOf(err error) outcome {
	switch {
	case !errors.Is(err, ErrUnavailable):
		return worked
	case errors.Is(err, context.Canceled): // a caller that hangs up must not open the circuit for others
		return unproven
	}
	return failed
}
