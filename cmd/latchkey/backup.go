package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"filippo.io/age"

	"github.com/latchkey-media/latchkey/internal/backupfile"
	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/templates"
)

// notInBackup lists the things that are not in a backup, for the help and the output of the command.
const notInBackup = `Not in a backup, so keep copies elsewhere: the secret key, without which a backup is worth little (keep it away from the ` +
	`backups); the file with the settings; the data folders of agents, on the machines of their media servers. ` +
	`Mails that were already sent cannot be taken back.`

type backupCommand struct {
	File    string   `arg:"" help:"File that is written, or - for standard output."`
	To      []string `name:"to" placeholder:"age1…" help:"Encrypt the backup to this public key of age; several times for several keys. Without it, backup-recipients of the settings are taken."`
	Plain   bool     `name:"plain" help:"Do not encrypt, although the settings have backup-recipients."`
	Replace bool     `name:"replace" help:"Replace the file if it exists. The old one stays until the new one is whole."`
	JSON    bool     `name:"json" help:"Print the result as JSON, for programs."`
}

// Help returns the long help of the command.
func (backupCommand) Help() string {
	return "Writes the whole database into one file, as it is at one moment, while the service runs. 'latchkey restore' reads the file, " +
		"into SQLite as well as into MariaDB and MySQL.\n\n" + notInBackup
}

// Run makes a backup.
func (c backupCommand) Run(p *program) error {
	if c.Plain && len(c.To) > 0 {
		return errors.New("--plain and --to exclude each other")
	}
	if err := p.checked(); err != nil {
		return err
	}
	to := c.To
	if len(to) == 0 && !c.Plain {
		to = p.settings.BackupRecipients
	}
	recipients, err := backupfile.Recipients(to)
	if err != nil {
		return err
	}
	if err := database.Exists(p.settings.Database); err != nil {
		return err
	}
	return p.withUnprepared(func(store *models.Store) error { return c.write(p, store, recipients) })
}

// write writes the backup and prints what it holds.
func (c backupCommand) write(p *program, store *models.Store, recipients []age.Recipient) error {
	progress := newProgress(p.errors)
	var manifest models.BackupManifest
	fill := func(w io.Writer) (err error) {
		manifest, err = store.Backups.Write(p.ctx, w, version, progress.tell)
		return err
	}
	said, size, err := p.output, int64(0), error(nil)
	if c.File == "-" {
		counted := &counter{w: p.output}
		err, said = backupfile.Encrypt(counted, recipients, fill), p.errors
		size = counted.bytes
	} else {
		size, err = backupfile.Create(c.File, recipients, c.Replace, fill)
	}
	progress.end()
	if errors.Is(err, backupfile.ErrExists) {
		return fmt.Errorf("%w; add --replace to replace it", err)
	}
	if err != nil {
		return advised(err)
	}
	if err := store.Backups.Note(p.ctx, &manifest, size); err != nil {
		_, _ = fmt.Fprintln(p.errors, "The backup is whole, but the database could not note that it was made:", err)
	}
	if c.JSON {
		return resultJSON(said, &manifest, map[string]any{"file": c.File, "bytes": size, "encrypted": len(recipients) > 0, "not_included": notIncluded()})
	}
	how := ""
	if len(recipients) > 0 {
		how = ", encrypted"
	}
	_, err = fmt.Fprintf(said, "The backup %s is whole: %s, %d bytes%s.\n%s\n", c.File, summary(&manifest), size, how, notInBackup)
	return err
}

// notIncluded returns what a backup does not hold, for programs.
func notIncluded() []string {
	return []string{"secret_key", "settings_file", "agent_data_folders", "sent_mails"}
}

// summary returns the size of a backup in words: its accounts, servers, rows and tables, and its time.
func summary(m *models.BackupManifest) string {
	return fmt.Sprintf("%d accounts, %d servers, %d rows in %d tables, as of %s",
		m.RowsOf("accounts"), m.RowsOf("servers"), m.Rows(), len(m.Tables), m.At.UTC().Format(time.RFC3339))
}

// resultJSON writes what a backup holds, together with further values.
func resultJSON(output io.Writer, m *models.BackupManifest, further map[string]any) error {
	rows := map[string]int64{}
	for _, table := range m.Tables {
		rows[table.Name] = table.Rows
	}
	further["format"], further["version"], further["schema"], further["engine"] = m.Format, m.Version, m.Schema, m.Engine
	further["at"], further["rows"] = m.At.UTC(), rows
	encoder := json.NewEncoder(output)
	encoder.SetIndent("", "  ")
	return encoder.Encode(further)
}

// counter counts the bytes that are written.
type counter struct {
	w     io.Writer
	bytes int64
}

// Write writes to the writer of the counter.
func (c *counter) Write(part []byte) (int, error) {
	n, err := c.w.Write(part)
	c.bytes += int64(n)
	return n, err
}

// withUnprepared opens the database and runs work on it, without bringing it up to date: a program that
// is newer than the running service must not change the schema under it.
func (p *program) withUnprepared(work func(store *models.Store) error) error {
	catalogue, err := templates.NewCatalogue()
	if err != nil {
		return err
	}
	store, err := p.store(p.logger(), catalogue)
	if err != nil {
		return err
	}
	return errors.Join(work(store), store.Close())
}
