package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/health"
	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/printable"
	"github.com/latchkey-media/latchkey/mailer"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/templates"
)

type doctorCommand struct {
	asJSON
	DKIMSelectors []string `name:"dkim-selector" placeholder:"NAME" help:"Look for the key of DKIM under this name, too. Your mail service tells it; it is the word before ._domainkey."`
}

// Help returns the longer text in the help of the command.
func (doctorCommand) Help() string {
	return `It looks at the public address with its certificate and proxy, at mail with SPF, DKIM and DMARC, at clocks, disks, the database, backups, agents and settings,
and says what to do. It sends no mail and changes nothing. The exit status says the worst that was found: 0 all is in order, 2 there is advice, 3 something could
not be looked at, 4 there is a problem; 1 means that the command itself failed. Operators see the same at /admin/health.`
}

// The exit statuses of the command doctor, by the worst finding.
func doctorStatus(worst health.State) int {
	return map[health.State]int{health.OK: 0, health.Advice: 2, health.Unknown: 3, health.Problem: 4}[worst]
}

// statusError is the error of a command that ends with a status of its own, after it has said everything itself.
type statusError int

func (e statusError) Error() string { return fmt.Sprint("exit status ", int(e)) }

// healthReport is the result for a program.
type healthReport struct {
	State  health.State  `json:"state"` // the worst of all
	Checks []health.Line `json:"checks"`
}

// Run makes all checks and prints them.
func (c doctorCommand) Run(p *program) error {
	if err := p.checked(); err != nil {
		return err
	}
	catalogue, err := templates.NewCatalogue()
	if err != nil {
		return err
	}
	mail, err := p.mailer(catalogue)
	if err != nil {
		return err
	}
	defer func() { _ = mail.Close() }()
	store, err := p.store(p.logger(), catalogue)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	sources, err := p.healthSources(store, mail)
	if err != nil {
		return err
	}
	sources.Selectors = c.DKIMSelectors
	list := health.Look(p.ctx, sources)
	lines := health.Tell(list, func(key string, params map[string]any) string {
		return catalogue.Say(templates.DefaultLanguage, key, params)
	})
	if c.JSON {
		err = p.printJSON(healthReport{State: health.Worst(list), Checks: lines})
	} else {
		err = writeHealth(p.output, lines)
	}
	if status := doctorStatus(health.Worst(list)); err == nil && status > 0 {
		err = statusError(status)
	}
	return err
}

// writeHealth writes the checks for people: a line for each, and below it what to do.
func writeHealth(output io.Writer, lines []health.Line) error {
	marks := map[health.State]string{health.OK: "✓", health.Advice: "!", health.Problem: "✗", health.Unknown: "?"}
	for _, one := range lines {
		name := one.Title
		if one.Subject != "" {
			name += " " + printable.Text(one.Subject)
		}
		if _, err := fmt.Fprintf(output, "%s %s: %s\n", marks[one.State], name, printable.Text(one.Found)); err != nil {
			return err
		}
		if one.Advice == "" {
			continue
		}
		if _, err := fmt.Fprintf(output, "    %s\n", one.Advice); err != nil {
			return err
		}
	}
	return nil
}

// healthSources returns what the checks look at.
func (p *program) healthSources(store *models.Store, mail *mailer.Mailer) (*health.Sources, error) {
	keys, err := p.keys()
	if err != nil {
		return nil, err
	}
	file, _ := strings.CutPrefix(p.settings.Database, "sqlite:")
	folders := []string{whole(p.settings.DataDir)}
	if file == p.settings.Database {
		file = ""
	} else {
		folders = append(folders, whole(filepath.Dir(file)))
	}
	if p.settings.BackupFolder != "" {
		if _, err := os.Stat(p.settings.BackupFolder); err == nil { // it is made with the first backup
			folders = append(folders, whole(p.settings.BackupFolder))
		}
	}
	connections := p.settings.DatabaseConnections
	if connections == 0 {
		connections = database.UsualConnections(p.settings.Database)
	}
	return &health.Sources{
		PublicURL: p.settings.PublicURL, Settings: p.healthSettings(), Folders: folders, Free: freeDisk, FileKind: fileKind, Database: file,
		Stored: func(ctx context.Context) (health.Stored, error) {
			_, err := store.CompareClocks(ctx)
			facts := models.HealthFacts{}
			if err == nil {
				facts, err = store.Console.Health(ctx)
			}
			if known, ok := errors.AsType[*models.Error](err); ok && known.Err != nil {
				err = known.Err // the reason is what an operator needs
			}
			if err != nil {
				return health.Stored{}, err
			}
			return storedOf(facts, p.backupEvery(), connections), nil
		},
		Mail: health.Mail{
			Domain: mail.Domain(), Folder: mailFolder(p.settings.MailURL) != "", Development: p.settings.Development, Reach: mail.Reach,
		},
		Resolver: net.DefaultResolver, Dial: (&net.Dialer{Timeout: 5 * time.Second}).DialContext, Key: keys.Derive("arrival"), Nonce: rand.Text, Version: version, Now: p.now,
	}, nil
}

// whole returns a path from the root, or the path as it is if that is not known.
func whole(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}

// backupEvery returns the time between two scheduled backups, or 0 if the service makes none.
func (p *program) backupEvery() time.Duration {
	_, daily := p.settings.BackupTime()
	switch {
	case p.settings.BackupFolder == "":
		return 0
	case daily:
		return 24 * time.Hour
	default:
		return p.settings.BackupEvery
	}
}

// healthSettings returns the settings that can be dangerous.
func (p *program) healthSettings() health.Settings {
	s := p.settings
	mail, _ := url.Parse(s.MailURL)
	return health.Settings{
		SignUpOpen: s.SignUp == string(models.SignUpOpen), CaptchaOff: s.Captcha == handlers.CaptchaOff, AppsOpen: s.ConnectRegister == "open",
		Development: s.Development, Listen: s.Listen, LegacyMD5: s.LegacyMD5Login,
		MailPlain: mail != nil && mail.Scheme == "smtp+plain" && mail.RawQuery != "", TrustedProxies: s.TrustedPrefixes(),
	}
}

// storedOf returns the facts of the database in the form of the checks.
func storedOf(facts models.HealthFacts, every time.Duration, connections int) health.Stored {
	out := health.Stored{
		Engine: health.Engine{
			SQLite: facts.Engine.Dialect == database.SQLite, Version: facts.Engine.Version, Global: facts.Engine.Global, Session: facts.Engine.Session,
			Pool: connections,
		},
		ClockOwn: facts.Engine.Dialect != database.SQLite, ClockAhead: facts.ClockAhead,
		Backup: health.Backup{Every: every, LastAt: facts.Backup.LastAt, FailedAt: facts.Backup.FailedAt, Failure: facts.Backup.Failure},
		Queue: health.Queue{
			Waiting: facts.Mails.Queued.Number + facts.Mails.Retrying.Number, Dead: facts.Mails.Dead.Number,
			Oldest: max(facts.Mails.Queued.Oldest, facts.Mails.Retrying.Oldest),
		},
	}
	for _, a := range facts.Agents {
		out.Agents = append(out.Agents, health.Agent{
			Server: a.Name, Version: a.Version, Away: a.Away, Disabled: a.Disabled, Wrong: a.Wrong, Warnings: a.Warnings, OK: a.OK, CheckedAt: a.CheckedAt,
		})
	}
	for _, one := range facts.Certificates {
		out.Certificates = append(out.Certificates, health.Certificate{Server: one.Name, Address: one.Address, Until: one.Until})
	}
	return out
}
