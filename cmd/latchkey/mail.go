package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/latchkey-media/latchkey/mailer"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/templates"
)

type mailCommands struct {
	Test  mailTest  `cmd:"" help:"Send a test mail at once and print whether it was sent."`
	List  mailList  `cmd:"" help:"List the mails that wait to be sent, and the mails that could not be sent."`
	Retry mailRetry `cmd:"" help:"Try to send a mail again at once."`
	Drop  mailDrop  `cmd:"" help:"Delete a mail without sending it."`

	Stop    mailStop    `cmd:"" help:"Send no more invitations to an address, because its owner asks for that."`
	Allow   mailAllow   `cmd:"" help:"Send invitations to an address again, because its owner asks for that."`
	Stopped mailStopped `cmd:"" help:"Print whether an address gets invitations."`
}

type mailTest struct {
	Address  string `arg:"" help:"Address to which the mail is sent."`
	Language string `name:"language" default:"en" help:"Language of the mail."`
}

// Run sends a test mail without the queue, so that it can print the outcome.
func (c mailTest) Run(p *program) error {
	if err := p.checked(); err != nil {
		return err
	}
	if err := p.peekConsole(); err != nil {
		return err
	}
	if err := p.whole(); err != nil {
		return err
	}
	if err := mailer.CheckAddress(c.Address); err != nil {
		return fmt.Errorf("%s: %w", c.Address, err)
	}
	catalogue, err := templates.NewCatalogue()
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(catalogue.Languages(), func(l templates.Language) bool { return l.Code == c.Language }) {
		return fmt.Errorf("there are no mails in the language %q", c.Language)
	}
	sender, err := p.mailer(catalogue)
	if err != nil {
		return err
	}
	defer func() { _ = sender.Close() }() // whether the mail was sent does not depend on the answer to QUIT
	letter := mailer.Letter{ID: "test-" + rand.Text(), Kind: "test", To: c.Address, Locale: c.Language, At: time.Now()}
	if err := sender.Send(p.ctx, letter); err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.output, "The mail server accepted the mail. Look for it in the mailbox, also in the spam folder.")
	return err
}

type mailList struct{ asJSON }

// mailLine is a mail in the queue for a program.
type mailLine struct {
	ID       string     `json:"id"`
	Kind     string     `json:"kind"`
	To       string     `json:"to"`    // an address, or "account" and an id
	State    string     `json:"state"` // waits, given up or is being sent
	Attempts int        `json:"attempts"`
	OwedAt   time.Time  `json:"owed_at"`
	NextAt   *time.Time `json:"next_at"` // null for a mail that is given up or being sent
	Reason   string     `json:"reason"`

	next, why string
}

// Run lists the queue.
func (c mailList) Run(p *program) error {
	return p.withStore(func(store *models.Store) error {
		const most = 1000
		mails, err := store.Mail.List(p.ctx, most)
		if err != nil {
			return explain(err)
		}
		list := &listing[mailLine]{heads: "ID\tKIND\tTO\tSTATE\tTRIES\tOWED\tNEXT TRY\tWHY", line: mailLine.text}
		for _, m := range mails {
			list.rows = append(list.rows, newMailLine(m, store.Now()))
		}
		return list.print(p, c.asJSON)
	})
}

// text returns the mail as a line of a table.
func (m mailLine) text() string {
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s", m.ID, m.Kind, m.To, m.State, m.Attempts, inUTC(m.OwedAt), m.next, m.why)
}

// newMailLine returns the line of one mail, with the reason why it was not sent yet.
func newMailLine(m models.QueuedMail, now time.Time) mailLine {
	line := mailLine{
		ID: models.FormatID(m.ID), Kind: string(m.Kind), To: m.To, State: "waits", Attempts: m.Attempts, OwedAt: m.OwedAt, NextAt: momentOf(m.DueAt),
		Reason: m.LastError, next: inUTC(m.DueAt), why: strconv.Quote(m.LastError),
	}
	switch {
	case m.Dead:
		line.State, line.next, line.NextAt = "given up", "-", nil
	case m.Sending:
		line.State, line.next, line.NextAt = "is being sent", "-", nil
	case !m.DueAt.After(now):
		line.next = "now"
	}
	switch {
	case m.LastError != "":
	case m.Sending:
		line.why = "the mail server has been asked for the first time and has not answered yet"
	default:
		line.why = "not tried yet: the service does not run, or sends other mails first"
	}
	if line.To == "" && m.AccountID != 0 {
		line.To = fmt.Sprint("account ", m.AccountID)
	}
	return line
}

// numbered is the argument of commands that concern one mail.
type numbered struct {
	ID string `arg:"" help:"Id of the mail, from 'latchkey mail list'."`
}

func (n numbered) on(p *program, outcome string, work func(*models.Store, int64) error) error {
	id, err := strconv.ParseInt(n.ID, 10, 64)
	if err != nil {
		return fmt.Errorf("%q is not the id of a mail", n.ID)
	}
	return p.withStore(func(store *models.Store) error {
		if err := work(store, id); err != nil {
			if errors.Is(err, models.ErrNotFound) {
				return fmt.Errorf("there is no mail %d", id)
			}
			if errors.Is(err, models.ErrTokenSpent) {
				return fmt.Errorf("the link of mail %d has expired: the person has to ask for it again, and you can drop this mail", id)
			}
			return explain(err)
		}
		_, err := fmt.Fprintf(p.output, "Mail %d %s.\n", id, outcome)
		return err
	})
}

type mailRetry struct{ numbered }

// Run makes a mail due at once.
func (c mailRetry) Run(p *program) error {
	return c.on(p, "will be sent at once by the running service", func(s *models.Store, id int64) error { return s.OperatedMails.Retry(p.ctx, models.CommandLine, id) })
}

type mailDrop struct{ numbered }

// Run deletes a mail without sending it.
func (c mailDrop) Run(p *program) error {
	return c.on(p, "is deleted", func(s *models.Store, id int64) error { return s.OperatedMails.Drop(p.ctx, models.CommandLine, id) })
}
