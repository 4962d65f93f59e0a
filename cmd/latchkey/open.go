package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/config"
	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/linelog"
	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/mailer"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/templates"
)

// checked returns an error that names everything that is wrong with the settings, without those that are missing and that an
// operator can set on a page. It makes the data folder. If no setting gives the secret key, it takes the key in the data
// folder; in development, and for a command that starts the service, it makes one there.
func (p *program) checked() error {
	if err := p.mistaken(); err != nil {
		return err
	}
	if err := os.MkdirAll(p.settings.DataDir, 0o700); err != nil {
		return fmt.Errorf("data-dir: %w", err)
	}
	if p.settings.SecretKey != "" {
		return nil
	}
	if !p.settings.Development && !p.makesKey && !config.HasKeptKey(p.settings.DataDir) {
		return errors.New("secret-key: is missing, and the data folder has none either; set secret-key, or data-dir to the folder of the service, as for 'latchkey serve'")
	}
	key, err := config.KeptKey(p.settings.DataDir, rand.Reader)
	if err != nil {
		return err
	}
	p.settings.SecretKey = key
	return nil
}

// whole returns an error that names the settings that are missing.
func (p *program) whole() error {
	if err := p.loaded.Check(); err != nil {
		return fmt.Errorf("%w\n'latchkey setup code' prints the code with which you can set them on the page /welcome, and 'latchkey setup' asks for them here", err)
	}
	return nil
}

// logger returns a logger with the format and level of the settings.
func (p *program) logger() *slog.Logger {
	return newLogger(p.errors, p.settings.LogFormat, p.settings.Level())
}

// servingLogger returns a logger like the logger of [program.logger], for a program that answers
// many requests: it writes several lines together. flush writes the lines that still wait; the
// caller must call it at the end.
func (p *program) servingLogger() (log *slog.Logger, flush func()) {
	buffer := linelog.NewBuffer(p.errors)
	log = newLogger(buffer, p.settings.LogFormat, p.settings.Level())
	return slog.New(linelog.NewHandler(log.Handler(), buffer)), buffer.Flush
}

