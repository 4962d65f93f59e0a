package handlers

import "github.com/latchkey-media/latchkey/models"

// libraryObject is a library of a server, by the server's own id of it.
type libraryObject struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func libraryOf(l models.Library) libraryObject { return libraryObject{l.ExternalID, l.Name} }

// choiceOf is a choice of libraries, nil for "as the server decides".
func choiceOf(libraries []models.Library) []libraryObject {
	if libraries == nil {
		return nil
	}
	return each(libraries, libraryOf)
}

// librariesMost is how many libraries a body may choose.
const librariesMost = 1000

// chosenLibraries is the choice of libraries that a body gives by the server's
// own ids, nil for "as the server decides".
func chosenLibraries(ids []string) ([]models.Library, error) {
	if ids == nil {
		return nil, nil
	}
	if len(ids) > librariesMost {
		return nil, oneMistake("libraries", "libraries_invalid")
	}
	return each(ids, func(id string) models.Library { return models.Library{ExternalID: id} }), nil
}
