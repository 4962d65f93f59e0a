package handlers

import (
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// historyPage is the data of templates/pages/history.html: what happened to the
// account, page by page.
type historyPage struct {
	Base
	Life   string      // how long events are kept, in the reader's language
	Events []eventView // the newest first
	Older  string      // the address of the page with older events; "" on the last page
	Later  bool        // this is not the first page
}

// eventView is one security event of the account.
type eventView struct {
	What    string // a sentence in the reader's language
	Address string // "" when unknown, or when the person did not do it
	Device  string // likewise
	At      time.Time
}

// eventsOnPage is the number of events on one page of the history.
const eventsOnPage = 30

// historyBefore is the parameter of the query with the cursor of the last event on the
// previous page. The page shows the events before it, which are older.
const historyBefore = "before"

// history answers GET /account/history.
func (s *site) history(c *gin.Context) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	list := []string{"history page", idText(session.AccountID)}
	asked := pageAsked{list: list, limit: eventsOnPage}
	cursor, given, err := parameter(c, historyBefore)
	if err != nil {
		return err
	}
	if given {
		var ok bool
		if asked.after, ok = s.readCursor(cursor, list); !ok {
			return models.ErrNotFound
		}
	}
	found, err := s.Store.History.Page(c.Request.Context(), session.AccountID, asked.afterID(), asked.more())
	if err != nil {
		return err
	}
	base := s.base(c, "history")
	page := historyPage{Base: base, Life: s.life(base.Locale, s.Lives.History), Later: given}
	if len(found) > asked.limit {
		found = found[:asked.limit]
		next := s.writeCursor(list, idText(found[len(found)-1].ID))
		page.Older = "/account/history?" + url.Values{historyBefore: {next}}.Encode()
	}
	for _, one := range found {
		page.Events = append(page.Events, viewEvent(base, one.Event))
	}
	return s.render(c, http.StatusOK, "history", page)
}

// viewEvent writes an event in the reader's language.
func viewEvent(base Base, event models.Event) eventView {
	return eventView{What: base.T("event." + string(event.Kind)), Address: event.Address, Device: event.Device, At: event.At}
}
