package handlers

import (
	"cmp"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// historyPage is the data of templates/pages/history.html: what happened to the
// account, page by page.
type historyPage struct {
	Base
	Turns
	Life   string      // how long events are kept, in the reader's language
	Events []eventView // the newest first
}

// eventView is one security event of the account.
type eventView struct {
	What    string // a sentence in the reader's language
	Address string // "" when unknown, or when the person did not do it
	Device  string // "" in the same cases
	At      time.Time
}

// eventsOnPage is the number of events on one page of the history.
const eventsOnPage = 30

// history answers GET /account/history.
func (s *site) history(c *gin.Context) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	asked, err := s.pageTurned(c, eventsOnPage, "history page", idText(session.AccountID))
	if err != nil {
		return err
	}
	found, err := s.Store.History.Page(c.Request.Context(), session.AccountID, asked.afterID(), asked.more())
	if err != nil {
		return err
	}
	base := s.base(c, "history")
	page := historyPage{Base: base, Life: s.life(base.Locale, s.Lives.History)}
	var next string
	if len(found) > asked.limit {
		found = found[:asked.limit]
		next = s.writeCursor(asked.list, idText(found[len(found)-1].ID))
	}
	page.Turns = turnsOf("/account/history", asked, next)
	for _, one := range found {
		page.Events = append(page.Events, viewEvent(base, one.Event))
	}
	return s.render(c, http.StatusOK, "history", page)
}

// viewEvent returns an event in the reader's language.
func viewEvent(base Base, event models.Event) eventView {
	what := base.T("event." + string(event.Kind))
	if event.Subject != "" && event.Kind.HasSubject() {
		subject := event.Subject
		if event.Kind == models.EventSessionEnded {
			subject = base.device(subject)
		}
		what = base.T("event."+string(event.Kind)+".of", "Subject", subject)
	}
	if event.ByGuardian && event.Kind.ByGuardian() {
		what = base.T("event."+string(event.Kind)+".by", "Name", cmp.Or(event.By, base.T("event.guardian")), "Subject", base.device(event.Subject))
	}
	view := eventView{What: what, Address: event.Address, At: event.At}
	if event.Device != "" {
		view.Device = base.device(event.Device)
	}
	return view
}
