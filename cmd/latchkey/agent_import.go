package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/wizarr"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/peoplelist"
	"github.com/latchkey-media/latchkey/internal/printable"
)

type agentImport struct {
	Files   []string `arg:"" name:"file" help:"A CSV file, Wizarr's database, the users that jfa-go answers as JSON, or emails.json and users.json of jfa-go together."`
	DryRun  bool     `name:"dry-run" help:"Only say what would happen, line by line."`
	JSON    bool     `name:"json" help:"Print the result as JSON, for programs."`
	Profile string   `name:"profile" placeholder:"NAME" help:"Choices that the owner has saved at the service under this name. They fill what a line leaves empty."`
	Server  string   `name:"server" placeholder:"NAME" help:"Which media server, if Wizarr has several."`
}

// Run invites the people of a list.
func (c agentImport) Run(p *agentProgram) error {
	list, err := c.read(p)
	if err != nil {
		return err
	}
	return p.withAgent(func(a *agent.Agent, _ *parts) error {
		one, err := a.Invites.DraftImport(p.ctx, list, c.Profile)
		if err != nil {
			return err
		}
		for next := !c.DryRun && one.Counts.Invite > 0; next; next = one.Status == "running" { // each call makes some of the invites
			if one, err = a.Invites.RunImport(p.ctx, one.ID); err != nil {
				return err
			}
		}
		if c.JSON {
			text := json.NewEncoder(p.output)
			text.SetIndent("", "  ")
			return text.Encode(one)
		}
		zone, err := a.Invites.TimeZone(p.ctx)
		if err != nil {
			return err
		}
		return c.tell(p.output, p.atFlag(), one, zone)
	})
}

// read reads the files as the user who calls the command, before the program continues as another user.
func (c agentImport) read(p *agentProgram) (peoplelist.List, error) {
	var files [][]byte
	for _, name := range c.Files {
		file, err := readUpTo(name, peoplelist.BytesMax+1)
		if err != nil {
			return peoplelist.List{}, err
		}
		if peoplelist.IsSQLite(file) {
			if len(c.Files) > 1 {
				return peoplelist.List{}, errors.New("name Wizarr's database alone")
			}
			list, err := wizarr.Read(p.ctx, name, c.Server)
			if err != nil {
				return list, fmt.Errorf("%s: %w", printable.Text(name), err)
			}
			return list, nil
		}
		files = append(files, file)
	}
	list, err := peoplelist.Read(files...)
	if err != nil {
		return list, fmt.Errorf("the list: %w", err)
	}
	return list, nil
}

// readUpTo reads at most that many bytes of a file.
func readUpTo(name string, most int64) (text []byte, err error) {
	file, err := os.Open(name) //nolint:gosec // the administrator names the file
	if err != nil {
		return nil, err //nolint:wrapcheck // it names the file
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return io.ReadAll(io.LimitReader(file, most))
}

// tell prints a table of the lines, with days in the zone of the owner, and what comes next. at is the flag that names the Latchkey in the next command.
func (c agentImport) tell(output io.Writer, at string, one client.Import, zone *time.Location) error {
	table := tabwriter.NewWriter(output, 0, 0, 2, ' ', 0)
	if _, err := fmt.Fprintln(table, "LINE\tPERSON\tLOCAL USER\tENDS\tRESULT"); err != nil {
		return err
	}
	for _, line := range one.Lines {
		who := line.To
		if who == "" {
			who = line.Name
		}
		_, err := fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\n", line.Line, orDash(printable.Text(who)), orDash(printable.Text(line.LocalUser)),
			lastDay(line.EndsAt, zone), outcomeText(line))
		if err != nil {
			return err
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	next := fmt.Sprintf("\n%d people are invited. The mails go out one after another, and the owner sees the answers at the service.\n"+
		"If local users need your yes, this command gives it to all of them: 'latchkey agent allow%s --listed'\n", one.Counts.Made, at)
	if c.DryRun {
		next = fmt.Sprintf("\nNothing has happened yet. Without --dry-run, %d people get an invite; %d lines change nothing, %d are refused.\n",
			one.Counts.Invite, one.Counts.Same, one.Counts.Refused)
	} else if one.Counts.Invite == 0 {
		next = "\nThere was nobody to invite.\n"
	}
	_, err := io.WriteString(output, next)
	return err
}

// outcomeText returns the words for the outcome of a line.
func outcomeText(line client.ImportLine) string {
	texts := map[string]string{
		"invite":             "gets an invite",
		"already_linked":     "is linked already",
		"already_invited":    "has an invite already",
		"declined_before":    "refused: has declined an earlier invite",
		"person_twice":       fmt.Sprintf("refused: line %d names the same person", line.OtherLine),
		"local_user_twice":   fmt.Sprintf("refused: line %d names the same local user", line.OtherLine),
		"local_user_taken":   "refused: the local user belongs to somebody else, or is offered to somebody else",
		"local_user_unknown": "refused: the media server has no such local user",
		"library_unknown":    "refused: the media server lacks a library",
		"to_missing":         "refused: the address is missing",
		"email_invalid":      "refused: this is no email address",
		"username_unknown":   "refused: nobody has this username",
		"usernames_many":     "refused: too many usernames were unknown today",
		"yourself":           "refused: this is the owner",
		"name_invalid":       "refused: the name is too long",
		"ends_at_invalid":    "refused: the end is not a date",
		"ends_at_past":       "refused: the end has passed",
	}
	if text := texts[line.Outcome]; text != "" {
		return text
	}
	return printable.Text(line.Outcome)
}
