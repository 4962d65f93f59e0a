package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// webhookCommands are about the webhooks that all operators share.
type webhookCommands struct {
	List    webhookList    `cmd:"" help:"List the webhooks of the operators."`
	Add     webhookAdd     `cmd:"" help:"Add a webhook. The token is read from standard input."`
	On      webhookOn      `cmd:"" help:"Switch a webhook on."`
	Off     webhookOff     `cmd:"" help:"Switch a webhook off."`
	Test    webhookTest    `cmd:"" help:"Send a test. The command log says what comes of it."`
	Log     webhookLog     `cmd:"" help:"List the messages of a webhook, the newest first."`
	Replay  webhookReplay  `cmd:"" help:"Send a message again."`
	Address webhookAddress `cmd:"" help:"Give a webhook another address. The token is read from standard input."`
	Secret  webhookSecret  `cmd:"" help:"Replace the secret of the signatures, and print the new one."`
	Remove  webhookRemove  `cmd:"" help:"Delete a webhook."`
}

// byCommandLine is who acts on the webhooks of the operators.
func byCommandLine() models.WebhookBy {
	return models.WebhookBy{AccountID: models.CommandLine, Operator: true}
}

type webhookList struct{ asJSON }

// webhookLine is a webhook for a program.
type webhookLine struct {
	ID           string     `json:"id"`
	Name         string     `json:"name"`
	Form         string     `json:"form"`
	Address      string     `json:"address"` // without what may be secret in it
	Events       []string   `json:"events"`
	Language     string     `json:"language"`
	OffReason    string     `json:"off_reason"` // "" while it is on
	FailingSince *time.Time `json:"failing_since"`
	CreatedAt    time.Time  `json:"created_at"`
}

func webhookLineOf(w models.Webhook) webhookLine {
	line := webhookLine{models.FormatID(w.ID), w.Name, w.Form, w.Place, nil, w.Locale, w.OffReason, momentOf(w.FailingSince), w.CreatedAt}
	for _, kind := range w.Events {
		line.Events = append(line.Events, string(kind))
	}
	return line
}

// Run lists the webhooks.
func (c webhookList) Run(p *program) error {
	return p.withStore(func(store *models.Store) error {
		found, err := store.Webhooks.List(p.ctx, byCommandLine())
		if err != nil {
			return explain(err)
		}
		list := &listing[webhookLine]{heads: "ID\tNAME\tFORM\tADDRESS\tOFF\tEVENTS", line: func(w webhookLine) string {
			return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s", w.ID, w.Name, w.Form, w.Address, orDash(w.OffReason), strings.Join(w.Events, ","))
		}}
		for _, one := range found {
			list.rows = append(list.rows, webhookLineOf(one))
		}
		return list.print(p, c.asJSON)
	})
}

// webhookPlace has the flags that say where messages go.
type webhookPlace struct {
	Address string `name:"address" help:"Where the messages go; nothing for Telegram."`
	Room    string `name:"room" help:"The room of Matrix or the chat of Telegram."`
	Token   bool   `name:"token" help:"Read the token from the first line of standard input."`
}

// target returns where messages go.
func (w webhookPlace) target(p *program) (models.WebhookTarget, error) {
	target := models.WebhookTarget{Address: w.Address, Room: w.Room}
	if !w.Token {
		return target, nil
	}
	_, err := fmt.Fscanln(p.input, &target.Token)
	if err != nil {
		return target, fmt.Errorf("read the token from standard input: %w", err)
	}
	return target, nil
}

type webhookAdd struct {
	asJSON
	webhookPlace
	Name     string   `arg:"" help:"Name of the webhook."`
	Form     string   `name:"form" default:"signed" help:"signed, ntfy, gotify, discord, matrix or telegram."`
	Events   []string `name:"events" help:"What it hears of, separated by commas; everything without this flag."`
	Language string   `name:"language" default:"en" help:"Language of the messages."`
}

// Run adds a webhook.
func (c webhookAdd) Run(p *program) error {
	target, err := c.target(p)
	if err != nil {
		return err
	}
	choices := models.WebhookChoices{Name: c.Name, Locale: c.Language}
	for _, kind := range c.Events {
		choices.Events = append(choices.Events, models.HappenedKind(kind))
	}
	if len(c.Events) == 0 {
		choices.Events = models.HappenedKinds(true)
	}
	return p.withStore(func(store *models.Store) error {
		made, secret, err := store.Webhooks.Make(p.ctx, byCommandLine(), models.NewWebhook{Form: c.Form, WebhookChoices: choices, WebhookTarget: target}, models.Caller{})
		if err != nil {
			return explain(err)
		}
		if c.JSON {
			return p.printJSON(struct {
				webhookLine
				Secret string `json:"secret"`
			}{webhookLineOf(made), secret})
		}
		_, err = fmt.Fprintf(p.output, "The webhook %s is on.\n", models.FormatID(made.ID))
		if err == nil && secret != "" {
			_, err = fmt.Fprintf(p.output, "The secret of its signatures, which is not shown again: %s\n", secret)
		}
		return err
	})
}

