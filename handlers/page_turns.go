package handlers

import (
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// Turns are the addresses of the first page and the next page of a long list.
// partials/turns.html draws them as links.
type Turns struct {
	First string // "" on the first page
	Next  string // "" on the last page
}

// turnBefore is the parameter of the query, and the field of forms, with the cursor of the
// page before.
const turnBefore = "before"

// pageTurned reads from the query which page of a list a person wants to see, with limit
// items on a page. The parameter list names the list, as in [site.pageAsked].
func (s *site) pageTurned(c *gin.Context, limit int, list ...string) (pageAsked, error) {
	cursor, given, err := parameter(c, turnBefore)
	switch {
	case err != nil:
		return pageAsked{}, err
	case given && cursor == "":
		return pageAsked{}, models.ErrNotFound
	default:
		return s.turned(cursor, limit, list...)
	}
}

// turned returns the page that a cursor names, or the first page for "". It returns
// [models.ErrNotFound] for a cursor that was not made here for this list.
func (s *site) turned(cursor string, limit int, list ...string) (pageAsked, error) {
	asked := pageAsked{list: list, limit: limit}
	if cursor == "" {
		return asked, nil
	}
	var ok bool
	if asked.after, ok = s.readCursor(cursor, list); !ok {
		return asked, models.ErrNotFound
	}
	return asked, nil
}

// turnTo returns the address of one page of the list at path. The cursor says which page; ""
// means the first.
func turnTo(path, cursor string) string {
	if cursor == "" {
		return path
	}
	return path + "?" + url.Values{turnBefore: {cursor}}.Encode()
}

// turnsOf returns the links for a page of the list at path. The parameter asked is this
// page, and next is the cursor of the next page, or "".
func turnsOf(path string, asked pageAsked, next string) Turns {
	var turns Turns
	if asked.after != "" {
		turns.First = path
	}
	if next != "" {
		turns.Next = turnTo(path, next)
	}
	return turns
}
