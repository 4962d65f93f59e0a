package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// operatorActsPage is the data of templates/pages/operator_acts.html.
type operatorActsPage struct {
	operatorPage
	List  operatorActList
	Turns turnsView
}

// operatorActList is a list of acts, for partials/operator_acts.html.
type operatorActList struct {
	Base
	Acts []operatorActView
}

// operatorActView is something that an operator did.
type operatorActView struct {
	What    string // in words
	Who     string // in words
	About   string // the account, the server or the kind of mail; "" for nothing
	Account string // the address of the page of the account; "" for none
	At      time.Time
}

const operatorActsOnPage = 25

// operatorActs answers GET /admin/history.
func (s *site) operatorActs(c *gin.Context) error {
	if _, err := s.operatorSession(c); err != nil {
		return err
	}
	asked, err := s.pageTurned(c, operatorActsOnPage, "acts of operators")
	if err != nil {
		return err
	}
	found, err := s.Store.Console.Acts(c.Request.Context(), models.ActsAsk{Before: asked.afterID(), Most: asked.more()})
	if err != nil {
		return err
	}
	page := operatorActsPage{operatorPage: s.operatorBase(c, "operator_acts", "history", mistakes{status: http.StatusOK})}
	next := ""
	if len(found) > asked.limit {
		found = found[:asked.limit]
		next = s.writeCursor(asked.list, idText(found[len(found)-1].ID))
	}
	page.Turns = operatorTurns(page.Base, "history", nil, asked, next)
	page.List = page.actList(found)
	return s.render(c, http.StatusOK, "operator_acts", page)
}

// actList returns acts in the reader's language.
func (b Base) actList(found []models.Act) operatorActList {
	list := operatorActList{Base: b}
	for _, one := range found {
		view := operatorActView{What: b.T("operator.act." + string(one.Kind)), Who: one.Actor, About: one.Subject, At: one.At}
		switch one.ActorID {
		case models.CommandLine:
			view.Who = b.T("operator.command_line")
		case models.GoneAccount:
			view.Who = b.T("operator.gone")
		}
		switch {
		case one.AccountID == models.GoneAccount:
			view.About = b.T("operator.gone")
		case one.ServerID != 0:
		case one.Account != "":
			view.About, view.Account = one.Account, operatedAccountPath(idText(one.AccountID))
		}
		list.Acts = append(list.Acts, view)
	}
	return list
}
