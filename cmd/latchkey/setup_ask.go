package main

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"strings"

	"github.com/latchkey-media/latchkey/config"
	"github.com/latchkey-media/latchkey/mailer"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/templates"
)

type setupAsk struct{}

// Run asks the questions of the first run in a terminal. The service may run meanwhile.
func (setupAsk) Run(p *program) error {
	p.makesKey = true
	return p.withPrepared(nil, func(store *models.Store) error {
		values, err := store.OperatorSettings.All(p.ctx)
		if err != nil {
			return err
		}
		with := p.withConsole(values)
		if err := with.mistaken(); err != nil {
			return err
		}
		store.Choose(with.choices())
		open, err := store.Setups.Begin(p.ctx, len(p.loaded.Missing()) > 0, len(with.loaded.Missing()) > 0)
		if err != nil {
			return explain(err)
		}
		if !open {
			return errSetUp
		}
		_, pass, err := store.Setups.Code(p.ctx)
		if err != nil {
			return explain(err)
		}
		r := &firstRun{program: p, asker: newAsker(p.ctx, p.input, p.output), store: store, pass: pass, values: values}
		return r.run()
	})
}

var errSetUp = errors.New("the service is set up; operators change its settings on the page Settings of the console, and 'latchkey operator set' does it here")

// firstRun is a first run in a terminal.
type firstRun struct {
	*program
	*asker

	store  *models.Store
	pass   string
	values map[string]string // the settings that operators have set
}

