package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/latchkey-media/latchkey/internal/backupfile"
	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/printable"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/templates"
)

type restoreCommand struct {
	File     string   `arg:"" help:"Backup that 'latchkey backup' or the service has made."`
	Identity []string `name:"identity" placeholder:"FILE" help:"File with the secret key of age with which an encrypted backup is read; several times for several files."`
	Replace  bool     `name:"replace" help:"Restore also if the database has data. That data is lost: back it up first."`
	Check    bool     `name:"check" help:"Only check the file: nothing is changed, and no database is needed."`
	Unproven bool     `name:"unproven" help:"Restore also a backup that does not prove who made it, such as one of an older version."`
	JSON     bool     `name:"json" help:"Print the result as JSON, for programs."`
}

// Help returns the long help of the command.
func (restoreCommand) Help() string {
	return "Checks the whole file first, then puts the backup in the place of the database that the settings name; it may be of another engine than the " +
		"backup. Stop the service before. An older backup is brought up to date.\n\n" +
		"What would live again is ended: all sessions, codes, open invites and mailed links that work once; and all access keys are replaced.\n\n" + notInBackup
}

// Run restores a backup.
func (c restoreCommand) Run(p *program) error {
	identities, err := backupfile.Identities(c.Identity)
	if err != nil {
		return err
	}
	open := func() (io.ReadCloser, error) { return backupfile.Open(c.File, identities) }
	progress := newProgress(p.errors)
	var manifest models.BackupManifest
	if c.Check {
		manifest, err = c.check(p, open, progress)
	} else {
		manifest, err = c.restore(p, open, progress)
	}
	progress.end()
	if err != nil {
		return restoreAdvice(err)
	}
	if c.JSON {
		return resultJSON(p.output, &manifest, map[string]any{"file": c.File, "restored": !c.Check})
	}
	if c.Check {
		_, err = fmt.Fprintf(p.output, "The backup %s is whole: %s, made by version %s.\n", c.File, summary(&manifest), printable.Text(manifest.Version))
		return err
	}
	_, err = fmt.Fprintf(p.output, "The backup %s is restored: %s.\n"+
		"All sessions, open invites, codes and mailed links have ended, and all access keys are new; everybody has to sign in again. Start the service now.\n",
		c.File, summary(&manifest))
	return err
}

// check reads the whole file.
func (c restoreCommand) check(p *program, open func() (io.ReadCloser, error), progress *progress) (m models.BackupManifest, err error) {
	file, err := open()
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return models.CheckBackup(p.ctx, file, progress.tell)
}

// restore puts the backup in the place of the database, and ends what it has brought back.
func (c restoreCommand) restore(p *program, open func() (io.ReadCloser, error), progress *progress) (m models.BackupManifest, err error) {
	if err := p.checked(); err != nil {
		return m, err
	}
	catalogue, err := templates.NewCatalogue()
	if err != nil {
		return m, err
	}
	log := p.logger()
	options, err := p.storeOptions(log, catalogue)
	if err != nil {
		return m, err
	}
	m, err = models.RestoreBackup(p.ctx, models.RestoreOptions{
		Store: options, Open: open, Owner: owner(), Replace: c.Replace, Unproven: c.Unproven, Progress: progress.tell,
	})
	if err != nil {
		return m, err
	}
	progress.end()
	return m, p.withStore(func(store *models.Store) error { return p.newRestoreWatch(store, log).begin(p.ctx, false) })
}

// restoreAdvice returns err with what an operator can do about it.
func restoreAdvice(err error) error {
	switch {
	case errors.Is(err, models.ErrNotEmpty):
		return fmt.Errorf("%w. Nothing was changed. To lose that data, back it up with 'latchkey backup' and then add --replace", err)
	case errors.Is(err, models.ErrBackupUnproven):
		return fmt.Errorf("%w. Nothing was changed. Restore it with --unproven only if nobody else could write to the place where it was kept, "+
			"and check afterwards with 'latchkey account list' who is an operator", err)
	case errors.Is(err, database.ErrInUse):
		return fmt.Errorf("%w. Nothing was changed", err)
	}
	return advised(err)
}
