package handlers

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// operation is something that an operator does to an account, a server or a mail, given its id. The parameter
// operatorID is the account of the operator.
type operation func(ctx context.Context, operatorID, id int64) error

// pickOperation chooses an operation of the Store.
type pickOperation func(store *models.Store) operation

// operating returns a handler that calls an operation.
func (s *site) operating(pick pickOperation) gin.HandlerFunc {
	return s.withOperatorSession(func(c *gin.Context, session models.Session) error {
		if err := noBody(c); err != nil {
			return err
		}
		id, err := idOf(c.Param("id"))
		if err != nil {
			return err
		}
		return done(c, pick(s.Store)(c.Request.Context(), session.AccountID, id))
	})
}

// overviewObject is the state of the whole service.
type overviewObject struct {
	Version             string      `json:"version"`
	Accounts            int         `json:"accounts"`
	AccountsUnconfirmed int         `json:"accounts_unconfirmed"`
	AccountsDisabled    int         `json:"accounts_disabled"`
	Operators           int         `json:"operators"`
	Servers             int         `json:"servers"`
	ServersAway         int         `json:"servers_away"`
	ServersUnclaimed    int         `json:"servers_unclaimed"`
	ServersDisabled     int         `json:"servers_disabled"`
	MailsWaiting        int         `json:"mails_waiting"`
	MailsDead           int         `json:"mails_dead"`
	Throttles           int         `json:"throttles"`
	Days                []dayObject `json:"days"`
}

// dayObject is one day of the charts.
type dayObject struct {
	Date    string `json:"date"` // 2026-11-21, in UTC
	SignUps int    `json:"sign_ups"`
	SignIns int    `json:"sign_ins"`
	Devices int    `json:"devices"`
	Mails   int    `json:"mails"`
}

// apiOverview answers GET /api/v1/operator/overview.
func (s *site) apiOverview(c *gin.Context) error {
	o, err := s.Store.Console.Overview(c.Request.Context())
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, overviewObject{
		Version: s.Version, Accounts: o.Accounts, AccountsUnconfirmed: o.AccountsUnconfirmed, AccountsDisabled: o.AccountsDisabled,
		Operators: o.Operators, Servers: o.Servers, ServersAway: o.ServersAway, ServersUnclaimed: o.ServersUnclaimed,
		ServersDisabled: o.ServersDisabled, MailsWaiting: o.MailsWaiting, MailsDead: o.MailsDead, Throttles: o.Throttles,
		Days: each(o.Days, func(d models.Day) dayObject {
			return dayObject{Date: d.Date.Format(time.DateOnly), SignUps: d.SignUps, SignIns: d.SignIns, Devices: d.Devices, Mails: d.Mails}
		}),
	})
}
