package captcha_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/captcha"
	"github.com/latchkey-media/latchkey/internal/captcha/captchatest"
)

// start is far from the machine's clock, so that code which reads that clock fails.
var start = time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)

// nobody is the address of a caller whose address is not known.
var nobody netip.Addr

// clock is a time that tests move.
type clock struct{ nanoseconds atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.nanoseconds.Store(start.UnixNano())
	return c
}

func (c *clock) Now() time.Time          { return time.Unix(0, c.nanoseconds.Load()) }
func (c *clock) Advance(d time.Duration) { c.nanoseconds.Add(int64(d)) }

func newProofOfWork(memory *captchatest.Memory, now func() time.Time) *captcha.ProofOfWork {
	return &captcha.ProofOfWork{
		Key:      []byte("a key of thirty-two bytes or so."),
		Now:      now,
		Remember: memory.Remember,
		Cost:     500,
		Life:     10 * time.Minute,
	}
}

// challenge returns the JSON that a browser gets.
func challenge(t *testing.T, p *captcha.ProofOfWork) []byte {
	t.Helper()
	c, err := p.Challenge()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// solved returns the fields of a correct answer.
func solved(t *testing.T, p *captcha.ProofOfWork) map[string]any {
	t.Helper()
	text, err := base64.StdEncoding.DecodeString(captchatest.Solve(challenge(t, p)))
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	var fields map[string]any
	if err := decoder.Decode(&fields); err != nil {
		t.Fatal(err)
	}
	return fields
}

func TestChallenge(t *testing.T) {
	t.Parallel()
	p := newProofOfWork(&captchatest.Memory{}, newClock().Now)
	var got map[string]any
	if err := json.Unmarshal(challenge(t, p), &got); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"algorithm", "challenge", "maxnumber", "salt", "signature"} {
		if got[name] == nil {
			t.Errorf("the challenge has no %q, want it", name)
		}
	}
	if got["maxnumber"] != 500.0 || got["algorithm"] != "SHA-256" {
		t.Errorf("got %v, want maxnumber %v, algorithm SHA-256", got, 500.0)
	}
	salt, _ := got["salt"].(string)
	if !strings.HasSuffix(salt, "?expires=1935818289&") { // start and ten minutes
		t.Errorf("the salt %q has no time of expiry, want one", salt)
	}
	// The worker is fastest while salt and number fit one block of SHA-256.
	if len(salt)+len("150000") > 55 {
		t.Errorf("the salt has %d bytes, want it and the number to fit one block of 55", len(salt))
	}
}

func TestProofOfWorkDefaults(t *testing.T) {
	t.Parallel()
	p := newProofOfWork(&captchatest.Memory{}, newClock().Now)
	p.Cost, p.Life = 0, 0
	c, err := p.Challenge()
	if err != nil {
		t.Fatal(err)
	}
	if c.MaxNumber != captcha.DefaultCost || !strings.HasSuffix(c.Salt, "?expires=1935818889&") {
		t.Errorf("got %+v, want max number %v, ending with %q", c, captcha.DefaultCost, "?expires=1935818889&")
	}
}

