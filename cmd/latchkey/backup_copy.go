package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/models"
)

type copyCommand struct {
	From string `name:"from" required:"" placeholder:"ADDRESS" help:"Database that is copied: sqlite:PATH or mysql://user:password@host:port/name, or @FILE for a file that has the address, so that no password is in the command line."`
	To   string `name:"to" required:"" placeholder:"ADDRESS" help:"Empty database that becomes the copy, in the same form."`
	JSON bool   `name:"json" help:"Print the result as JSON, for programs."`
}

// Help returns the long help of the command.
func (copyCommand) Help() string {
	return "Copies the whole database, also from one engine to the other, and then compares every row. Stop the service before, and set 'database' to the " +
		"copy afterwards: people stay signed in, and the original stays as it is. The secret key must be the same."
}

// Run copies a database.
func (c copyCommand) Run(p *program) error {
	from, err := addressOf(c.From)
	if err != nil {
		return err
	}
	to, err := addressOf(c.To)
	if err != nil {
		return err
	}
	progress := newProgress(p.errors)
	manifest, err := models.CopyDatabase(p.ctx, models.CopyOptions{
		From: from, To: to, Version: version, Owner: owner(), Now: p.now, Progress: progress.tell,
	})
	progress.end()
	switch {
	case errors.Is(err, models.ErrNotEmpty):
		return fmt.Errorf("%w. Nothing was changed: name an empty database", err)
	case errors.Is(err, database.ErrInUse):
		return fmt.Errorf("%w. Nothing was changed", err)
	case err != nil:
		return advised(err)
	}
	if c.JSON {
		return resultJSON(p.output, &manifest, map[string]any{"compared": true})
	}
	_, err = fmt.Fprintf(p.output, "The copy is whole: %s. Every row was compared.\nSet 'database' to the copy and start the service with the same secret key.\n", summary(&manifest))
	return err
}

// addressOf returns a database address, or the content of the file that is named after @.
func addressOf(text string) (string, error) {
	path, isFile := strings.CutPrefix(text, "@")
	if !isFile {
		return text, nil
	}
	content, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	return strings.TrimSpace(string(content)), err
}
