package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// libraryObject is a library of a server, with the id that the server uses.
type libraryObject struct {
	ID     string    `json:"id"`
	Name   string    `json:"name"`             // the last name, if the library is gone
	GoneAt time.Time `json:"gone_at,omitzero"` // absent while the server has it
}

func libraryOf(l models.Library) libraryObject { return libraryObject{l.ExternalID, l.Name, l.GoneAt} }

// reportedLibrary is a library as an agent reports it.
type reportedLibrary struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Kind string `json:"kind"`
}

func (l reportedLibrary) read() models.Library {
	return models.Library{ExternalID: l.ID, Name: l.Name, Kind: l.Kind}
}

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

// goneLibraryObject is a library that a server no longer has, and that links or invites
// name.
type goneLibraryObject struct {
	libraryObject
	Likely []libraryObject `json:"likely"` // libraries that may be the same one, the likeliest first
}

// apiGoneLibraries answers GET /api/v1/servers/{id}/libraries/gone.
func (s *site) apiGoneLibraries(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	found, err := s.Store.Servers.GoneLibraries(c.Request.Context(), session.AccountID, id)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, struct {
		Libraries []goneLibraryObject `json:"libraries"`
	}{each(found, func(l models.GoneLibrary) goneLibraryObject {
		return goneLibraryObject{libraryOf(l.Library), each(l.Likely, libraryOf)}
	})})
}

// apiReplaceLibrary answers POST /api/v1/servers/{id}/libraries/replace.
func (s *site) apiReplaceLibrary(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	in, err := readJSON[struct {
		Gone string `json:"gone"`
		By   string `json:"by"`
	}](c)
	if err != nil {
		return err
	}
	if err := needed("gone", in.Gone); err != nil {
		return err
	}
	if err := needed("by", in.By); err != nil {
		return err
	}
	return done(c, s.Store.Servers.ReplaceLibrary(c.Request.Context(), session.AccountID, id, in.Gone, in.By, caller(c)))
}
