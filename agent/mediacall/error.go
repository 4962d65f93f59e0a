package mediacall

import (
	"errors"
	"strings"
)

// CallError is the error of a call that had no answer or an unexpected answer. Its text never quotes the
// request or the answer.
type CallError struct {
	Product string // the name of the program
	Doing   string
	Status  int // of the answer; 0 without one
	Why     string
	Err     error
}

// Error returns what was done and why it failed.
func (f *CallError) Error() string { return prefix(f.Product) + f.Doing + ": " + f.Why }

// Unwrap returns the cause.
func (f *CallError) Unwrap() error { return f.Err }

// ErrAnswer is the cause of a failure if the answer itself is wrong. It also replaces the errors of
// encoding/json, because those errors quote the answer.
var ErrAnswer = errors.New("the answer cannot be read")

// StatusOf returns the status of the answer that caused an error, or 0.
func StatusOf(err error) int {
	if f, ok := errors.AsType[*CallError](err); ok {
		return f.Status
	}
	return 0
}

// prefix returns the beginning of the text of every error about a program.
func prefix(product string) string { return strings.ToLower(product) + ": " }

func (c *Client) failure(one Call, why string, err error) *CallError {
	return &CallError{Product: c.o.Product, Doing: one.Doing, Why: why, Err: err}
}
