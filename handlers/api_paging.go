package handlers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"
)

// Lists that can grow are read page by page. A page begins after the last item of the page
// before, even if items were added or removed meanwhile: the cursor names that item. The
// cursor is signed, so that a program can neither make a cursor nor use the cursor of
// another list.

const (
	pageUsual   = 50
	pageMost    = 100
	cursorMAC   = 16   // bytes
	cursorMost  = 2000 // characters
	cursorParam = "cursor"
	limitParam  = "limit"
)

// pageAsked is the page of a list that a program asks for.
type pageAsked struct {
	list  []string // the name of the list, with the account or server that it belongs to
	after string   // the position of the last item of the page before; "" for the first page
	limit int
}

// afterID returns the position in a list whose positions are ids, or 0 for the
// first page.
func (p pageAsked) afterID() int64 {
	id, err := strconv.ParseInt(p.after, 10, 64)
	if err != nil {
		return 0
	}
	return id
}

// more returns the number of items to read: one more than a page has, to find out whether
// there is another page.
func (p pageAsked) more() int { return p.limit + 1 }

// pageAsked reads from the query which page of a list is asked for. The parameter list
// names the list by everything that distinguishes it: its path, its owner and its filters.
func (s *site) pageAsked(c *gin.Context, list ...string) (pageAsked, error) {
	asked := pageAsked{list: list, limit: pageUsual}
	limit, given, err := parameter(c, limitParam)
	if err != nil {
		return asked, err
	}
	if given {
		number, err := strconv.ParseUint(limit, 10, 16)
		if err != nil || number < 1 || number > pageMost {
			return asked, oneMistake(limitParam, "limit_invalid")
		}
		asked.limit = int(number)
	}
	cursor, given, err := parameter(c, cursorParam)
	if err != nil || !given {
		return asked, err
	}
	after, ok := s.readCursor(cursor, list)
	if !ok {
		return asked, oneMistake(cursorParam, "cursor_invalid")
	}
	asked.after = after
	return asked, nil
}

// parameter returns the value of a parameter of the query, and whether it was
// given. It returns an error for a parameter that appears twice or is not valid
// text.
func parameter(c *gin.Context, name string) (value string, given bool, err error) {
	values := c.Request.URL.Query()[name]
	switch {
	case len(values) == 0:
		return "", false, nil
	case len(values) > 1 || !isText(values[0]):
		return "", true, oneMistake(name, "parameter_invalid")
	default:
		return values[0], true, nil
	}
}

func (s *site) cursorMAC(list []string, after string) []byte {
	mac := hmac.New(sha256.New, s.CursorKey)
	mac.Write(fmt.Appendf(nil, "%q %q", list, after)) // quoted, so that two lists never have the same text
	return mac.Sum(nil)[:cursorMAC]
}

func (s *site) writeCursor(list []string, after string) string {
	return base64.RawURLEncoding.EncodeToString(append(s.cursorMAC(list, after), after...))
}

// readCursor returns the position in the cursor. It reports false unless the
// cursor was made here for that list.
func (s *site) readCursor(cursor string, list []string) (after string, ok bool) {
	if len(cursor) > cursorMost {
		return "", false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) <= cursorMAC {
		return "", false
	}
	after = string(raw[cursorMAC:])
	return after, hmac.Equal(raw[:cursorMAC], s.cursorMAC(list, after))
}

// pageObject is one page of a list that can grow.
type pageObject[T any] struct {
	Items []T     `json:"items"`
	Next  *string `json:"next"` // the cursor of the next page; null on the last one
}

// answerPage answers with a page of the items in found, of which there are at most
// asked.more(). The function show turns an item into its answer; place returns the position
// of an item in the list.
func answerPage[A, B any](c *gin.Context, s *site, asked pageAsked, found []A, show func(A) B, place func(A) string) error {
	var page pageObject[B]
	if len(found) > asked.limit {
		found = found[:asked.limit]
		next := s.writeCursor(asked.list, place(found[len(found)-1]))
		page.Next = &next
	}
	page.Items = each(found, show)
	return answerJSON(c, http.StatusOK, page)
}