func TestProofOfWork(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(fields map[string]any)
		wait   time.Duration
		want   error
	}{
		"right":                     {},
		"right in the last moment":  {wait: 10*time.Minute - time.Second},
		"expired":                   {wait: 10 * time.Minute, want: captcha.ErrRefused},
		"wrong number":              {change: set("number", 501), want: captcha.ErrRefused},
		"negative number":           {change: set("number", -1), want: captcha.ErrRefused},
		"number is text":            {change: set("number", "7"), want: captcha.ErrRefused},
		"no number":                 {change: set("number", nil), want: captcha.ErrRefused},
		"another salt":              {change: set("salt", "00112233445566778899aabb?expires=1935818289&"), want: captcha.ErrRefused},
		"no salt":                   {change: set("salt", ""), want: captcha.ErrRefused},
		"expiry moved":              {change: inSalt("1935818289", "1935899999"), want: captcha.ErrRefused},
		"expiry taken out":          {change: inSalt("expires=1935818289", ""), want: captcha.ErrRefused},
		"expiry twice":              {change: inSalt("expires=", "expires=1935899999&expires="), want: captcha.ErrRefused},
		"another algorithm":         {change: set("algorithm", "SHA-1"), want: captcha.ErrRefused},
		"no algorithm":              {change: set("algorithm", ""), want: captcha.ErrRefused},
		"unknown algorithm":         {change: set("algorithm", "MD5"), want: captcha.ErrRefused},
		"another challenge":         {change: set("challenge", strings.Repeat("0", 64)), want: captcha.ErrRefused},
		"challenge in capitals":     {change: upper("challenge"), want: captcha.ErrRefused},
		"another signature":         {change: set("signature", strings.Repeat("0", 64)), want: captcha.ErrRefused},
		"no signature":              {change: set("signature", ""), want: captcha.ErrRefused},
		"more fields than we know":  {change: set("worker", true)},
		"longer than an answer may": {change: set("took", strings.Repeat("1", 4000)), want: captcha.ErrRefused},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now, memory := newClock(), &captchatest.Memory{}
			p := newProofOfWork(memory, now.Now)
			fields := solved(t, p)
			if test.change != nil {
				before := maps.Clone(fields)
				test.change(fields)
				if maps.Equal(before, fields) {
					t.Fatal("the change left the answer as it was, want another answer")
				}
			}
			now.Advance(test.wait)
			if err := p.Verify(t.Context(), captchatest.Encode(fields), nobody); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if spent := len(memory.Marks()); (spent == 1) != (test.want == nil) {
				t.Errorf("%d answers were remembered, want none", spent)
			}
		})
	}
}

func set(name string, value any) func(map[string]any) {
	return func(fields map[string]any) { fields[name] = value }
}

func inSalt(from, to string) func(map[string]any) {
	return func(fields map[string]any) {
		text, _ := fields["salt"].(string)
		fields["salt"] = strings.Replace(text, from, to, 1)
	}
}

func upper(name string) func(map[string]any) {
	return func(fields map[string]any) {
		text, _ := fields[name].(string)
		fields[name] = strings.ToUpper(text)
	}
}

func TestProofOfWorkRefusesMalformedAnswers(t *testing.T) {
	t.Parallel()
	p := newProofOfWork(&captchatest.Memory{}, newClock().Now)
	for answer, want := range map[string]error{
		"":                         captcha.ErrMissing,
		"!":                        captcha.ErrRefused,
		"bm9uc2Vuc2U=":             captcha.ErrRefused, // nonsense
		"bnVsbA==":                 captcha.ErrRefused, // null
		"e30=":                     captcha.ErrRefused, // {}
		"W10=":                     captcha.ErrRefused, // []
		strings.Repeat("A", 4097):  captcha.ErrRefused,
		strings.Repeat("A", 1<<20): captcha.ErrRefused,
	} {
		if err := p.Verify(t.Context(), answer, nobody); !errors.Is(err, want) {
			t.Errorf("%.20q: got %v, want %v", answer, err, want)
		}
	}
}

// A challenge that another key signed is refused, and so is a key that is easy to guess.
func TestProofOfWorkKeys(t *testing.T) {
	t.Parallel()
	memory, now := &captchatest.Memory{}, newClock().Now
	ours, theirs := newProofOfWork(memory, now), newProofOfWork(memory, now)
	theirs.Key = []byte("another key of thirty-two bytes.")
	if err := ours.Verify(t.Context(), captchatest.Solve(challenge(t, theirs)), nobody); !errors.Is(err, captcha.ErrRefused) {
		t.Errorf("another key: got %v, want the error %v", err, captcha.ErrRefused)
	}
	answer := captchatest.Solve(challenge(t, ours))
	ours.Key = nil
	if _, err := ours.Challenge(); err == nil {
		t.Error("got a challenge without a key, want an error")
	}
	if err := ours.Verify(t.Context(), answer, nobody); !errors.Is(err, captcha.ErrUnavailable) {
		t.Errorf("without a key: got error %v, want ErrUnavailable", err)
	}
}

