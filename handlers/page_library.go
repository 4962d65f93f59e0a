package handlers

import (
	"strconv"
	"strings"

	"github.com/latchkey-media/latchkey/models"
)

// libraryBox is the name of the box of a library.
func libraryBox(serverID int64, externalID string) string {
	return "library." + idText(serverID) + "." + externalID
}

// librariesIn are the libraries of a server whose boxes were ticked; nil, which
// leaves it to the server, for none.
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

// libraryChoices are the boxes of a server's libraries. prefix keeps their
// elements apart.
func libraryChoices(prefix string, serverID int64, all []models.Library, chosen func(models.Library) bool) []Choice {
	choices := make([]Choice, len(all))
	for i, one := range all {
		choices[i] = Choice{
			ID: prefix + "-" + strconv.Itoa(i), Name: libraryBox(serverID, one.ExternalID), Label: one.Name, Chosen: chosen(one),
		}
	}
	return choices
}

func namesOf(libraries []models.Library) []string {
	names := make([]string, len(libraries))
	for i, one := range libraries {
		names[i] = one.Name
	}
	return names
}
