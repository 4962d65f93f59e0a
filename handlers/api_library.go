package handlers

import (
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// libraryObject is a library of a server, with the id that the server uses.
type libraryObject struct {
	ID     string    `json:"id"`
	Name   string    `json:"name"`             // its last one, if it is gone
	GoneAt time.Time `json:"gone_at,omitzero"` // absent while the server has it
}

func libraryOf(l models.Library) libraryObject { return libraryObject{l.ExternalID, l.Name, l.GoneAt} }

// reportedLibrary is a library as an agent reports it.
type reportedLibrary struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (l reportedLibrary) read() models.Library { return models.Library{ExternalID: l.ID, Name: l.Name} }

// choiceOf returns a choice of libraries, or nil, which becomes null, if the
// server decides.
func choiceOf(libraries []models.Library) []libraryObject {
	if libraries == nil {
		return nil
	}
	return each(libraries, libraryOf)
}

// librariesMost is the number of libraries that a body may list.
const librariesMost = 1000

// chosenLibraries returns the libraries with these ids, which are the ids of
// the server. nil means that the server decides.
func chosenLibraries(ids []string) ([]models.Library, error) {
	if ids == nil {
		return nil, nil
	}
	if len(ids) > librariesMost {
		return nil, oneMistake("libraries", "libraries_invalid")
	}
	return each(ids, func(id string) models.Library { return models.Library{ExternalID: id} }), nil
}
