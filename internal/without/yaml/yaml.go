// Package yaml stands in for bodies in YAML, which no route of Latchkey reads or writes. See docs/adr/0047. The file of
// settings is read by another package.
package yaml

import (
	"errors"
	"io"
)

var errNone = errors.New("yaml: this program has no YAML in requests")

// Marshal returns an error.
func Marshal(any) ([]byte, error) { return nil, errNone }

// Decoder decodes nothing.
type Decoder struct{}

// NewDecoder returns a Decoder.
func NewDecoder(io.Reader) *Decoder { return &Decoder{} }

// Decode returns an error.
func (*Decoder) Decode(any) error { return errNone }
