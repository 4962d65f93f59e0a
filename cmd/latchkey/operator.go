package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// operatorCommands show what the pages of operators show.
type operatorCommands struct {
	Overview  operatorOverview  `cmd:"" help:"Print how the service is doing: accounts, servers, mails, limits in force, and the last 30 days."`
	History   operatorHistory   `cmd:"" help:"List what operators did, the newest first."`
	Families  operatorFamilies  `cmd:"" help:"List families, and show who belongs to one."`
	Invites   operatorInvites   `cmd:"" help:"List, make and withdraw invites to sign up."`
	Messages  operatorMessages  `cmd:"" help:"List, make and withdraw messages to everybody."`
	Throttles operatorThrottles `cmd:"" help:"List the limits that stop a person or an address now."`
	Settings  operatorSettings  `cmd:"" help:"List the settings in force, with where each comes from and whether it can be set here."`
	Set       operatorSet       `cmd:"" help:"Set a setting that no flag, environment or file has."`
	Unset     operatorUnset     `cmd:"" help:"Put a setting back to its default."`
	Webhooks  webhookCommands   `cmd:"" help:"See and change the webhooks of the operators."`
	Lift      operatorLift      `cmd:"" help:"Lift the limits that stop a person or an address."`
}

// asJSON is a flag of commands that can print their result for a program.
type asJSON struct {
	JSON bool `name:"json" help:"Print JSON, for a program."`
}

// printJSON writes a result for a program.
func (p *program) printJSON(result any) error {
	encoder := json.NewEncoder(p.output)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(result)
}

// momentOf returns a time for JSON, or nil for the zero time.
func momentOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// listing collects the rows of a table, and prints them as a table or as JSON.
type listing[T any] struct {
	heads string
	line  func(row T) string
	rows  []T
}

// print writes the rows.
func (l *listing[T]) print(p *program, as asJSON) error {
	if as.JSON {
		return p.printJSON(append([]T{}, l.rows...)) // [] and not null without a row
	}
	table := tabwriter.NewWriter(p.output, 0, 0, 2, ' ', 0)
	if _, err := fmt.Fprintln(table, l.heads); err != nil {
		return err
	}
	for _, row := range l.rows {
		if _, err := fmt.Fprintln(table, l.line(row)); err != nil {
			return err
		}
	}
	return table.Flush()
}

type operatorOverview struct{ asJSON }

// overviewLine is the overview for a program.
type overviewLine struct {
	Version             string    `json:"version"`
	Accounts            int       `json:"accounts"`
	AccountsUnconfirmed int       `json:"accounts_unconfirmed"`
	AccountsDisabled    int       `json:"accounts_disabled"`
	Operators           int       `json:"operators"`
	Servers             int       `json:"servers"`
	ServersAway         int       `json:"servers_away"`
	ServersUnclaimed    int       `json:"servers_unclaimed"`
	ServersDisabled     int       `json:"servers_disabled"`
	MailsWaiting        int       `json:"mails_waiting"`
	MailsDead           int       `json:"mails_dead"`
	Throttles           int       `json:"throttles"`
	Days                []dayLine `json:"days"`
}

// dayLine is one of the last 30 days.
type dayLine struct {
	Date    string `json:"date"`
	SignUps int    `json:"sign_ups"`
	SignIns int    `json:"sign_ins"`
	Devices int    `json:"devices"`
	Mails   int    `json:"mails"`
}

