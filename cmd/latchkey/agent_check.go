package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/printable"
)

type agentCheck struct {
	JSON bool `name:"json" help:"Print the results as JSON, for programs."`
}

// Help returns the longer text in the help of the command.
func (agentCheck) Help() string {
	return `It repeats the checks of the setup: the media server with its key, version and Quick Connect, which kinds of apps it serves, each address with its
name, port and certificate, the proxy's paths, the clock of this machine and the room on its disk. The running agent does the same every few hours and tells
the service, whose page about the server shows it. The exit code is 1 if something is wrong; a warning alone does not count.`
}

// Run makes all checks and prints the results. It returns an error if something is wrong.
func (c agentCheck) Run(p *agentProgram) error {
	return p.withAgent(func(a *agent.Agent, _ *parts) error {
		list, err := a.Checks.All(p.ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			err = writeChecksJSON(p.output, list)
		} else {
			err = writeChecks(p.output, list)
		}
		if err != nil {
			return err
		}
		wrong := 0
		for _, one := range list {
			if one.State == client.CheckWrong {
				wrong++
			}
		}
		if wrong > 0 {
			return fmt.Errorf("%d of %d checks found something wrong", wrong, len(list))
		}
		return nil
	})
}

// writeChecksJSON writes the results for programs.
func writeChecksJSON(output io.Writer, list []agent.Check) error {
	encoder := json.NewEncoder(output)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		Checks []agent.Check `json:"checks"`
	}{list})
}

// writeChecks writes the results for people: a line for each check, and below it what to do.
func writeChecks(output io.Writer, list []agent.Check) error {
	marks := map[string]string{client.CheckOK: "✓", client.CheckWarning: "!", client.CheckWrong: "✗", client.CheckUnchecked: "?"}
	for _, one := range list {
		about := ""
		if one.Subject != "" {
			about = printable.Text(one.Subject) + ": "
		}
		if _, err := fmt.Fprintf(output, "  %s %s%s\n", marks[one.State], about, one.Text); err != nil {
			return err
		}
		if one.Advice == "" {
			continue
		}
		if _, err := fmt.Fprintf(output, "      %s\n", one.Advice); err != nil {
			return err
		}
	}
	return nil
}
