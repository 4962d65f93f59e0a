package servicetest_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/servicetest"
)

// recorder is a test that keeps its failures instead of failing.
type recorder struct {
	testing.TB
	text strings.Builder
}

// stop is the panic that ends a recorded test, as FailNow ends a real one.
type stop struct{}

func (r *recorder) Helper()                           {}
func (r *recorder) Errorf(format string, args ...any) { fmt.Fprintf(&r.text, format, args...) }

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	panic(stop{})
}

// failure runs f as a test and returns the text of its failures, or "" if it passes.
func failure(t *testing.T, f func(t testing.TB)) (text string) {
	t.Helper()
	r := &recorder{TB: t}
	defer func() {
		if thrown := recover(); thrown != nil && thrown != any(stop{}) {
			panic(thrown)
		}
		text = r.text.String()
	}()
	f(r)
	return ""
}

func TestFailuresSayWhatWasWanted(t *testing.T) {
	t.Parallel()
	broken := fmt.Errorf("read: %w", io.ErrUnexpectedEOF)
	for name, c := range map[string]struct {
		check func(t testing.TB)
		want  string
	}{
		"no error":    {func(t testing.TB) { servicetest.NoError(t, nil) }, ""},
		"an error":    {func(t testing.TB) { servicetest.NoError(t, broken) }, "got the error read: unexpected EOF, want none"},
		"a value":     {func(t testing.TB) { servicetest.Must(1, nil)(t) }, ""},
		"no value":    {func(t testing.TB) { servicetest.Must(1, broken)(t) }, "got the error read: unexpected EOF, want none"},
		"wrapped":     {func(t testing.TB) { servicetest.IsError(t, broken, io.ErrUnexpectedEOF) }, ""},
		"another":     {func(t testing.TB) { servicetest.IsError(t, broken, io.EOF) }, "got the error read: unexpected EOF, want EOF"},
		"not missing": {func(t testing.TB) { servicetest.IsError(t, nil, io.EOF) }, "got the error <nil>, want EOF"},
		"same text":   {func(t testing.TB) { servicetest.IsError(t, errors.New("EOF"), io.EOF) }, "got the error EOF, want EOF"},
		"happens":     {func(t testing.TB) { servicetest.Eventually(t, "it rains", func() bool { return true }) }, ""},
	} {
		if got := failure(t, c.check); got != c.want {
			t.Errorf("%s: failed with %q, want %q", name, got, c.want)
		}
	}
}

func TestEventuallyWaits(t *testing.T) {
	t.Parallel()
	tries := 0
	if got := failure(t, func(t testing.TB) {
		servicetest.Eventually(t, "three tries", func() bool { tries++; return tries == 3 })
	}); got != "" {
		t.Errorf("failed with %q, want a pass at the third try", got)
	}
}

func TestLogCountsLines(t *testing.T) {
	t.Parallel()
	var log servicetest.Log
	log.Logger().Debug("a bell rings")
	log.Logger().Warn("a bell rings twice, a bell")
	log.Logger().Info("silence")
	if got := log.Count("a bell"); got != 2 {
		t.Errorf("%d lines contain it, want 2 in:\n%s", got, &log)
	}
}
