package captcha_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/internal/captcha"
	"github.com/latchkey-media/latchkey/internal/captcha/captchatest"
	"github.com/latchkey-media/latchkey/internal/waittest"
)

const host = "accounts.example"

// rig is a verifier in front of a fake service.
type rig struct {
	*captcha.Recaptcha
	service *captchatest.Siteverify
	memory  *captchatest.Memory
	now     *clock
}

func newRig(t *testing.T, deadline time.Duration) rig {
	t.Helper()
	now, memory := newClock(), &captchatest.Memory{}
	service := captchatest.NewSiteverify(t, host, now.Now)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return rig{captcha.NewRecaptcha("the secret", host, captcha.RecaptchaOptions{
		Now: now.Now, Remember: memory.Remember, Address: service.Address(), Deadline: deadline, Transport: transport,
	}), service, memory, now}
}

// The sequential tests run before the parallel ones, so that nothing else makes goroutines.
func TestRecaptchaLeavesNoGoroutines(t *testing.T) {
	r := newRig(t, 300*time.Millisecond)
	before := runtime.NumGoroutine()
	r.service.Set(captchatest.Hang)
	var group sync.WaitGroup
	for i := range 32 {
		group.Go(func() {
			if err := r.Verify(t.Context(), fmt.Sprintf("token-%d", i), nobody); !errors.Is(err, captcha.ErrUnavailable) {
				t.Errorf("got %v, want the error %v", err, captcha.ErrUnavailable)
			}
		})
	}
	group.Wait()
	waittest.Eventually(t, "as few goroutines as before", func() bool { return runtime.NumGoroutine() <= before+2 })
}

func TestRecaptcha(t *testing.T) {
	t.Parallel()
	tests := map[captchatest.Mode]error{
		captchatest.OK:          nil,
		captchatest.Refused:     captcha.ErrRefused,
		captchatest.Replayed:    captcha.ErrRefused,
		captchatest.OtherHost:   captcha.ErrRefused,
		captchatest.Old:         captcha.ErrRefused,
		captchatest.Future:      captcha.ErrRefused,
		captchatest.EmptyObject: captcha.ErrRefused,
		captchatest.BadSecret:   captcha.ErrUnavailable,
		captchatest.Hang:        captcha.ErrUnavailable,
		captchatest.Drip:        captcha.ErrUnavailable,
		captchatest.Broken:      captcha.ErrUnavailable,
		captchatest.Redirect:    captcha.ErrUnavailable,
		captchatest.HTML:        captcha.ErrUnavailable,
		captchatest.Huge:        captcha.ErrUnavailable,
		captchatest.Reset:       captcha.ErrUnavailable,
		captchatest.Cut:         captcha.ErrUnavailable,
	}
	for mode, want := range tests {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			deadline := waittest.Patience
			if mode == captchatest.Hang || mode == captchatest.Drip {
				deadline = 400 * time.Millisecond // the calls in these modes end only by the deadline
			}
			r := newRig(t, deadline)
			r.service.Set(mode)
			// On a busy machine the deadline may end a call before the service is asked.
			for len(r.service.Asked()) == 0 {
				if err := r.Verify(t.Context(), "a-token", netip.MustParseAddr("192.0.2.7")); !errors.Is(err, want) {
					t.Errorf("got %v, want %v", err, want)
				}
				r.now.Advance(11 * time.Second) // closes a circuit that the calls have opened
			}
			asked := []captchatest.Asked{{Secret: "the secret", Response: "a-token", RemoteIP: "192.0.2.7"}}
			if diff := cmp.Diff(asked, r.service.Asked()); diff != "" {
				t.Errorf("asked otherwise (-want +got):\n%s", diff)
			}
			r.service.Set(captchatest.OK)
			again := 0
			waittest.Eventually(t, "an answer once it was well", func() bool {
				r.now.Advance(11 * time.Second)
				again++
				return r.Verify(t.Context(), fmt.Sprint("another-token-", again), nobody) == nil
			})
			if deadline == waittest.Patience && again != 1 {
				t.Errorf("the service that was well again answered the question %d, want it to answer the first", again)
			}
		})
	}
}

