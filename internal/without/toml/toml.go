// Package toml stands in for the format TOML, which no route of Latchkey reads or writes. See docs/adr/0047.
package toml

import (
	"errors"
	"io"
)

var errNone = errors.New("toml: this program has no TOML")

// Marshal returns an error.
func Marshal(any) ([]byte, error) { return nil, errNone }

// Decoder decodes nothing.
type Decoder struct{}

// NewDecoder returns a Decoder.
func NewDecoder(io.Reader) *Decoder { return &Decoder{} }

// Decode returns an error.
func (*Decoder) Decode(any) error { return errNone }