// Run prints the overview.
func (c operatorOverview) Run(p *program) error {
	return p.withStore(func(store *models.Store) error {
		o, err := store.Console.Overview(p.ctx)
		if err != nil {
			return explain(err)
		}
		days := &listing[dayLine]{heads: "DAY\tSIGN-UPS\tSIGN-INS\tDEVICES\tMAILS", line: func(d dayLine) string {
			return fmt.Sprintf("%s\t%d\t%d\t%d\t%d", d.Date, d.SignUps, d.SignIns, d.Devices, d.Mails)
		}}
		for _, d := range o.Days {
			days.rows = append(days.rows, dayLine{d.Date.Format(time.DateOnly), d.SignUps, d.SignIns, d.Devices, d.Mails})
		}
		if c.JSON {
			return p.printJSON(overviewLine{
				version, o.Accounts, o.AccountsUnconfirmed, o.AccountsDisabled, o.Operators, o.Servers, o.ServersAway, o.ServersUnclaimed, o.ServersDisabled,
				o.MailsWaiting, o.MailsDead, o.Throttles, days.rows,
			})
		}
		_, err = fmt.Fprintf(p.output, "accounts: %d (%d not confirmed, %d disabled, %d operators)\nservers: %d (%d away, %d unclaimed, %d disabled)\n"+
			"mails: %d wait, %d given up\nlimits in force: %d\n\n", o.Accounts, o.AccountsUnconfirmed, o.AccountsDisabled, o.Operators,
			o.Servers, o.ServersAway, o.ServersUnclaimed, o.ServersDisabled, o.MailsWaiting, o.MailsDead, o.Throttles)
		if err != nil {
			return err
		}
		return days.print(p, c.asJSON)
	})
}

type operatorHistory struct {
	asJSON
	Most int `name:"most" default:"100" help:"How many at most."`
}

// actLine is something that an operator did, for a program.
type actLine struct {
	ID       string    `json:"id"`
	Kind     string    `json:"kind"`
	By       string    `json:"by"`       // "" for the command line and for an account that is gone
	Username string    `json:"username"` // whom it concerns; "" for nobody and for an account that is gone
	Subject  string    `json:"subject"`
	At       time.Time `json:"at"`
}

// Run lists what operators did.
func (c operatorHistory) Run(p *program) error {
	return p.withStore(func(store *models.Store) error {
		acts, err := store.Console.Acts(p.ctx, models.ActsAsk{Most: c.Most})
		if err != nil {
			return explain(err)
		}
		list := &listing[actLine]{heads: "WHEN\tWHAT\tBY\tACCOUNT\tABOUT", line: func(a actLine) string {
			return fmt.Sprintf("%s\t%s\t%s\t%s\t%s", inUTC(a.At), a.Kind, orDash(a.By), orDash(a.Username), orDash(a.Subject))
		}}
		for _, a := range acts {
			list.rows = append(list.rows, actLine{models.FormatID(a.ID), string(a.Kind), a.Actor, a.Account, a.Subject, a.At})
		}
		return list.print(p, c.asJSON)
	})
}

// throttleSubject is the argument of commands about the limits that stop somebody.
type throttleSubject struct {
	Subject string `arg:"" help:"Username, email address or IP address."`
}

type operatorThrottles struct {
	throttleSubject
	asJSON
}

// throttledLine is a counter that refuses tries now, for a program.
type throttledLine struct {
	What  string    `json:"what"`
	Scope string    `json:"scope"`
	Tries int       `json:"tries"`
	Until time.Time `json:"until"`
}

// Run lists the limits that stop somebody.
func (c operatorThrottles) Run(p *program) error {
	return p.withStore(func(store *models.Store) error {
		found, err := store.Console.Throttles(p.ctx, c.Subject)
		if err != nil {
			return explain(err)
		}
		list := &listing[throttledLine]{heads: "WHAT\tFOR\tTRIES\tUNTIL", line: func(t throttledLine) string {
			return fmt.Sprintf("%s\t%s\t%d\t%s", t.What, t.Scope, t.Tries, inUTC(t.Until))
		}}
		for _, t := range found {
			list.rows = append(list.rows, throttledLine(t))
		}
		return list.print(p, c.asJSON)
	})
}

type operatorLift struct{ throttleSubject }

// Run lifts the limits that stop somebody.
func (c operatorLift) Run(p *program) error {
	return p.withStore(func(store *models.Store) error {
		if err := store.Console.LiftThrottles(p.ctx, models.CommandLine, c.Subject); err != nil {
			return explain(err)
		}
		_, err := fmt.Fprintf(p.output, "No limit stops %s any longer, except the limits of PINs.\n", c.Subject)
		return err
	})
}