// oneWebhook is the argument of commands about one webhook.
type oneWebhook struct {
	ID int64 `arg:"" help:"Id of the webhook, see latchkey operator webhooks list."`
}

// do calls an operation, and prints what was done.
func (w oneWebhook) do(p *program, said string, operation func(store *models.Store) error) error {
	return p.withStore(func(store *models.Store) error {
		if err := operation(store); err != nil {
			return explain(err)
		}
		_, err := fmt.Fprintln(p.output, said)
		return err
	})
}

type webhookOn struct{ oneWebhook }

// Run switches a webhook on.
func (c webhookOn) Run(p *program) error {
	return c.do(p, "The webhook is on.", func(store *models.Store) error {
		return store.Webhooks.Switch(p.ctx, byCommandLine(), c.ID, true, models.Caller{})
	})
}

type webhookOff struct{ oneWebhook }

// Run switches a webhook off.
func (c webhookOff) Run(p *program) error {
	return c.do(p, "The webhook is off.", func(store *models.Store) error {
		return store.Webhooks.Switch(p.ctx, byCommandLine(), c.ID, false, models.Caller{})
	})
}

type webhookTest struct{ oneWebhook }

// Run sends a test.
func (c webhookTest) Run(p *program) error {
	return c.do(p, "The running service sends the test now.", func(store *models.Store) error {
		return store.Webhooks.Test(p.ctx, byCommandLine(), c.ID)
	})
}

type webhookRemove struct{ oneWebhook }

// Run deletes a webhook.
func (c webhookRemove) Run(p *program) error {
	return c.do(p, "The webhook is deleted.", func(store *models.Store) error {
		return store.Webhooks.Delete(p.ctx, byCommandLine(), c.ID, models.Caller{})
	})
}

type webhookReplay struct {
	oneWebhook
	Delivery int64 `arg:"" help:"Id of the message, see latchkey operator webhooks log."`
}

// Run sends a message again.
func (c webhookReplay) Run(p *program) error {
	return c.do(p, "The running service sends the message again.", func(store *models.Store) error {
		return store.Webhooks.Replay(p.ctx, byCommandLine(), c.ID, c.Delivery)
	})
}

type webhookAddress struct {
	oneWebhook
	webhookPlace
}

// Run gives a webhook another address.
func (c webhookAddress) Run(p *program) error {
	target, err := c.target(p)
	if err != nil {
		return err
	}
	return c.do(p, "The webhook has another address.", func(store *models.Store) error {
		return store.Webhooks.Aim(p.ctx, byCommandLine(), c.ID, target, models.Caller{})
	})
}

type webhookSecret struct{ oneWebhook }

// Run replaces the secret of the signatures.
func (c webhookSecret) Run(p *program) error {
	return p.withStore(func(store *models.Store) error {
		secret, err := store.Webhooks.ReplaceSecret(p.ctx, byCommandLine(), c.ID, models.Caller{})
		if err != nil {
			return explain(err)
		}
		_, err = fmt.Fprintln(p.output, secret)
		return err
	})
}

type webhookLog struct {
	asJSON
	oneWebhook
}

// deliveryLine is a message for a webhook, for a program.
type deliveryLine struct {
	ID        string     `json:"id"`
	Event     string     `json:"event"`
	State     string     `json:"state"`
	Attempts  int        `json:"attempts"`
	NextAt    *time.Time `json:"next_at"`
	Reason    string     `json:"reason"`
	Status    int        `json:"status"`
	Answer    string     `json:"answer"`
	CreatedAt time.Time  `json:"created_at"`
}

// Run lists the messages of a webhook.
func (c webhookLog) Run(p *program) error {
	return p.withStore(func(store *models.Store) error {
		found, err := store.Webhooks.Deliveries(p.ctx, byCommandLine(), c.ID)
		if err != nil {
			return explain(err)
		}
		list := &listing[deliveryLine]{heads: "ID\tWHEN\tEVENT\tSTATE\tTRIES\tSTATUS\tREASON", line: func(d deliveryLine) string {
			return fmt.Sprintf("%s\t%s\t%s\t%s\t%d\t%d\t%s", d.ID, inUTC(d.CreatedAt), d.Event, d.State, d.Attempts, d.Status, orDash(d.Reason))
		}}
		for _, d := range found {
			list.rows = append(list.rows, deliveryLine{models.FormatID(d.ID), string(d.Kind), d.State, d.Attempts, momentOf(d.NextAt), d.Reason, d.Status, d.Answer, d.CreatedAt})
		}
		return list.print(p, c.asJSON)
	})
}