func newLogger(w io.Writer, format string, level slog.Level) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if format == "text" {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

// keys returns the keys that are derived from the secret key.
func (p *program) keys() (secret.Keys, error) {
	keys, err := secret.NewKeys(p.settings.SecretKey, p.settings.SecretKeyPrevious)
	if err != nil {
		return keys, fmt.Errorf("secret-key: %w", err)
	}
	return keys, nil
}

// hashing returns how this machine hashes passwords.
func hashing() secret.HasherOptions { return secret.ProductionHashing(runtime.GOMAXPROCS(0)) }

// store opens the database. It sends no statement yet, so it also succeeds while the
// database cannot be reached.
func (p *program) store(log *slog.Logger, catalogue *templates.Catalogue) (*models.Store, error) {
	options, err := p.storeOptions(log, catalogue)
	if err != nil {
		return nil, err
	}
	store, err := models.New(options)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	return store, nil
}

// storeOptions returns the settings in the form that the Store needs.
func (p *program) storeOptions(log *slog.Logger, catalogue *templates.Catalogue) (models.Options, error) {
	keys, err := p.keys()
	if err != nil {
		return models.Options{}, err
	}
	var languages []string
	for _, l := range catalogue.Languages() {
		languages = append(languages, l.Code)
	}
	s := p.settings
	return models.Options{
		Database: s.Database, Connections: s.DatabaseConnections, Pages: database.Pages{Cache: s.SQLiteCache, Map: s.SQLiteMap}, SessionsMost: s.SessionsMost, FamilyLimit: s.FamilyLimit, Keys: keys,
		Hashing: hashing(), Limits: models.ProductionLimits(), BusyNetworks: busyNetworks(s.BusyNetworks()),
		Lives: p.lives(), SignUp: models.SignUpPolicy(s.SignUp), Servers: models.ServersPolicy(s.ConnectServers), LegacyMD5: s.LegacyMD5Login,
		PlainWebhooks: len(s.WebhookNetworks) > 0,
		ServiceName:   s.ServiceName, PasswordMinLength: s.PasswordMinLength,
		Languages: languages, Now: p.now, Random: rand.Reader, Log: log,
	}, nil
}

// busyNetworks returns the busy addresses of the settings in the form that the Store needs.
func busyNetworks(settings []config.BusyNetwork) []models.BusyNetwork {
	var all []models.BusyNetwork
	for _, busy := range settings {
		all = append(all, models.BusyNetwork(busy))
	}
	return all
}

// lives returns the lifetimes of sessions, links and mails that the settings give.
func (p *program) lives() models.Lives {
	s := p.settings
	return models.Lives{
		SessionIdle: s.SessionIdle, Session: s.SessionLife, DeviceIdle: s.DeviceIdle, Device: s.DeviceLife,
		Confirm: s.ConfirmLife, Reset: s.ResetLife, PINReset: s.PINResetLife,
		EmailChange: s.EmailChangeLife, EmailUndo: s.EmailUndoLife, History: s.HistoryLife,
	}
}

// prepare brings the database up to date, and then calls begin. If the database cannot be reached,
// prepare waits until ctx ends. If the database does not suit this program, it returns an error at
// once.
func prepare(ctx context.Context, store *models.Store, log *slog.Logger, begin func(context.Context) error) error {
	const pause = 2 * time.Second
	for {
		applied, err := store.Prepare(ctx, owner())
		if err == nil {
			if applied > 0 {
				log.InfoContext(ctx, "the database was brought up to date", slog.Int("migrations", applied))
			}
			err = begin(ctx)
		}
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return err
		}
		if !database.Unavailable(err) {
			return advised(err)
		}
		log.WarnContext(ctx, "the database does not answer yet; the service waits for it",
			slog.Any("err", err), slog.String("what_to_do", database.Advice(err)))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// advised returns err with a second line that says what to do about it. If there is no advice, it
// returns err unchanged.
func advised(err error) error {
	if advice := database.Advice(err); advice != "" {
		return fmt.Errorf("%w\n%s", err, advice)
	}
	return err
}

// owner returns the name of this process in leases.
func owner() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	const longest = 40
	if len(host) > longest {
		host = host[:longest]
	}
	return fmt.Sprintf("%s-%d", host, os.Getpid())
}

// mailer returns a mailer with the sender and the transport of the settings.
func (p *program) mailer(catalogue *templates.Catalogue) (*mailer.Mailer, error) {
	public, err := url.Parse(p.settings.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("public-url: %w", err)
	}
	transport, err := mailer.ParseTransport(p.settings.MailURL, public.Hostname())
	if err != nil {
		return nil, fmt.Errorf("mail-url: %w", err)
	}
	texts, err := mailer.ReadTemplates(catalogue)
	if err != nil {
		return nil, err
	}
	m := &mailer.Mailer{
		Transport: transport, From: p.settings.MailFrom, ServiceName: p.settings.ServiceName, OperatorName: p.settings.OperatorName,
		PublicURL: p.settings.PublicURL, Templates: texts,
	}
	if err := m.Check(); err != nil {
		return nil, fmt.Errorf("mail-from: %w", err)
	}
	return m, nil
}

// mailFolder returns the folder into which mails are written, or "" if mails are sent.
func mailFolder(mailURL string) string {
	folder, isFolder := strings.CutPrefix(mailURL, "dir:")
	if !isFolder {
		return ""
	}
	return folder
}

// withStore opens the database, brings it up to date, adopts the settings that operators have set on pages, and runs work
// on it. All commands use it, except the service itself.
func (p *program) withStore(work func(store *models.Store) error) error {
	return p.withStoreTold(nil, work)
}

// withStoreTold does the work of withStore, and calls the function migrated while it brings the database up to date; nil for
// nobody who wants to know.
func (p *program) withStoreTold(migrated func(done, all int64), work func(store *models.Store) error) error {
	return p.withPrepared(migrated, func(store *models.Store) error {
		if err := p.adoptConsole(store); err != nil {
			return err
		}
		return work(store)
	})
}

// withPrepared does the work of withStoreTold without the settings that operators have set on pages.
func (p *program) withPrepared(migrated func(done, all int64), work func(store *models.Store) error) error {
	if err := p.checked(); err != nil {
		return err
	}
	catalogue, err := templates.NewCatalogue()
	if err != nil {
		return err
	}
	log := p.logger()
	store, err := p.store(log, catalogue)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	store.OnMigrated(migrated)
	if _, err := store.Prepare(p.ctx, owner()); err != nil {
		return advised(err)
	}
	return work(store)
}

type migrateCommand struct{}

// Run brings the database up to date.
func (migrateCommand) Run(p *program) error {
	progress := newProgress(p.errors)
	migrated := func(done, all int64) { progress.tell(migrating, done, all) }
	err := p.withStoreTold(migrated, func(*models.Store) error {
		progress.end()
		_, err := fmt.Fprintln(p.output, "The database is up to date.")
		return err
	})
	progress.end()
	return err
}
