package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/templates"
)

type accountCommands struct {
	Create    accountCreate    `cmd:"" help:"Make an account. Its owner gets a mail with a link to choose a password."`
	Confirm   accountConfirm   `cmd:"" help:"Confirm an account without its mail."`
	Disable   accountDisable   `cmd:"" help:"Disable an account: its sessions and links end at once."`
	Enable    accountEnable    `cmd:"" help:"Enable a disabled account again."`
	Unlock    accountUnlock    `cmd:"" help:"Lift the limits that slow down or refuse sign-ins to an account."`
	Operator  accountOperator  `cmd:"" help:"Allow or forbid an account to use the pages of operators and their part of the API."`
	SendReset accountSendReset `cmd:"" name:"send-reset" help:"Mail a link to choose a new password."`
	End       accountEnd       `cmd:"" name:"end-sessions" help:"Sign an account out everywhere."`
	List      accountList      `cmd:"" help:"List accounts."`
	Delete    accountDelete    `cmd:"" help:"Erase an account and all data of the person."`
}

// named is the argument of commands that concern one account.
type named struct {
	Name string `arg:"" help:"Username, or the confirmed email address."`
}

type accountCreate struct {
	Username      string `arg:"" help:"Username."`
	Email         string `arg:"" help:"Email address."`
	DisplayName   string `name:"display-name" help:"Name that is shown; without it, the username is shown."`
	Language      string `name:"language" default:"en" help:"Language of mails and pages."`
	PasswordStdin bool   `name:"password-stdin" help:"Read the password from the standard input, for an account of your own. The address must then be confirmed by mail."`
}

// Run makes an account.
func (c accountCreate) Run(p *program) error {
	in := models.SignUp{Username: c.Username, DisplayName: c.DisplayName, Email: c.Email, Locale: c.Language}
	if c.PasswordStdin {
		line, err := bufio.NewReader(p.input).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read the password: %w", err)
		}
		in.Password = strings.TrimRight(line, "\r\n")
		if in.Password == "" {
			return errors.New("there is no password on the standard input")
		}
	}
	return p.withStore(func(store *models.Store) error {
		account, err := store.Operators.Create(p.ctx, in)
		if err != nil {
			return explain(err)
		}
		_, err = fmt.Fprintf(p.output, "Made the account %s. The running service sends a link to %s.\n", account.Username, account.Email)
		return err
	})
}

type accountConfirm struct{ named }

// Run confirms an account.
func (c accountConfirm) Run(p *program) error {
	return p.onAccount(c.Name, "is confirmed", func(s *models.Store) error {
		err := s.Operators.Confirm(p.ctx, c.Name)
		if errors.Is(err, models.ErrTokenSpent) {
			return fmt.Errorf("%s is already confirmed", c.Name)
		}
		return err
	})
}

type accountDisable struct{ named }

// Run disables an account.
func (c accountDisable) Run(p *program) error {
	return p.onAccount(c.Name, "is disabled; its sessions have ended", func(s *models.Store) error {
		return s.Operators.Disable(p.ctx, c.Name)
	})
}

type accountEnable struct{ named }

// Run enables an account.
func (c accountEnable) Run(p *program) error {
	return p.onAccount(c.Name, "is enabled", func(s *models.Store) error { return s.Operators.Enable(p.ctx, c.Name) })
}

type accountUnlock struct{ named }

// Run lifts the limits of an account.
func (c accountUnlock) Run(p *program) error {
	return p.onAccount(c.Name, "can sign in again at once", func(s *models.Store) error { return s.Operators.Unlock(p.ctx, c.Name) })
}

type accountEnd struct{ named }

// Run ends all sessions of an account.
func (c accountEnd) Run(p *program) error {
	return p.onAccount(c.Name, "is signed out everywhere", func(s *models.Store) error { return s.Operators.EndSessions(p.ctx, c.Name) })
}

type accountOperator struct {
	named
	State string `arg:"" enum:"on,off" help:"on or off."`
}

// Run makes an account an operator, or removes that right.
func (c accountOperator) Run(p *program) error {
	outcome := "is no longer an operator"
	if c.State == "on" {
		outcome = "is an operator"
	}
	return p.onAccount(c.Name, outcome, func(s *models.Store) error { return s.Operators.SetOperator(p.ctx, c.Name, c.State == "on") })
}

type accountSendReset struct{ named }

// Run puts a mail with a reset link into the outbox.
func (c accountSendReset) Run(p *program) error {
	return p.onAccount(c.Name, "gets a mail with a link to choose a new password", func(s *models.Store) error {
		return s.Operators.SendReset(p.ctx, c.Name)
	})
}

