package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/internal/printable"
)

type agentAllow struct {
	LocalUsers []string `arg:"" optional:"" name:"local-user" help:"Names or ids of local users of the media server."`
	Listed     bool     `name:"listed" help:"Allow all local users that this command lists without arguments."`
}

// Run allows local users, or lists the local users that are not allowed yet.
func (c agentAllow) Run(p *agentProgram) error {
	if c.Listed && len(c.LocalUsers) > 0 {
		return errors.New("give either names or --listed")
	}
	with := p.withAgent
	if !c.Listed && len(c.LocalUsers) == 0 {
		with = p.withEach
	}
	return with(func(a *agent.Agent, opened *parts) error {
		if len(c.LocalUsers) > 0 {
			return c.allowNamed(p, a, opened)
		}
		list, err := a.Allowances.List(p.ctx)
		if err != nil {
			return err
		}
		needed := slices.DeleteFunc(list, func(one agent.Allowance) bool { return !one.Needed() })
		if !c.Listed || len(needed) == 0 {
			return writeNotAllowed(p.output, needed, p.atFlag())
		}
		return allowAll(p, a, needed)
	})
}

func allowAll(p *agentProgram, a *agent.Agent, list []agent.Allowance) error {
	for _, one := range list {
		if err := allowOne(p, a, one.LocalUser.ID, one.LocalUser.Name); err != nil {
			return err
		}
	}
	return nil
}

// allowNamed allows the local users that the command line names, after it has found all of them.
func (c agentAllow) allowNamed(p *agentProgram, a *agent.Agent, opened *parts) error {
	type found struct{ id, name string }
	var all []found
	for _, name := range c.LocalUsers {
		user, err := findUser(p, opened.mediaServer, name)
		if err != nil {
			return err
		}
		all = append(all, found{user.ID, user.Name})
	}
	for _, one := range all {
		if err := allowOne(p, a, one.id, one.name); err != nil {
			return err
		}
	}
	return nil
}

func allowOne(p *agentProgram, a *agent.Agent, id, name string) error {
	if err := a.Allowances.Allow(p.ctx, id); err != nil {
		return fmt.Errorf("%s: %w", printable.Text(name), err)
	}
	_, err := fmt.Fprintf(p.output, "%s is allowed: an account that is linked with this local user can be signed in.\n", printable.Text(name))
	return err
}

// writeNotAllowed writes a table of the local users that are not allowed yet, and then the commands
// that allow them. The parameter at is the flag that names the service, or "".
func writeNotAllowed(output io.Writer, needed []agent.Allowance, at string) error {
	if len(needed) == 0 {
		_, err := fmt.Fprintln(output, "All local users that may be linked are allowed.")
		return err
	}
	table := tabwriter.NewWriter(output, 0, 0, 2, ' ', 0)
	if _, err := fmt.Fprintln(table, "NOT ALLOWED YET\tSTATE\tWAITS FOR IT"); err != nil {
		return err
	}
	for _, one := range needed {
		waiting := "-"
		if len(one.Waiting) > 0 {
			waiting = "the account " + someOf(one.Waiting)
		}
		if _, err := fmt.Fprintf(table, "%s\t%s\t%s\n", printable.Text(one.LocalUser.Name), userState(one.LocalUser), waiting); err != nil {
			return err
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(output, "\nThe service lets nobody in as these local users. To change that:\n"+
		"  latchkey agent allow%s %s\n  latchkey agent allow%s --listed\n", at, printable.Word(needed[0].LocalUser.Name), at)
	return err
}

// someOf returns up to three of the names, and the number of the others.
func someOf(names []string) string {
	const most = 3
	shown := make([]string, 0, most)
	for _, name := range names[:min(len(names), most)] {
		shown = append(shown, printable.Text(name))
	}
	text := strings.Join(shown, ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

type agentDisallow struct {
	LocalUser string `arg:"" help:"Name or id of an allowed local user."`
}

// Run ends the permission for a local user.
func (c agentDisallow) Run(p *agentProgram) error {
	return p.withAgent(func(a *agent.Agent, opened *parts) error {
		user, err := findUser(p, opened.mediaServer, c.LocalUser)
		id, name := user.ID, user.Name
		if err != nil { // the media server may not know the local user any more, or may be away
			known, failed := a.Allowances.Find(p.ctx, c.LocalUser)
			if failed != nil || known == "" {
				return errors.Join(err, failed)
			}
			id, name = known, c.LocalUser
		}
		switch err := a.Allowances.Disallow(p.ctx, id); {
		case errors.Is(err, agent.ErrLocalUserNotAllowed):
			return fmt.Errorf("%s was not allowed. To shut out a guest, end the link: 'latchkey agent unlink'", printable.Text(name))
		case err != nil:
			return err
		}
		text := "%s is no longer allowed. The running agent revokes the local tokens that it gave.\n"
		if p.settings.AllowAllUsers {
			text = "%s is no longer allowed. This changes nothing while allow-all-users is set.\n"
		}
		_, err = fmt.Fprintf(p.output, text, printable.Text(name))
		return err
	})
}
