package main

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

// shell runs commands inside the test process, as main would.
type shell struct {
	flags       []string          // flags that every command gets
	environment map[string]string // the whole environment
	input       string
}

func newShell(t *testing.T, flags ...string) *shell {
	t.Helper()
	return &shell{flags: append([]string{"--data-dir=" + t.TempDir()}, flags...)}
}

// run runs a command and returns what it wrote to standard output and to standard error.
func (s *shell) run(t *testing.T, arguments ...string) (output, problems string, err error) {
	t.Helper()
	var out, bad bytes.Buffer
	err = run(t.Context(), world{
		arguments:   slices.Concat(s.flags, arguments), // if a flag occurs twice, the last one counts
		environment: func(name string) (string, bool) { value, ok := s.environment[name]; return value, ok },
		input:       strings.NewReader(s.input), output: &out, errors: &bad,
	})
	return out.String(), bad.String(), err
}

// must runs a command that has to succeed, and returns its output.
func (s *shell) must(t *testing.T, arguments ...string) string {
	t.Helper()
	output, problems, err := s.run(t, arguments...)
	if err != nil {
		t.Fatalf("%v: %v, want no error\n%s%s", arguments, err, output, problems)
	}
	return output
}

// refused runs a command that has to fail, with an error that contains want.
func (s *shell) refused(t *testing.T, want string, arguments ...string) {
	t.Helper()
	output, problems, err := s.run(t, arguments...)
	if err == nil {
		err = errors.New("(no error)")
	}
	if !strings.Contains(err.Error(), want) {
		t.Errorf("%v: %v, want an error with %q\n%s%s", arguments, err, want, output, problems)
	}
}
