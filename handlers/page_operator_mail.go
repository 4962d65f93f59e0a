package handlers

import (
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// operatorMailsPage is the data of templates/pages/operator_mails.html.
type operatorMailsPage struct {
	operatorPage
	State   string // what the list is filtered by; "" for all
	Filters []serverPart
	Mails   []queuedMailView
	Turns   turnsView
}

// queuedMailView is a mail in the queue.
type queuedMailView struct {
	Href, Kind    string
	To            string // "" for the address of an account
	Account       string // the address of the page of the account; "" for none
	Dead, Sending bool
	Attempts      int
	OwedAt        time.Time
	NextAt        time.Time // zero for a mail that is given up or being sent
	Reason        string    // why it was not sent yet; "" if nobody has tried
}

// operatorMailPage is the data of templates/pages/operator_mail.html.
type operatorMailPage struct {
	operatorPage
	Of            queuedMailView
	Nobody        bool   // nobody would get the mail any longer
	Subject, Text string // of the mail, without its secrets; "" if it cannot be written
}

const operatorMailsOnPage = 20

func operatedMailPath(id string) string { return operatorPath + "/mails/" + id }

// mailStates returns the states by which operators filter mails.
func mailStates() []string { return []string{"", models.MailsWaiting, models.MailsDead} }

// operatorMails answers GET /admin/mails.
func (s *site) operatorMails(c *gin.Context) error {
	if _, err := s.operatorSession(c); err != nil {
		return err
	}
	ask := models.MailsAsk{State: queryValue(c, "state")}
	if !slices.Contains(mailStates(), ask.State) {
		return models.ErrNotFound
	}
	asked, err := s.pageTurned(c, operatorMailsOnPage, "mails of operators", ask.State)
	if err != nil {
		return err
	}
	ask.After, ask.Most = asked.afterID(), asked.more()
	found, err := s.Store.OperatedMails.List(c.Request.Context(), ask)
	if err != nil {
		return err
	}
	page := operatorMailsPage{operatorPage: s.operatorBase(c, "operator_mails", "mails", mistakes{status: http.StatusOK}), State: ask.State}
	page.Filters = operatorFilters("mails", ask.State, nil, mailStates(),
		[]string{page.T("operator.filter.all"), page.T("operator.filter.waiting"), page.T("operator.filter.dead")})
	next := ""
	if len(found) > asked.limit {
		found = found[:asked.limit]
		next = s.writeCursor(asked.list, idText(found[len(found)-1].ID))
	}
	page.Turns = operatorTurns(page.Base, "mails", map[string]string{"state": ask.State}, asked, next)
	page.Mails = each(found, newQueuedMailView)
	return s.render(c, http.StatusOK, "operator_mails", page)
}

func newQueuedMailView(one models.QueuedMail) queuedMailView {
	view := queuedMailView{
		Href: operatedMailPath(idText(one.ID)), Kind: string(one.Kind), To: one.To, Dead: one.Dead, Sending: one.Sending, Attempts: one.Attempts,
		OwedAt: one.OwedAt, Reason: one.LastError,
	}
	if one.AccountID != 0 {
		view.Account = operatedAccountPath(idText(one.AccountID))
	}
	if !one.Dead && !one.Sending {
		view.NextAt = one.DueAt
	}
	return view
}

// operatorMail answers GET /admin/mails/ID.
func (s *site) operatorMail(c *gin.Context) error { return s.showOperatorMail(c, nil) }

func (s *site) showOperatorMail(c *gin.Context, cause error) error {
	_, id, wrong, err := s.operatorRecord(c, cause)
	if err != nil {
		return err
	}
	queued, letter, err := s.Store.OperatedMails.Look(c.Request.Context(), id)
	if err != nil {
		return err
	}
	page := operatorMailPage{operatorPage: s.operatorBase(c, "operator_mail", "mails", wrong), Of: newQueuedMailView(queued)}
	page.Nobody = letter.Kind == ""
	if page.Of.To == "" {
		page.Of.To = letter.To
	}
	page.Subject, page.Text = s.mailText(letter)
	return s.render(c, wrong.status, "operator_mail", page)
}

// operatorMailActs returns the acts on mails, by the end of their addresses.
func operatorMailActs() map[string]operatorAct {
	return map[string]operatorAct{
		"retry": {pick: func(store *models.Store) operation { return store.OperatedMails.Retry }},
		"drop":  {dangerous: true, pick: func(store *models.Store) operation { return store.OperatedMails.Drop }, leads: operatorPath + "/mails"},
	}
}