// Answers that cannot be right are never sent to Google.
func TestRecaptchaRefusesImpossibleAnswersWithoutAsking(t *testing.T) {
	t.Parallel()
	r := newRig(t, waittest.Patience)
	if err := r.Verify(t.Context(), "used", nobody); err != nil {
		t.Fatal(err)
	}
	for answer, want := range map[string]error{
		"":                        captcha.ErrMissing,
		"used":                    captcha.ErrRefused,
		"with blanks":             captcha.ErrRefused,
		"with\x00nul":             captcha.ErrRefused,
		"ümlaut":                  captcha.ErrRefused,
		strings.Repeat("a", 4097): captcha.ErrRefused,
	} {
		if err := r.Verify(t.Context(), answer, nobody); !errors.Is(err, want) {
			t.Errorf("%.20q: got %v, want %v", answer, err, want)
		}
	}
	if err := r.Verify(t.Context(), strings.Repeat("a", 4096), nobody); err != nil {
		t.Errorf("the longest: %v, want no error", err)
	}
	if asked := r.service.Asked(); len(asked) != 2 || asked[0].RemoteIP != "" {
		t.Errorf("%d questions: %+v, want 2 questions, no remote IP", len(asked), asked)
	}
	for _, until := range r.memory.Marks() {
		if want := start.Add(3 * time.Minute); !until.Equal(want) {
			t.Errorf("remembered until %s, want %s", until, want)
		}
	}
}

func TestRecaptchaWithoutMemory(t *testing.T) {
	t.Parallel()
	r, cause := newRig(t, waittest.Patience), errors.New("the database is gone")
	r.memory.Fail(cause)
	for i := range 10 {
		if err := r.Verify(t.Context(), fmt.Sprintf("token-%d", i), nobody); !errors.Is(err, captcha.ErrUnavailable) || !errors.Is(err, cause) {
			t.Errorf("got %v, want the error %v, the error %v", err, captcha.ErrUnavailable, cause)
		}
	}
	if n := len(r.service.Asked()); n != 0 {
		t.Errorf("asked %d times, want 0", n)
	}
	r.memory.Fail(nil)
	if err := r.Verify(t.Context(), "token", nobody); err != nil { // failures of our memory do not open the circuit
		t.Errorf("after the memory came back: got error %v, want none", err)
	}
}

// Verifiers with different secrets, sites and services each get their own answer, also at the same time.
func TestRecaptchaInParallel(t *testing.T) {
	t.Parallel()
	yes, no, down := newRig(t, waittest.Patience), newRig(t, waittest.Patience), newRig(t, waittest.Patience)
	no.service.Set(captchatest.Refused)
	down.service.Set(captchatest.Broken)
	var group sync.WaitGroup
	for i := range 90 {
		group.Go(func() {
			r, want := yes, error(nil)
			switch i % 3 {
			case 1:
				r, want = no, captcha.ErrRefused
			case 2:
				r, want = down, captcha.ErrUnavailable
			}
			token := fmt.Sprintf("token-%d", i)
			if err := r.Verify(t.Context(), token, nobody); !errors.Is(err, want) {
				t.Errorf("%s: got %v, want %v", token, err, want)
			}
		})
	}
	group.Wait()
	seen := map[string]bool{}
	for _, asked := range append(yes.service.Asked(), no.service.Asked()...) {
		if asked.Secret != "the secret" || asked.RemoteIP != "" || seen[asked.Response] {
			t.Errorf("asked %+v, want secret the secret, no remote IP, seen false", asked)
		}
		seen[asked.Response] = true
	}
	if len(seen) != 60 {
		t.Errorf("%d tokens arrived, want 60", len(seen))
	}
}

