package client

import (
	"context"
	"net/http"
	"net/url"
)

// Operators has the operations for the people who run the service. Everybody else
// gets [ErrOperatorsOnly]. Operations that change something may return
// [ErrConfirmPassword].
type Operators struct{ core *core }

// Overview says how the service is doing.
type Overview struct {
	Version             string        `json:"version"` // of the program
	Accounts            int           `json:"accounts"`
	AccountsUnconfirmed int           `json:"accounts_unconfirmed"`
	AccountsDisabled    int           `json:"accounts_disabled"`
	Operators           int           `json:"operators"`
	Servers             int           `json:"servers"`
	ServersAway         int           `json:"servers_away"` // their agent is silent
	ServersUnclaimed    int           `json:"servers_unclaimed"`
	ServersDisabled     int           `json:"servers_disabled"`
	MailsWaiting        int           `json:"mails_waiting"`
	MailsDead           int           `json:"mails_dead"` // given up
	Throttles           int           `json:"throttles"`  // counters that refuse tries now
	Days                []OverviewDay `json:"days"`       // the last 30 days, the oldest first
}

func (o *Overview) whole() bool { return o.Days != nil }

// OverviewDay is one day of an [Overview], in UTC.
type OverviewDay struct {
	Date    string `json:"date"` // 2026-11-21
	SignUps int    `json:"sign_ups"`
	SignIns int    `json:"sign_ins"`
	Devices int    `json:"devices"` // that were let in
	Mails   int    `json:"mails"`   // that were sent
}

// Overview returns how the service is doing.
func (o *Operators) Overview(ctx context.Context) (Overview, error) {
	var out Overview
	err := o.core.fetch(ctx, call{method: http.MethodGet, path: "/api/v1/operator/overview", want: http.StatusOK, again: always}, &out)
	return out, err
}

// ofState returns the query of a list whose items have a state; "" asks for all of them.
func ofState(state string) url.Values {
	if state == "" {
		return nil
	}
	return url.Values{"state": {state}}
}

func (o *Operators) act(ctx context.Context, method, path string, id ID) error {
	k := call{method: method, path: path, values: []string{string(id)}, want: http.StatusNoContent}
	if method == http.MethodDelete {
		k.again = untilGone
	}
	return o.core.done(ctx, k)
}
