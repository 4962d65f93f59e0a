package main

import (
	"fmt"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// operatorMessages are the commands about messages to everybody.
type operatorMessages struct {
	List     operatorMessageList     `cmd:"" default:"withargs" help:"List the messages to everybody, the newest first."`
	Make     operatorMessageMake     `cmd:"" help:"Show a message above all pages, and mail it if wanted."`
	Withdraw operatorMessageWithdraw `cmd:"" help:"Take a message off the pages and stop its mails."`
}

// messageLine is a message to everybody for a program.
type messageLine struct {
	ID          string                        `json:"id"`
	Kind        string                        `json:"kind"`
	Texts       map[string]models.MessageText `json:"texts"` // by language
	ToStrangers bool                          `json:"to_strangers"`
	From        time.Time                     `json:"from"`
	Until       time.Time                     `json:"until"`
	WithdrawnAt *time.Time                    `json:"withdrawn_at"`
	MailState   string                        `json:"mail_state"`
	MailTotal   int                           `json:"mail_total"`
	MailWritten int                           `json:"mail_written"`

	title string
}

func newMessageLine(m models.Message) messageLine {
	text, _ := m.In("en", "en")
	return messageLine{
		ID: models.FormatID(m.ID), Kind: m.Kind, Texts: m.Texts, ToStrangers: m.ToStrangers, From: m.From, Until: m.Until, WithdrawnAt: momentOf(m.Withdrawn),
		MailState: m.MailState, MailTotal: m.MailTotal, MailWritten: m.MailCount, title: text.Title,
	}
}

// text returns the message as a line of a table.
func (m messageLine) text() string {
	until := inUTC(m.Until)
	if m.WithdrawnAt != nil {
		until = "withdrawn"
	}
	mails := "-"
	if m.MailState != models.MessageMailNone {
		mails = fmt.Sprintf("%d of %d, %s", m.MailWritten, m.MailTotal, m.MailState)
	}
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s", m.ID, m.Kind, inUTC(m.From), until, mails, m.title)
}

func newMessageListing() *listing[messageLine] {
	return &listing[messageLine]{heads: "ID\tKIND\tFROM\tUNTIL\tMAILS\tTITLE", line: messageLine.text}
}

type operatorMessageList struct {
	asJSON
	Most int `name:"most" default:"100" help:"How many at most."`
}

// Run lists messages to everybody.
func (c operatorMessageList) Run(p *program) error {
	return p.withStore(func(store *models.Store) error {
		found, err := store.OperatedMessages.List(p.ctx, models.MessagesAsk{Most: c.Most})
		if err != nil {
			return explain(err)
		}
		list := newMessageListing()
		for _, one := range found {
			list.rows = append(list.rows, newMessageLine(one))
		}
		return list.print(p, c.asJSON)
	})
}

type operatorMessageMake struct {
	asJSON
	Title       map[string]string `name:"title" required:"" mapsep:"none" help:"Title, with its language: en=Maintenance tonight. Once for each language."`
	Text        map[string]string `name:"text" mapsep:"none" help:"Text below the title, with its language."`
	Kind        string            `name:"kind" default:"information" enum:"information,warning" help:"information or warning."`
	From        string            `name:"from" help:"When pages begin to show it, in UTC, as 2026-12-31T22:00. Without one it is now."`
	Until       string            `name:"until" required:"" help:"When pages cease to show it, in the same form."`
	ToStrangers bool              `name:"to-strangers" help:"Also show it to people who are not signed in."`
	Mail        bool              `name:"mail" help:"Mail it once to everybody who has an address."`
}

// Run makes a message to everybody.
func (c operatorMessageMake) Run(p *program) error {
	in := models.NewMessage{Kind: c.Kind, ToStrangers: c.ToStrangers, ByMail: c.Mail, Texts: map[string]models.MessageText{}}
	for language, title := range c.Title {
		in.Texts[language] = models.MessageText{Title: title, Text: c.Text[language]}
	}
	for language, text := range c.Text {
		in.Texts[language] = models.MessageText{Title: c.Title[language], Text: text}
	}
	for text, into := range map[string]*time.Time{c.From: &in.From, c.Until: &in.Until} {
		if text == "" {
			continue
		}
		var err error
		if *into, err = time.ParseInLocation("2006-01-02T15:04", text, time.UTC); err != nil {
			return fmt.Errorf("%s is no time: write it as 2026-12-31T22:00", text)
		}
	}
	return p.withStore(func(store *models.Store) error {
		made, err := store.OperatedMessages.Create(p.ctx, models.CommandLine, in)
		if err != nil {
			return explain(err)
		}
		line := newMessageLine(made)
		if c.JSON {
			return p.printJSON(line)
		}
		list := newMessageListing()
		list.rows = append(list.rows, line)
		return list.print(p, c.asJSON)
	})
}

type operatorMessageWithdraw struct {
	ID int64 `arg:"" help:"Id of the message, from 'latchkey operator messages'."`
}

// Run withdraws a message to everybody.
func (c operatorMessageWithdraw) Run(p *program) error {
	return p.withStore(func(store *models.Store) error {
		if err := store.OperatedMessages.Withdraw(p.ctx, models.CommandLine, c.ID); err != nil {
			return explain(err)
		}
		_, err := fmt.Fprintln(p.output, "Pages show the message no longer, and its mails are stopped.")
		return err
	})
}
