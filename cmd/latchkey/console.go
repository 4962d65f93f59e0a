package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/latchkey-media/latchkey/config"
	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/mailer"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/templates"
)

// withConsole returns the program with the settings that operators have set on pages. The receiver has the settings of the
// command line, the environment and the file, and stays as it is.
func (p *program) withConsole(values map[string]string) *program {
	with := *p
	with.settings, with.loaded = p.loaded.WithConsole(values)
	return &with
}

// choices returns those settings of the Store that operators can also set on a page.
func (p *program) choices() models.Choices {
	s := p.settings
	return models.Choices{
		SignUp: models.SignUpPolicy(s.SignUp), Servers: models.ServersPolicy(s.ConnectServers), ServiceName: s.ServiceName,
		PasswordMinLength: s.PasswordMinLength, FamilyLimit: s.FamilyLimit,
	}
}

// mistaken returns what is wrong with the settings, or nil if there is nothing but settings that are missing and that an operator
// can set on a page.
func (p *program) mistaken() error {
	if p.loaded.Check(p.loaded.Missing()...) == nil {
		return nil
	}
	err := p.loaded.Check()
	if strings.Contains(err.Error(), config.OriginConsole) {
		return fmt.Errorf("%w\n'latchkey operator unset NAME' takes a setting of the console away", err)
	}
	return err
}

// adoptConsole gives the program and the store the settings that operators have set on pages. Only commands that run once
// call it: it changes the program. The store must be prepared.
func (p *program) adoptConsole(store *models.Store) error {
	values, err := store.OperatorSettings.All(p.ctx)
	if err != nil {
		return err
	}
	with := p.withConsole(values)
	if err := with.mistaken(); err != nil {
		return err
	}
	p.settings, p.loaded = with.settings, with.loaded
	store.Choose(p.choices())
	return nil
}

// peekConsole gives the program the settings that operators have set on pages, for a command that must not change the
// database: it makes no file, no table and no key. It returns an error if they cannot be read; then the program has the other
// settings.
func (p *program) peekConsole() (err error) {
	if database.Exists(p.settings.Database) != nil {
		return nil // nobody has set anything yet
	}
	key := p.settings.SecretKey
	if key == "" && config.HasKeptKey(p.settings.DataDir) {
		if key, err = config.KeptKey(p.settings.DataDir, rand.Reader); err != nil {
			return err
		}
	}
	if key == "" {
		return nil
	}
	with := *p
	settings := *p.settings
	settings.SecretKey = key
	with.settings = &settings
	catalogue, err := templates.NewCatalogue()
	if err != nil {
		return err
	}
	store, err := with.store(slog.New(slog.DiscardHandler), catalogue)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	values, err := store.OperatorSettings.All(p.ctx)
	if err != nil {
		return err
	}
	p.settings, p.loaded = p.loaded.WithConsole(values)
	return nil
}

// tryMail sends the mail of the first run with the settings values, which need not be in force.
func (p *program) tryMail(ctx context.Context, catalogue *templates.Catalogue, values map[string]string, letter models.Letter) error {
	with := p.withConsole(values)
	sender, err := with.mailer(catalogue)
	if err != nil {
		return err
	}
	defer func() { _ = sender.Close() }() // whether the mail was sent does not depend on the answer to QUIT
	return sender.Send(ctx, mailer.Letter{
		ID: "setup-" + rand.Text(), Kind: string(models.MailSetup), To: letter.To, Locale: letter.Locale, Secret: letter.Secret, At: p.now(),
	})
}