type accountDelete struct {
	named
	Yes bool `name:"yes" help:"Do not ask."`
}

// Run erases an account, after a question to the operator.
func (c accountDelete) Run(p *program) error {
	if !c.Yes {
		if _, err := fmt.Fprintf(p.output, "This erases %s and cannot be undone. To continue, type the name again: ", c.Name); err != nil {
			return err
		}
		answer, err := bufio.NewReader(p.input).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read the answer: %w", err)
		}
		if strings.TrimSpace(answer) != c.Name {
			return errors.New("not erased")
		}
	}
	return p.onAccount(c.Name, "is erased", func(s *models.Store) error { return s.Operators.Delete(p.ctx, c.Name) })
}

// onAccount runs work on one account and prints the outcome.
func (p *program) onAccount(name, outcome string, work func(*models.Store) error) error {
	return p.withStore(func(store *models.Store) error {
		if err := work(store); err != nil {
			if errors.Is(err, models.ErrNotFound) {
				return fmt.Errorf("there is no account %s (a sign-up that is not yet confirmed is found only by its username)", name)
			}
			return explain(err)
		}
		_, err := fmt.Fprintln(p.output, name, outcome+".")
		return err
	})
}

type accountList struct {
	Prefix string `arg:"" optional:"" help:"List only accounts whose username or address begins with this."`
	asJSON
}

// accountLine is an account for a program.
type accountLine struct {
	ID          string     `json:"id"`
	Username    string     `json:"username"`
	DisplayName string     `json:"display_name"`
	Email       string     `json:"email"`
	Operator    bool       `json:"operator"`
	CreatedAt   time.Time  `json:"created_at"`
	ConfirmedAt *time.Time `json:"confirmed_at"`
	DisabledAt  *time.Time `json:"disabled_at"`

	state string
}

func newAccountLine(a models.Account) accountLine {
	return accountLine{
		models.FormatID(a.ID), a.Username, a.DisplayName, a.Email, a.Operator, a.CreatedAt, momentOf(a.ConfirmedAt), momentOf(a.DisabledAt), state(a),
	}
}

// text returns the account as a line of a table.
func (a accountLine) text() string {
	return fmt.Sprintf("%s\t%s\t%s\t%s", a.Username, a.Email, a.state, inUTC(a.CreatedAt))
}

// Run lists accounts.
func (c accountList) Run(p *program) error {
	return p.withStore(func(store *models.Store) error {
		list := &listing[accountLine]{heads: "USERNAME\tEMAIL\tSTATE\tMADE", line: accountLine.text}
		const page = 200
		for after := ""; ; {
			accounts, err := store.Operators.List(p.ctx, c.Prefix, after, page)
			if err != nil {
				return explain(err)
			}
			for _, a := range accounts {
				list.rows = append(list.rows, newAccountLine(a))
			}
			if len(accounts) < page {
				return list.print(p, c.asJSON)
			}
			after = accounts[len(accounts)-1].Username
		}
	})
}

// inUTC returns a time for operators, with its zone: "2026-11-29 00:30 UTC". Operators compare it
// with the pages, the logs and the database, which use UTC, and the machine may be in any time
// zone. The zero time is "-".
func inUTC(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04 MST")
}

func state(a models.Account) string {
	switch {
	case !a.DisabledAt.IsZero():
		return "disabled"
	case a.ConfirmedAt.IsZero():
		return "not yet confirmed"
	case a.Operator:
		return "active, operator"
	default:
		return "active"
	}
}

// explain returns an error of models in the words that the pages use for it.
func explain(err error) error {
	known, ok := errors.AsType[*models.Error](err)
	if !ok {
		return err
	}
	catalogue, failed := templates.NewCatalogue()
	if failed != nil {
		return err
	}
	say := func(code string, params map[string]string) string {
		values := make(map[string]any, len(params))
		for name, value := range params {
			values[name] = value
		}
		return catalogue.Say(templates.DefaultLanguage, "error."+code, values)
	}
	if len(known.Fields) == 0 {
		return fmt.Errorf("%s (%w)", say(known.Code, known.Params), err)
	}
	texts := make([]error, len(known.Fields))
	for i, f := range known.Fields {
		text := say(f.Code, f.Params)
		if reason, found := f.Params["Reason"]; found {
			text = say(f.Code+"."+reason, f.Params)
		}
		texts[i] = fmt.Errorf("%s: %s", f.Field, text)
	}
	return errors.Join(texts...)
}
