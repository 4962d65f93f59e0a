package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/internal/lastday"
	"github.com/latchkey-media/latchkey/models"
)

// operatorInvites are the commands about invites to sign up.
type operatorInvites struct {
	List     operatorInviteList     `cmd:"" default:"withargs" help:"List the invites to sign up, the newest first."`
	Make     operatorInviteMake     `cmd:"" help:"Make an invite to sign up: by mail, as a link, or both."`
	Withdraw operatorInviteWithdraw `cmd:"" help:"Take back an invite to sign up."`
}

// inviteLine is an invite to sign up for a program.
type inviteLine struct {
	ID        string    `json:"id"`
	To        string    `json:"to"` // an address; "" for a link alone
	Greeting  string    `json:"greeting"`
	State     string    `json:"state"`
	Uses      int       `json:"uses"`
	Used      int       `json:"used"`
	UsedBy    []string  `json:"used_by"` // usernames
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
	URL       string    `json:"url,omitempty"` // of the link of a new invite, or of one that can be accepted
}

// text returns the invite as a line of a table.
func (i inviteLine) text() string {
	return fmt.Sprintf("%s\t%s\t%s\t%d of %d\t%s\t%s\t%s", i.ID, orDash(i.To), i.State, i.Used, i.Uses, inUTC(i.ExpiresAt), orDash(strings.Join(i.UsedBy, ", ")), orDash(i.URL))
}

// inviteLine returns an invite with its link, if it has one that works.
func (p *program) inviteLine(store *models.Store, one models.Invite) (inviteLine, error) {
	line := inviteLine{
		ID: models.FormatID(one.ID), To: one.To, Greeting: one.Greeting, State: one.State, Uses: one.Uses, Used: one.Used,
		CreatedAt: one.CreatedAt, ExpiresAt: one.ExpiresAt, UsedBy: []string{},
	}
	for _, use := range one.UsedBy {
		line.UsedBy = append(line.UsedBy, use.Username)
	}
	secret, err := store.OperatedInvites.Secret(p.ctx, one.ID)
	if errors.Is(err, models.ErrNotFound) {
		return line, nil
	}
	if err != nil {
		return line, explain(err)
	}
	line.URL = strings.TrimRight(p.settings.PublicURL, "/") + "/i#" + secret
	return line, nil
}

func newInviteListing() *listing[inviteLine] {
	return &listing[inviteLine]{heads: "ID\tTO\tSTATE\tUSED\tUNTIL\tWHO CAME\tLINK", line: inviteLine.text}
}

type operatorInviteList struct {
	asJSON
	Open bool `name:"open" help:"Only those that can be accepted."`
	Most int  `name:"most" default:"100" help:"How many at most."`
}

// Run lists invites to sign up.
func (c operatorInviteList) Run(p *program) error {
	return p.withStore(func(store *models.Store) error {
		ask := models.InvitesAsk{Most: c.Most}
		if c.Open {
			ask.State = models.InvitePending
		}
		found, err := store.OperatedInvites.List(p.ctx, ask)
		if err != nil {
			return explain(err)
		}
		list := newInviteListing()
		for _, one := range found {
			line, err := p.inviteLine(store, one)
			if err != nil {
				return err
			}
			list.rows = append(list.rows, line)
		}
		return list.print(p, c.asJSON)
	})
}

type operatorInviteMake struct {
	asJSON
	To    string `name:"to" help:"Email address to which the invite is mailed. Without one the invite is a link."`
	Link  bool   `name:"link" help:"Make a link as well as the mail."`
	Name  string `name:"name" help:"Name that the page greets."`
	Uses  int    `name:"uses" default:"1" help:"How many people may accept the link."`
	Until string `name:"until" help:"Last day on which it can be accepted, in UTC, as 2026-12-31. Without one it is 14 days."`
	Note  string `name:"note" help:"Text that the page shows."`
}

// Run makes an invite to sign up.
func (c operatorInviteMake) Run(p *program) error {
	in := models.NewInvite{To: c.To, Link: c.Link || c.To == "", Greeting: c.Name, Uses: c.Uses, Note: c.Note}
	if c.Until != "" {
		until, err := lastday.End(c.Until, time.UTC)
		if err != nil {
			return fmt.Errorf("--until %s is no day: write it as 2026-12-31", c.Until)
		}
		in.ExpiresAt = until
	}
	return p.withStore(func(store *models.Store) error {
		made, err := store.OperatedInvites.Create(p.ctx, models.CommandLine, in)
		if err != nil {
			return explain(err)
		}
		line, err := p.inviteLine(store, made)
		if err != nil {
			return err
		}
		if c.JSON {
			return p.printJSON(line)
		}
		list := newInviteListing()
		list.rows = append(list.rows, line)
		return list.print(p, c.asJSON)
	})
}

type operatorInviteWithdraw struct {
	ID int64 `arg:"" help:"Id of the invite, from 'latchkey operator invites'."`
}

// Run takes back an invite to sign up.
func (c operatorInviteWithdraw) Run(p *program) error {
	return p.withStore(func(store *models.Store) error {
		if err := store.OperatedInvites.Withdraw(p.ctx, models.CommandLine, c.ID); err != nil {
			return explain(err)
		}
		_, err := fmt.Fprintln(p.output, "Nobody can accept the invite any longer.")
		return err
	})
}
