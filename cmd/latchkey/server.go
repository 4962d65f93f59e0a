package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

type serverCommands struct {
	List    serverList    `cmd:"" help:"List the media servers that are registered."`
	Show    serverShow    `cmd:"" help:"Show a server with its addresses and people."`
	Disable serverDisable `cmd:"" help:"Disable a server: its key no longer works, and people no longer get its addresses. Its links stay."`
	Enable  serverEnable  `cmd:"" help:"Enable a disabled server again."`
	Remove  serverRemove  `cmd:"" help:"Erase a server with its keys, addresses and links."`
}

// theServer is the argument of commands that concern one server.
type theServer struct {
	ID int64 `arg:"" help:"Id of the server, from 'latchkey server list'."`
}

type serverList struct{ asJSON }

// serverLine is a server for a program.
type serverLine struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Owner      string    `json:"owner"` // "" while nobody has claimed it
	Kind       string    `json:"kind"`
	Version    string    `json:"version"`
	State      string    `json:"state"`
	People     int       `json:"people"`
	LastSeenAt time.Time `json:"last_seen_at"`
}

func newServerLine(s models.OperatedServer) serverLine {
	return serverLine{models.FormatID(s.ID), s.Name, s.Owner, s.Kind, s.Version, serverState(s.Server), s.People, s.LastSeenAt.UTC()}
}

// text returns the server as a line of a table.
func (s serverLine) text() string {
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\t%s", s.ID, s.Name, orDash(s.Owner), s.Kind, orDash(s.Version), s.State, inUTC(s.LastSeenAt))
}

// Run lists the servers.
func (c serverList) Run(p *program) error {
	return p.withStore(func(store *models.Store) error {
		list := &listing[serverLine]{heads: "ID\tNAME\tOWNER\tKIND\tVERSION\tSTATE\tLAST SEEN", line: serverLine.text}
		const page = 200
		for after := int64(0); ; {
			servers, err := store.OperatedServers.List(p.ctx, models.ServersAsk{After: after, Most: page})
			if err != nil {
				return explain(err)
			}
			for _, s := range servers {
				list.rows = append(list.rows, newServerLine(s))
			}
			if len(servers) < page {
				return list.print(p, c.asJSON)
			}
			after = servers[len(servers)-1].ID
		}
	})
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func serverState(s models.Server) string {
	switch {
	case !s.DisabledAt.IsZero():
		return "disabled"
	case s.OwnerID == 0:
		return "unclaimed"
	default:
		return "active"
	}
}

type serverShow struct{ theServer }

// Run shows a server.
func (c serverShow) Run(p *program) error {
	return p.onServer(c.ID, "", func(store *models.Store) error {
		s, err := store.OperatedServers.Get(p.ctx, c.ID)
		if err != nil {
			return err
		}
		return show(p.output, s)
	})
}

// show writes a server in lines of name and value, and then its addresses and its
// people.
func show(output io.Writer, s models.OperatedServer) error {
	table := tabwriter.NewWriter(output, 0, 0, 2, ' ', 0)
	lines := [][]string{
		{"id", strconv.FormatInt(s.ID, 10)},
		{"name", s.Name},
		{"own id", s.SystemID},
		{"kind", s.Kind},
		{"version", orDash(s.Version)},
		{"owner", orDash(s.Owner)},
		{"state", serverState(s.Server)},
		{"registered", inUTC(s.CreatedAt)},
		{"last seen", inUTC(s.LastSeenAt)},
	}
	for _, a := range s.Addresses {
		note := ""
		if a.Hidden {
			note = "hidden"
		}
		lines = append(lines, []string{"address", a.Kind + " " + a.URL(), note})
	}
	for _, l := range s.Links {
		lines = append(lines, []string{"person", l.Username, l.Type + ", " + l.State})
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(table, strings.TrimRight(strings.Join(line, "\t"), "\t")); err != nil {
			return err
		}
	}
	return table.Flush()
}

type serverDisable struct{ theServer }

// Run disables a server.
func (c serverDisable) Run(p *program) error {
	return p.onServer(c.ID, "is disabled", func(s *models.Store) error { return s.OperatedServers.Disable(p.ctx, models.CommandLine, c.ID) })
}

type serverEnable struct{ theServer }

// Run enables a server.
func (c serverEnable) Run(p *program) error {
	return p.onServer(c.ID, "is enabled", func(s *models.Store) error { return s.OperatedServers.Enable(p.ctx, models.CommandLine, c.ID) })
}

type serverRemove struct {
	theServer
	Yes bool `name:"yes" help:"Do not ask."`
}

// Run erases a server, after a question to the operator.
func (c serverRemove) Run(p *program) error {
	id := strconv.FormatInt(c.ID, 10)
	if !c.Yes {
		_, err := fmt.Fprintf(p.output, "This erases the server %s and all its links, and cannot be undone. To continue, type the id again: ", id)
		if err != nil {
			return err
		}
		answer, err := bufio.NewReader(p.input).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read the answer: %w", err)
		}
		if strings.TrimSpace(answer) != id {
			return errors.New("not erased")
		}
	}
	return p.onServer(c.ID, "is erased", func(s *models.Store) error { return s.OperatedServers.Remove(p.ctx, models.CommandLine, c.ID) })
}

// onServer runs work on one server and prints outcome, unless that is "".
func (p *program) onServer(id int64, outcome string, work func(*models.Store) error) error {
	return p.withStore(func(store *models.Store) error {
		if err := work(store); err != nil {
			if errors.Is(err, models.ErrNotFound) {
				return fmt.Errorf("there is no server %d", id)
			}
			return explain(err)
		}
		if outcome == "" {
			return nil
		}
		_, err := fmt.Fprintf(p.output, "The server %d %s.\n", id, outcome)
		return err
	})
}
