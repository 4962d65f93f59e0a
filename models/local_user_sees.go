package models

import (
	"encoding/json"
	"fmt"
	"slices"
)

// SeenLibraries are the libraries that a local user sees at the media server, before any level takes some away.
type SeenLibraries struct {
	All bool     // every library, and new ones too; then IDs is empty
	IDs []string // the server's own ids
}

// seenMost is the greatest number of libraries that are kept for one local user. The ids of so many fit into a column
// of text on both engines.
const seenMost = 200

// seenAll is how all libraries are stored.
const seenAll = "all"

// check returns the libraries in the form that is stored and compared, and whether they can be stored. Nil means that
// the agent does not tell them.
func (s *SeenLibraries) check() (*SeenLibraries, bool) {
	switch {
	case s == nil:
		return nil, true
	case s.All:
		return &SeenLibraries{All: true}, true
	case len(s.IDs) > seenMost || slices.ContainsFunc(s.IDs, func(id string) bool { return !isExternalID(id) }):
		return nil, false
	}
	ids := slices.Clone(s.IDs)
	slices.Sort(ids)
	return &SeenLibraries{IDs: slices.Compact(ids)}, true
}

// packSeen returns libraries that went through [SeenLibraries.check] as they are stored.
func packSeen(s *SeenLibraries) (*string, error) {
	switch {
	case s == nil:
		return nil, nil
	case s.All:
		return new(seenAll), nil
	}
	packed, err := json.Marshal(s.IDs)
	if err != nil {
		return nil, fmt.Errorf("libraries that a local user sees: %w", err)
	}
	return new(string(packed)), nil
}

// unpackSeen reads stored libraries.
func unpackSeen(text *string) (*SeenLibraries, error) {
	switch {
	case text == nil:
		return nil, nil
	case *text == seenAll:
		return &SeenLibraries{All: true}, nil
	}
	ids, err := libraryIDs(*text)
	if err != nil {
		return nil, err
	}
	return &SeenLibraries{IDs: ids}, nil
}

// has reports whether the local user sees a library.
func (s *SeenLibraries) has(id string) bool { return s.All || slices.Contains(s.IDs, id) }