func TestRecaptchaCircuit(t *testing.T) {
	t.Parallel()
	r := newRig(t, waittest.Patience)
	token := 0
	verify := func(ctx context.Context) error {
		token++
		return r.Verify(ctx, fmt.Sprintf("token-%d", token), nobody)
	}
	want := func(step string, kind error, questions int) {
		t.Helper()
		if err := verify(t.Context()); !errors.Is(err, kind) {
			t.Fatalf("%s: got %v, want %v", step, err, kind)
		}
		if n := len(r.service.Asked()); n != questions {
			t.Fatalf("%s: %d questions, want %d", step, n, questions)
		}
	}
	r.service.Set(captchatest.Broken)
	for i := range 4 {
		want("failing", captcha.ErrUnavailable, i+1)
	}
	r.service.Set(captchatest.Refused)
	want("an answer between closes it", captcha.ErrRefused, 5)
	r.service.Set(captchatest.Broken)
	for i := range 5 {
		want("failing again", captcha.ErrUnavailable, i+6)
	}
	r.service.Set(captchatest.OK)
	remembered := len(r.memory.Marks())
	want("open", captcha.ErrUnavailable, 10)
	if len(r.memory.Marks()) != remembered {
		t.Error("an answer was spent although Google was not asked, want it unspent")
	}
	r.now.Advance(11 * time.Second)
	r.service.Set(captchatest.Broken)
	want("a probe fails", captcha.ErrUnavailable, 11)
	r.service.Set(captchatest.OK)
	want("open again", captcha.ErrUnavailable, 11)
	r.now.Advance(11 * time.Second)
	left, leave := context.WithCancel(t.Context())
	leave()
	if err := verify(left); !errors.Is(err, captcha.ErrUnavailable) {
		t.Fatalf("a probe whose caller left: %v, want the error %v", err, captcha.ErrUnavailable)
	}
	asked := len(r.service.Asked())
	want("the next one probes", nil, asked+1)
	want("closed", nil, asked+2)
}

// While the probe waits, other calls do not wait.
func TestRecaptchaProbesOnceAtATime(t *testing.T) {
	t.Parallel()
	r := newRig(t, waittest.Patience)
	r.service.Set(captchatest.Broken)
	for i := range 5 {
		_ = r.Verify(t.Context(), fmt.Sprintf("token-%d", i), nobody)
	}
	r.now.Advance(11 * time.Second)
	r.service.Set(captchatest.Hang)
	var group sync.WaitGroup
	var refused atomic.Int32
	probing, stop := context.WithCancel(t.Context())
	for i := range 20 {
		group.Go(func() { _ = r.Verify(probing, fmt.Sprintf("later-%d", i), nobody); refused.Add(1) })
	}
	waittest.Eventually(t, "all but the one that asks are refused", func() bool { return refused.Load() == 19 })
	stop()
	group.Wait()
	if n := len(r.service.Asked()); n != 6 {
		t.Errorf("%d questions, want 6", n)
	}
}

// Callers who post and hang up must not open the circuit for others.
func TestRecaptchaCircuitIgnoresCallersThatLeave(t *testing.T) {
	t.Parallel()
	r := newRig(t, waittest.Patience)
	r.service.Set(captchatest.Hang)
	for i := range 10 {
		left, leave := context.WithCancel(t.Context())
		go func() {
			defer leave()
			if !waittest.Becomes(func() bool { return len(r.service.Asked()) > i }) {
				t.Error("the service was not asked, want it asked")
			}
		}()
		if err := r.Verify(left, fmt.Sprintf("token-%d", i), nobody); !errors.Is(err, captcha.ErrUnavailable) {
			t.Errorf("got %v, want the error %v", err, captcha.ErrUnavailable)
		}
	}
	r.service.Set(captchatest.OK)
	if err := r.Verify(t.Context(), "token", nobody); err != nil {
		t.Errorf("got %v, want no error", err)
	}
}

// The rest of the process uses http.DefaultClient as before, also during a call, and also for a form that
// looks like ours.
func TestRecaptchaLeavesDefaultClientAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t, waittest.Patience)
	r.service.Set(captchatest.Hang)
	asking, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { _ = r.Verify(asking, "token", nobody) })
	waittest.Eventually(t, "a request to the fake", func() bool { return len(r.service.Asked()) > 0 })
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		_, _ = io.Copy(w, request.Body)
	}))
	t.Cleanup(echo.Close)
	for i := range 400 { // one of these numbers is the id of the call that hangs
		form := fmt.Sprintf("remoteip=latchkey-call-%d&response=x", i)
		response, err := http.Post(echo.URL+"/recaptcha/api/siteverify", "application/x-www-form-urlencoded", strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || string(text) != form {
			t.Fatalf("got %q, error %v, want the form as it was sent", text, err)
		}
	}
	stop()
	group.Wait()
	if n := len(r.service.Asked()); n != 1 {
		t.Errorf("asked %d times, want 1", n)
	}
}
