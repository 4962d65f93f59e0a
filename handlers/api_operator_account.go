package handlers

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// operatedAccount is an account as operators see it.
type operatedAccount struct {
	ID                string     `json:"id"`
	Username          string     `json:"username"`
	DisplayName       string     `json:"display_name"`
	Email             string     `json:"email"` // "" for people without an address
	Language          string     `json:"language"`
	Operator          bool       `json:"operator"`
	HasPIN            bool       `json:"has_pin"`
	PINOff            bool       `json:"pin_off"`
	PasswordChangedAt time.Time  `json:"password_changed_at"`
	CreatedAt         time.Time  `json:"created_at"`
	ConfirmedAt       *time.Time `json:"confirmed_at"`
	DisabledAt        *time.Time `json:"disabled_at"`
}

func operatedAccountOf(a models.Account) operatedAccount {
	return operatedAccount{
		ID: idText(a.ID), Username: a.Username, DisplayName: a.DisplayName, Email: a.Email, Language: a.Locale,
		Operator: a.Operator, HasPIN: a.HasPIN, PINOff: a.PINOff, PasswordChangedAt: a.PasswordChangedAt.UTC(),
		CreatedAt: a.CreatedAt.UTC(), ConfirmedAt: moment(a.ConfirmedAt), DisabledAt: moment(a.DisabledAt),
	}
}

// stateAsked reads the parameter state of a list that operators ask for. The state is "" or one of
// states.
func stateAsked(c *gin.Context, states []string) (string, error) {
	state, given, err := parameter(c, "state")
	if err == nil && given && !slices.Contains(states, state) {
		err = oneMistake("state", "parameter_invalid")
	}
	return state, err
}

// apiOperatedAccounts answers GET /api/v1/operator/accounts, in the order of usernames.
// With the parameter prefix it lists the accounts whose username or address begins with the
// prefix, and with state those in one state.
func (s *site) apiOperatedAccounts(c *gin.Context) error {
	prefix, _, err := parameter(c, "prefix")
	if err != nil {
		return err
	}
	state, err := stateAsked(c, models.AccountStates())
	if err != nil {
		return err
	}
	asked, err := s.pageAsked(c, "accounts", prefix, state)
	if err != nil {
		return err
	}
	found, err := s.Store.OperatedAccounts.List(c.Request.Context(), models.AccountsAsk{Prefix: prefix, State: state, After: asked.after, Most: asked.more()})
	if err != nil {
		return err
	}
	return answerPage(c, s, asked, found, operatedAccountOf, func(a models.Account) string { return a.Username })
}

// apiOperatedAccount answers GET /api/v1/operator/accounts/{id}.
func (s *site) apiOperatedAccount(c *gin.Context) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	account, err := s.Store.Accounts.Get(c.Request.Context(), id)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, operatedAccountOf(account))
}

// apiAccountThrottles answers GET /api/v1/operator/accounts/{id}/throttles.
func (s *site) apiAccountThrottles(c *gin.Context) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	found, err := s.Store.OperatedAccounts.Throttles(c.Request.Context(), id)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, throttlesObject{each(found, throttledOf)})
}

// apiOperatorAccountRoutes registers the operations of operators on accounts.
func (s *site) apiOperatorAccountRoutes(r *gin.Engine, accounts string) {
	s.get(r, accounts, nil, s.withOperator(s.apiOperatedAccounts))
	s.get(r, accounts+"/:id", nil, s.withOperator(s.apiOperatedAccount))
	s.get(r, accounts+"/:id/throttles", nil, s.withOperator(s.apiAccountThrottles))
	r.POST(accounts+"/:id/confirm", s.operating(func(store *models.Store) operation { return store.OperatedAccounts.Confirm }))
	r.POST(accounts+"/:id/disable", s.operating(func(store *models.Store) operation { return store.OperatedAccounts.Disable }))
	r.POST(accounts+"/:id/enable", s.operating(func(store *models.Store) operation { return store.OperatedAccounts.Enable }))
	r.POST(accounts+"/:id/unlock", s.operating(func(store *models.Store) operation { return store.OperatedAccounts.Unlock }))
	r.POST(accounts+"/:id/send-reset", s.operating(func(store *models.Store) operation { return store.OperatedAccounts.SendReset }))
	r.POST(accounts+"/:id/end-sessions", s.operating(func(store *models.Store) operation { return store.OperatedAccounts.EndSessions }))
	r.PUT(accounts+"/:id/operator", s.operating(turnOperator(true)))
	r.DELETE(accounts+"/:id/operator", s.operating(turnOperator(false)))
	r.DELETE(accounts+"/:id", s.operating(func(store *models.Store) operation { return store.OperatedAccounts.Delete }))
}

// turnOperator returns a function that picks the operation to make an account an operator, or to
// end that if on is false.
func turnOperator(on bool) pickOperation {
	return func(store *models.Store) operation {
		return func(ctx context.Context, operatorID, id int64) error {
			return store.OperatedAccounts.SetOperator(ctx, operatorID, id, on)
		}
	}
}
