package handlers

import (
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// libraryBox returns the name of the checkbox of a library.
func libraryBox(serverID int64, externalID string) string {
	return "library." + idText(serverID) + "." + externalID
}

// librariesIn returns the libraries of a server whose boxes are ticked. If no box is ticked
// it returns nil, which leaves the choice to the server.
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
// also says since when.
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

// goneLibraryView is a library that the server no longer has, and that may have another name
// now.
type goneLibraryView struct {
	ID, Name string // ID is the id at the media server
	Likely   []likelyLibraryView
}

// likelyLibraryView is a library that may be the same as a library that is gone.
type likelyLibraryView struct{ ID, Name string }

// goneLibraries returns the libraries that are gone and that have a likely new name. The page of
// a person names the other libraries that are gone.
func (s *site) goneLibraries(c *gin.Context, own owned, b Base) ([]goneLibraryView, error) {
	gone, err := s.Store.Servers.GoneLibraries(c.Request.Context(), own.session.AccountID, own.serverID)
	if err != nil {
		return nil, err
	}
	var views []goneLibraryView
	for _, one := range gone {
		if len(one.Likely) > 0 {
			views = append(views, goneLibraryView{
				one.ExternalID, b.libraryName(one.Library),
				each(one.Likely, func(l models.Library) likelyLibraryView { return likelyLibraryView{l.ExternalID, l.Name} }),
			})
		}
	}
	return views, nil
}

// replaceLibrary answers POST /servers/ID/libraries/replace, which the owner sends to
// confirm that a library has another name now.
func (s *site) replaceLibrary(c *gin.Context, f form) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	if err := s.Store.Servers.ReplaceLibrary(c.Request.Context(), own.session.AccountID, own.serverID, f["gone"], f["by"], caller(c)); err != nil {
		return s.showServerOwner(c, own, err)
	}
	return s.leave(c, own.to, noticeLibraryReplaced)
}
