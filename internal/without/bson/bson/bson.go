// Package bson stands in for the format BSON, which no route of Latchkey reads or writes. See docs/adr/0047.
package bson

import "errors"

var errNone = errors.New("bson: this program has no BSON")

// Marshal returns an error.
func Marshal(any) ([]byte, error) { return nil, errNone }

// Unmarshal returns an error.
func Unmarshal([]byte, any) error { return errNone }