// The same solution written in different ways counts only once.
func TestProofOfWorkReplay(t *testing.T) {
	t.Parallel()
	memory := &captchatest.Memory{}
	p := newProofOfWork(memory, newClock().Now)
	fields := solved(t, p)
	if err := p.Verify(t.Context(), captchatest.Encode(fields), nobody); err != nil {
		t.Fatal(err)
	}
	disguises := map[string]func(map[string]any){
		"as it was":           set("took", 1),
		"salt without its &":  inSalt("1935818289&", "1935818289"),
		"with one more field": set("salt2", "x"),
	}
	for name, disguise := range disguises {
		again := maps.Clone(fields)
		disguise(again)
		if err := p.Verify(t.Context(), captchatest.Encode(again), nobody); !errors.Is(err, captcha.ErrRefused) {
			t.Errorf("%s: got %v, want the error %v", name, err, captcha.ErrRefused)
		}
	}
	for _, until := range memory.Marks() {
		if until.Before(start.Add(10 * time.Minute)) {
			t.Errorf("the answer is remembered until %s, want at least until it expires", until)
		}
	}
}

func TestProofOfWorkUsedManyTimesAtOnce(t *testing.T) {
	t.Parallel()
	p := newProofOfWork(&captchatest.Memory{}, newClock().Now)
	answer := captchatest.Solve(challenge(t, p))
	var passed, refused atomic.Int32
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			switch err := p.Verify(t.Context(), answer, nobody); {
			case err == nil:
				passed.Add(1)
			case errors.Is(err, captcha.ErrRefused):
				refused.Add(1)
			}
		})
	}
	group.Wait()
	if passed.Load() != 1 || refused.Load() != 63 {
		t.Errorf("%d passed, %d were refused, want passed 1, refused 63", passed.Load(), refused.Load())
	}
}

func TestProofOfWorkWithoutMemory(t *testing.T) {
	t.Parallel()
	memory, cause := &captchatest.Memory{}, errors.New("the disk is full")
	p := newProofOfWork(memory, newClock().Now)
	answer := captchatest.Solve(challenge(t, p))
	memory.Fail(cause)
	if err := p.Verify(t.Context(), answer, nobody); !errors.Is(err, captcha.ErrUnavailable) || !errors.Is(err, cause) {
		t.Errorf("got %v, want the error %v, the error %v", err, captcha.ErrUnavailable, cause)
	}
	memory.Fail(nil)
	if err := p.Verify(t.Context(), answer, nobody); err != nil {
		t.Errorf("after the memory came back: %v, want no error", err)
	}
}

func TestOffAcceptsEveryAnswer(t *testing.T) {
	t.Parallel()
	if err := (captcha.Off{}).Verify(t.Context(), "", nobody); err != nil {
		t.Error(err)
	}
}

// Every answer is refused, because only our key can sign a challenge, and a fuzzer does not have it.
func FuzzProofOfWork(f *testing.F) {
	for _, text := range []string{
		``, `{}`, `[]`, `null`, `"x"`, `{"number":1e99}`, `{"number":-9223372036854775808}`, "\xff\xfe", `{"salt":"?expires=%zz"}`,
		`{"algorithm":"SHA-256","challenge":"0","number":1,"salt":"a?expires=99999999999&","signature":"0"}`,
		`{"algorithm":"SHA-256","salt":"?expires=-9223372036854775808"}`, `{"algorithm":"SHA-256","salt":"a?b?c?expires=9999999999"}`,
		`{"algorithm":"SHA-512","challenge":"","number":0,"salt":"?expires=9999999999&expires=1","signature":""}`,
	} {
		f.Add(text)
		f.Add(base64.StdEncoding.EncodeToString([]byte(text)))
	}
	p := newProofOfWork(&captchatest.Memory{}, newClock().Now)
	f.Fuzz(func(t *testing.T, text string) {
		for _, answer := range []string{text, base64.StdEncoding.EncodeToString([]byte(text))} {
			err := p.Verify(t.Context(), answer, nobody)
			if answer == "" && !errors.Is(err, captcha.ErrMissing) || answer != "" && !errors.Is(err, captcha.ErrRefused) {
				t.Errorf("%q: got error %v, want ErrMissing for an empty answer and ErrRefused for others", answer, err)
			}
		}
	})
}
