// Package validator stands in for the tags by which Gin checks a request that it has bound. Latchkey binds none: it reads
// requests by itself, and the rules are in models. See docs/adr/0047.
package validator

import "errors"

// Validate checks nothing.
type Validate struct{}

// New returns a Validate.
func New() *Validate { return &Validate{} }

// SetTagName does nothing.
func (*Validate) SetTagName(string) {}

// Struct returns an error, so that a request that is bound by mistake is not taken for a checked one.
func (*Validate) Struct(any) error { return errors.New("validator: this program has no rules in tags") }