// run asks for everything, and finishes the set-up if nothing is missing then.
func (r *firstRun) run() error {
	if err := r.say("This sets the service up. Press Enter to keep a value in brackets, or to skip a step. If a value does not work, you are asked again.\n"); err != nil {
		return err
	}
	steps := []func() error{
		r.account,
		func() error { return r.settings(models.SetupName, "service-name", "operator-name", "security-contact") },
		func() error { return r.settings(models.SetupAddress, "public-url", "trusted-proxies") },
		r.mail,
		func() error { return r.settings(models.SetupCaptcha, "captcha") },
		func() error { return r.settings(models.SetupSignUp, "sign-up") },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	with := r.withConsole(r.values)
	if missing := with.loaded.Missing(); len(missing) > 0 {
		return r.say(fmt.Sprintf("\nThe service still lacks %s. Call 'latchkey setup' again, or go on in a browser ('latchkey setup code').", strings.Join(missing, ", ")))
	}
	if err := r.store.Setups.Finish(r.program.ctx, r.pass); err != nil {
		return explain(err)
	}
	return r.say("\n✓ The service is set up: " + with.settings.PublicURL + "\nA service that runs notices it within a minute. A claim code for the first media server is on the page “Add a media server”.")
}

// account makes the first operator.
func (r *firstRun) account() error {
	setup, err := r.store.Setups.Look(r.program.ctx, r.pass)
	if err != nil {
		return explain(err)
	}
	if setup.Operators {
		return r.say("✓ There is an account that runs the service.")
	}
	for done := false; !done && err == nil; {
		done, err = r.askAccount()
	}
	return err
}

// askAccount asks once for the account. It reports whether there is nothing more to ask.
func (r *firstRun) askAccount() (done bool, err error) {
	in := models.SignUp{Locale: templates.DefaultLanguage}
	if in.Username, err = r.ask("Username of the account that runs the service: "); err != nil || in.Username == "" {
		return true, err
	}
	if in.Email, err = r.ask("Its email address: "); err != nil {
		return false, err
	}
	if in.Password, err = r.hidden("Its password: "); err != nil {
		return false, err
	}
	again, err := r.hidden("The same password again: ")
	if err != nil {
		return false, err
	}
	if again != in.Password {
		return false, r.say("The two passwords differ.")
	}
	_, err = r.store.Setups.MakeOperator(r.program.ctx, r.pass, in, models.Caller{})
	switch {
	case err == nil:
		return true, r.say("✓ The account " + in.Username + " runs the service.")
	case models.KindOf(err) == models.KindInternal:
		return false, err
	default:
		return false, r.say(explain(err).Error())
	}
}

// settings asks for settings, each until its value is good.
func (r *firstRun) settings(step models.SetupStep, names ...string) error {
	for _, name := range names {
		if err := r.setting(step, name); err != nil {
			return err
		}
	}
	return nil
}

func (r *firstRun) setting(step models.SetupStep, name string) error {
	for {
		now := r.inForce(name)
		if !now.Console {
			return r.say(fmt.Sprintf("%s: %s (from %s)", name, now.Value, now.Origin))
		}
		choices := ""
		if now.Choices != nil {
			choices = ", one of " + strings.Join(now.Choices, ", ")
		}
		value, err := r.ask(fmt.Sprintf("%s%s [%s]: ", name, choices, now.Text))
		if err != nil || strings.TrimSpace(value) == "" {
			return err
		}
		saved, err := r.save(step, map[string]string{name: value})
		if err != nil || saved {
			return err
		}
	}
}

// inForce returns a setting as it is now.
func (r *firstRun) inForce(name string) config.InForce {
	for _, one := range r.withConsole(r.values).loaded.InForce() {
		if one.Name == name {
			return one
		}
	}
	return config.InForce{Name: name}
}

// save checks values and saves them. It reports whether they were good; otherwise it has said why not.
func (r *firstRun) save(step models.SetupStep, values map[string]string) (saved bool, err error) {
	all := maps.Clone(r.values)
	maps.Copy(all, values)
	wrong := r.withConsole(all).loaded.Problems()
	var changes []models.SettingChange
	for name, value := range values {
		if text := wrong[name]; text != "" {
			return false, r.say(name + ": " + text)
		}
		changes = append(changes, models.SettingChange{
			Name: name, Value: strings.TrimSpace(value), Secret: config.IsSecret(name), Announce: strings.HasPrefix(name, "mail-"),
		})
	}
	if err := r.store.Setups.Change(r.program.ctx, r.pass, step, changes, models.Caller{}); err != nil {
		return false, explain(err)
	}
	r.values = all
	return true, nil
}

// mail asks for the mail server by its parts, sends a mail, and saves the settings if the mail server takes it.
func (r *firstRun) mail() error {
	if !r.inForce("mail-url").Console {
		return r.settings(models.SetupMail, "mail-url", "mail-from")
	}
	var err error
	for done := false; !done && err == nil; {
		done, err = r.mailOnce()
	}
	return err
}

// mailOnce asks once for the mail server, and tries it. It reports whether there is nothing more to ask.
func (r *firstRun) mailOnce() (done bool, err error) {
	values, to, err := r.askMail()
	if err != nil || values == nil {
		return true, err
	}
	problem, err := r.sendMail(values, to)
	if err != nil {
		return false, err
	}
	if problem != "" {
		return false, r.say("✗ " + problem)
	}
	saved, err := r.save(models.SetupMail, values)
	if err != nil || !saved {
		return false, err
	}
	return true, r.click(to)
}

// askMail asks for the parts. It returns nil if the person skips the step.
func (r *firstRun) askMail() (values map[string]string, to string, err error) {
	answers := map[string]string{}
	for _, question := range [][2]string{
		{"server", "Mail server, such as mail.example.org (Enter skips mail): "},
		{"encryption", "Encryption: smtp for STARTTLS, smtps for TLS, smtp+plain for none on this machine [smtp]: "},
		{"port", "Port (Enter for the usual one): "},
		{"user", "User of the mail server (Enter for none): "},
		{"password", "Password of the mail server (Enter for none): "},
		{"from", "Sender of the mails, such as Latchkey <latchkey@example.org>: "},
		{"to", "Send a mail now to: "},
	} {
		ask := r.ask
		if question[0] == "password" {
			ask = r.hidden
		}
		answer, err := ask(question[1])
		if err != nil {
			return nil, "", err
		}
		if question[0] != "password" {
			answer = strings.TrimSpace(answer)
		}
		if answers[question[0]] = answer; question[0] == "server" && answer == "" {
			return nil, "", nil
		}
	}
	u := url.URL{Scheme: answers["encryption"], Host: answers["server"]}
	if u.Scheme == "" {
		u.Scheme = "smtp"
	}
	if answers["port"] != "" {
		u.Host = net.JoinHostPort(answers["server"], answers["port"])
	}
	if answers["user"] != "" {
		u.User = url.UserPassword(answers["user"], answers["password"])
	}
	return map[string]string{"mail-url": u.String(), "mail-from": answers["from"]}, answers["to"], nil
}

// sendMail sends the mail. It returns what went wrong in words.
func (r *firstRun) sendMail(values map[string]string, to string) (problem string, err error) {
	all := maps.Clone(r.values)
	maps.Copy(all, values)
	with := r.withConsole(all)
	for _, name := range []string{"mail-url", "mail-from"} {
		if text := with.loaded.Problems()[name]; text != "" {
			return name + ": " + text, nil
		}
	}
	if err := mailer.CheckAddress(to); err != nil {
		return to + ": " + err.Error(), nil //nolint:nilerr // the person reads it
	}
	catalogue, err := templates.NewCatalogue()
	if err != nil {
		return "", err
	}
	text, err := r.store.Setups.SendMail(r.program.ctx, r.pass, to)
	if err != nil {
		return "", explain(err)
	}
	if err := r.tryMail(r.program.ctx, catalogue, all, models.Letter{To: to, Locale: templates.DefaultLanguage, Secret: text}); err != nil {
		return err.Error(), nil //nolint:nilerr // the person reads it
	}
	return "", nil
}

// click waits until the person has opened the link in the mail, and says whether the service noticed it.
func (r *firstRun) click(to string) error {
	if err := r.say("✓ The mail server took the mail to " + to + ". Open its link while the service runs; it shows that the public address leads to it."); err != nil {
		return err
	}
	if _, err := r.ask("Press Enter to go on: "); err != nil {
		return err
	}
	setup, err := r.store.Setups.Look(r.program.ctx, r.pass)
	if err != nil {
		return explain(err)
	}
	if setup.MailSeenAt.IsZero() {
		return r.say("The link has not been opened yet. Look in the spam folder, too.")
	}
	return r.say("✓ The mail has arrived, and its link leads to the service.")
}
