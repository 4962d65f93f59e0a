package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/printable"
)

type agentUnlock struct {
	LocalUser string `arg:"" help:"Name or id of a linked local user, or the username of the account."`
	Minutes   int    `name:"minutes" default:"60" help:"How long, from 1 to 1440 minutes."`
}

// Run opens the unlocked level of a local user. The running agent carries that out.
func (c agentUnlock) Run(p *agentProgram) error {
	return p.withAgent(func(a *agent.Agent, opened *parts) error {
		link, err := findLink(p, a, opened, c.LocalUser)
		if err != nil {
			return err
		}
		until, err := a.Levels.Unlock(p.ctx, link.ID, c.Minutes)
		switch {
		case errors.Is(err, agent.ErrNothingToUnlock):
			return fmt.Errorf("%s has nothing to unlock: the server's page has no unlocked level for them, and entering asks for no PIN", nameOf(link))
		case errors.Is(err, agent.ErrNotLinked):
			return fmt.Errorf("the link of %s is not in use: 'latchkey agent users' shows why", nameOf(link))
		case err != nil:
			return err
		}
		_, err = fmt.Fprintf(p.output, "%s is unlocked until %s. The running agent carries it out within some seconds.\n", nameOf(link), moment(until))
		return err
	})
}

type agentLock struct {
	LocalUser string `arg:"" help:"Name or id of a linked local user, or the username of the account."`
}

// Run closes what is unlocked for a local user. The running agent carries that out.
func (c agentLock) Run(p *agentProgram) error {
	return p.withAgent(func(a *agent.Agent, opened *parts) error {
		link, err := findLink(p, a, opened, c.LocalUser)
		if err != nil {
			return err
		}
		if err := a.Levels.Lock(p.ctx, link.ID); err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.output, "%s is locked. The running agent carries it out within some seconds; an unlock that is opened later opens it again.\n", nameOf(link))
		return err
	})
}

// nameOf returns the name of the local user of a link for people.
func nameOf(link agent.Link) string { return cmp.Or(printable.Text(link.LocalUserName), "a guest") }

// findLink returns the one link that the administrator means, also while the media server is away.
func findLink(p *agentProgram, a *agent.Agent, opened *parts, name string) (agent.Link, error) {
	links, err := a.Links.List(p.ctx)
	if err != nil {
		return agent.Link{}, err
	}
	users, err := opened.mediaServer.LocalUsers(p.ctx)
	if err != nil {
		users = nil // then only the names in the links count
	}
	return agentUnlink{LocalUser: name}.find(links, users)
}

type agentLevels struct{}

// Run lists the levels of all links that have some.
func (agentLevels) Run(p *agentProgram) error {
	return p.withEach(func(a *agent.Agent, _ *parts) error {
		list, err := a.Levels.List(p.ctx)
		if err != nil {
			return err
		}
		return writeLevels(p.output, list, p.settings.Levels)
	})
}

// writeLevels writes a table of levels. The parameter setting is the setting levels.
func writeLevels(output io.Writer, list []agent.LevelState, setting string) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(output, "No local user has a level, and nobody needs the PIN to come in. The owner chooses that on the server's page, under Protection.")
		return err
	}
	table := tabwriter.NewWriter(output, 0, 0, 2, ' ', 0)
	if _, err := fmt.Fprintln(table, "LOCAL USER\tACCOUNT\tLEVEL\tUNTIL\tCHANGED BY HAND\tPROBLEM"); err != nil {
		return err
	}
	for _, one := range list {
		if _, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", orDash(printable.Text(one.LocalUserName)), printable.Text(one.Username), levelText(one),
			moment(one.Until), orDash(strings.Join(one.ByHand, ", ")), problemText(one, setting)); err != nil {
			return err
		}
	}
	return table.Flush()
}

// levelText describes in words which level holds.
func levelText(one agent.LevelState) string {
	words := []string{map[string]string{
		client.LevelEveryday: "everyday", client.LevelUnlocked: "unlocked", client.LevelNotHeld: "not held", client.LevelWaiting: "waits for the media server",
	}[one.State]}
	if one.PINRequired && !one.Open {
		words = append(words, "nobody new comes in without the PIN")
	}
	return strings.Join(words, ", ")
}

// problemText describes the problem of a level in words.
func problemText(one agent.LevelState, setting string) string {
	switch {
	case one.Problem == client.LevelProblemLibrary:
		return "a library that it names is gone"
	case one.Problem == client.LevelProblemRefused:
		return "the media server refuses it"
	case one.Problem == client.LevelProblemAdmin:
		return "the local user is an administrator, for whom no limit holds"
	case one.State == client.LevelNotHeld:
		return "the setting levels=" + setting + " does not cover this local user, or nobody has allowed them"
	}
	return "-"
}
