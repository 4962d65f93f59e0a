package handlers

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// operatorAccountsPage is the data of templates/pages/operator_accounts.html.
type operatorAccountsPage struct {
	operatorPage
	Prefix, State string // what the list is filtered by; "" for all
	Filters       []serverPart
	Accounts      []operatedAccountView
	Turns         turnsView
}

// operatedAccountView is an account as operators see it.
type operatedAccountView struct {
	models.Account
	Href                        string
	Face                        face
	Unconfirmed, Disabled, Self bool
}

// operatorAccountPage is the data of templates/pages/operator_account.html.
type operatorAccountPage struct {
	operatorPage
	Of        operatedAccountView
	Family    string // the address of the page of the family
	Throttles []throttledView
	List      operatorActList
}

const operatorAccountsOnPage = 20

func operatedAccountPath(id string) string { return operatorPath + "/accounts/" + id }

// operatorAccounts answers GET /admin/accounts.
func (s *site) operatorAccounts(c *gin.Context) error {
	session, err := s.operatorSession(c)
	if err != nil {
		return err
	}
	ask := models.AccountsAsk{Prefix: queryValue(c, "name"), State: queryValue(c, "state")}
	if ask.State != "" && !slices.Contains(models.AccountStates(), ask.State) {
		return models.ErrNotFound
	}
	asked, err := s.pageTurned(c, operatorAccountsOnPage, "accounts of operators", ask.Prefix, ask.State)
	if err != nil {
		return err
	}
	ask.After, ask.Most = asked.after, asked.more()
	found, err := s.Store.OperatedAccounts.List(c.Request.Context(), ask)
	if err != nil {
		return err
	}
	page := operatorAccountsPage{
		operatorPage: s.operatorBase(c, "operator_accounts", "accounts", mistakes{status: http.StatusOK}), Prefix: ask.Prefix, State: ask.State,
	}
	page.Filters = page.accountFilters(ask)
	next := ""
	if len(found) > asked.limit {
		found = found[:asked.limit]
		next = s.writeCursor(asked.list, found[len(found)-1].Username)
	}
	page.Turns = operatorTurns(page.Base, "accounts", map[string]string{"name": ask.Prefix, "state": ask.State}, asked, next)
	for _, one := range found {
		page.Accounts = append(page.Accounts, newOperatedAccountView(session, one))
	}
	return s.render(c, http.StatusOK, "operator_accounts", page)
}

// accountFilters returns the links to the list of accounts with each of its states.
func (b Base) accountFilters(ask models.AccountsAsk) []serverPart {
	texts := []string{
		b.T("operator.filter.all"), b.T("operator.filter.active"), b.T("operator.filter.unconfirmed"), b.T("operator.filter.disabled"),
		b.T("operator.filter.operators"),
	}
	return operatorFilters("accounts", ask.State, map[string]string{"name": ask.Prefix}, append([]string{""}, models.AccountStates()...), texts)
}

func newOperatedAccountView(session models.Session, one models.Account) operatedAccountView {
	return operatedAccountView{
		Account: one, Href: operatedAccountPath(idText(one.ID)), Face: faceOf(one.DisplayName, one.ID, pictureAddress(one.Picture)),
		Unconfirmed: one.ConfirmedAt.IsZero(), Disabled: !one.DisabledAt.IsZero(), Self: one.ID == session.AccountID,
	}
}

// operatorAccount answers GET /admin/accounts/ID.
func (s *site) operatorAccount(c *gin.Context) error { return s.showOperatorAccount(c, nil) }

func (s *site) showOperatorAccount(c *gin.Context, cause error) error {
	session, id, wrong, err := s.operatorRecord(c, cause)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	account, err := s.Store.Accounts.Get(ctx, id)
	if err != nil {
		return err
	}
	throttles, err := s.Store.OperatedAccounts.Throttles(ctx, id)
	if err != nil {
		return err
	}
	const actsShown = 10
	acts, err := s.Store.Console.Acts(ctx, models.ActsAsk{AccountID: id, Most: actsShown})
	if err != nil {
		return err
	}
	page := operatorAccountPage{
		operatorPage: s.operatorBase(c, "operator_account", "accounts", wrong), Of: newOperatedAccountView(session, account), Family: operatedFamilyPath(idText(id)),
	}
	page.Throttles = page.throttledViews(throttles)
	page.List = page.actList(acts)
	return s.render(c, wrong.status, "operator_account", page)
}

// operatorAct is something that an operator does by a form of a page.
type operatorAct struct {
	dangerous bool // it needs a recently given password
	pick      pickOperation
	leads     string // the page to which it leads, or "" for the page of the thing itself
}

// operate returns the handler for the form of an act. The function show shows the page again with what is wrong, and
// page returns the page of the thing with an id.
func (s *site) operate(act operatorAct, show func(*gin.Context, error) error, page func(id string) string) formFunc {
	return func(c *gin.Context, _ form) error {
		ask := s.operatorSession
		if act.dangerous {
			ask = s.operatorSessionRecently
		}
		session, err := ask(c)
		if err != nil {
			return err
		}
		id, err := idOf(c.Param("id"))
		if err != nil {
			return err
		}
		if err := act.pick(s.Store)(c.Request.Context(), session.AccountID, id); err != nil {
			return show(c, err)
		}
		to := act.leads
		if to == "" {
			to = page(idText(id))
		}
		return s.leave(c, to, noticeOperatorDone)
	}
}

// operatorAccountActs returns the acts on accounts, by the end of their addresses.
func operatorAccountActs() map[string]operatorAct {
	return map[string]operatorAct{
		"confirm":      {dangerous: true, pick: func(store *models.Store) operation { return store.OperatedAccounts.Confirm }},
		"disable":      {dangerous: true, pick: func(store *models.Store) operation { return store.OperatedAccounts.Disable }},
		"enable":       {pick: func(store *models.Store) operation { return store.OperatedAccounts.Enable }},
		"unlock":       {dangerous: true, pick: func(store *models.Store) operation { return store.OperatedAccounts.Unlock }},
		"send-reset":   {pick: func(store *models.Store) operation { return store.OperatedAccounts.SendReset }},
		"end-sessions": {dangerous: true, pick: func(store *models.Store) operation { return store.OperatedAccounts.EndSessions }},
		"operator":     {dangerous: true, pick: turnOperator(true)},
		"operator-end": {dangerous: true, pick: turnOperator(false)},
		"delete":       {dangerous: true, leads: operatorPath + "/accounts", pick: func(store *models.Store) operation { return store.OperatedAccounts.Delete }},
	}
}
