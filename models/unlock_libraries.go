package models

import (
	"cmp"
	"slices"
	"strings"
)

// findLibraries sets which libraries the person may know by name. If the link names libraries, these are the ones. If it
// names none, they are those that the media server shows the local user, as far as the levels leave them; and if the
// agent does not tell these, those that the levels name.
func (u *Unlockable) findLibraries(rows []libraryRow, of *unlockableRow) error {
	names := namesIn(rows)
	if of.Libraries != nil {
		var err error
		u.Libraries, err = names.unpack(u.ServerID, of.Libraries)
		return err
	}
	sees, err := unpackSeen(of.Sees)
	if err != nil {
		return err
	}
	u.AllLibraries = (sees == nil || sees.All) && u.anyLevel(func(l Level) bool { return !l.limitsLibraries() })
	if sees != nil {
		u.Libraries = u.seen(rows, sees)
		return nil
	}
	ids := u.Everyday.Libraries
	if u.Unlocked != nil {
		ids = slices.Concat(ids, u.Unlocked.Libraries)
	}
	for _, id := range ids {
		one, known := names[u.ServerID][id]
		if known && !slices.ContainsFunc(u.Libraries, func(l Library) bool { return l.ExternalID == id }) {
			u.Libraries = append(u.Libraries, one)
		}
	}
	return nil
}

// limitsLibraries reports whether a level says anything about whole libraries.
func (l Level) limitsLibraries() bool {
	return l.Libraries != nil || l.Types != nil || len(l.HiddenLibraries) > 0
}

// shows reports whether a level leaves a library to see, in the way in which an agent carries it out.
func (l Level) shows(library *libraryRow) bool {
	return (l.Libraries == nil || slices.Contains(l.Libraries, library.ExternalID)) && !slices.Contains(l.HiddenLibraries, library.ExternalID) &&
		(l.Types == nil || slices.ContainsFunc(l.Types, func(kind string) bool { return library.Kind != "" && strings.EqualFold(kind, library.Kind) }))
}

// anyLevel reports whether one of the two levels of the link fulfils a condition.
func (u *Unlockable) anyLevel(is func(Level) bool) bool {
	return is(u.Everyday) || u.Unlocked != nil && is(*u.Unlocked)
}

// seen returns the libraries, out of those that the local user sees at the media server, that one of the two levels of
// the link leaves to see, by name.
func (u *Unlockable) seen(rows []libraryRow, sees *SeenLibraries) []Library {
	libraries := []Library{}
	for i := range rows {
		row := &rows[i]
		if row.ServerID == u.ServerID && row.GoneAt == nil && sees.has(row.ExternalID) && u.anyLevel(func(l Level) bool { return l.shows(row) }) {
			libraries = append(libraries, row.library())
		}
	}
	slices.SortFunc(libraries, func(a, b Library) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ExternalID, b.ExternalID))
	})
	return libraries
}
