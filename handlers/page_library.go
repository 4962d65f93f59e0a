package handlers

import (
	"strconv"
	"strings"

	"github.com/latchkey-media/latchkey/models"
)

// libraryBox returns the name of the checkbox of a library.
func libraryBox(serverID int64, externalID string) string {
	return "library." + idText(serverID) + "." + externalID
}

// librariesIn returns the libraries of a server whose boxes are ticked. It
// returns nil, which leaves the choice to the server, if none is.
func librariesIn(f form, serverID int64) []models.Library {
	var chosen []models.Library
	prefix := libraryBox(serverID, "")
	for name, value := range f {
		if id, ok := strings.CutPrefix(name, prefix); ok && value != "" {
			chosen = append(chosen, models.Library{ExternalID: id})
		}
	}
	return chosen
}

// libraryChoices returns the checkboxes of the libraries of a server. The ids
// of the elements begin with prefix, so that no two are the same on a page.
func (b Base) libraryChoices(prefix string, serverID int64, all []models.Library, chosen func(models.Library) bool) []Choice {
	choices := make([]Choice, len(all))
	for i, one := range all {
		choices[i] = Choice{
			ID: prefix + "-" + strconv.Itoa(i), Name: libraryBox(serverID, one.ExternalID), Label: b.libraryName(one), Chosen: chosen(one),
		}
	}
	return choices
}

// libraryName returns the name of a library for people. If the library is gone, the name
// says so, and since when.
func (b Base) libraryName(l models.Library) string {
	if l.GoneAt.IsZero() {
		return l.Name
	}
	return b.T("library.gone", "Name", l.Name, "Date", b.Date(l.GoneAt))
}

func (b Base) libraryNames(libraries []models.Library) []string {
	return each(libraries, b.libraryName)
}

// isGone reports whether the server no longer has a library.
func isGone(l models.Library) bool { return !l.GoneAt.IsZero() }
