package main

import (
	"errors"
	"fmt"

	"github.com/latchkey-media/latchkey/models"
)

// mailbox is the argument of the commands about invitations by mail to an address.
type mailbox struct {
	Address string `arg:"" help:"The email address."`
}

func (m mailbox) on(p *program, outcome string, work func(*models.Store) error) error {
	return p.withStore(func(store *models.Store) error {
		if err := work(store); err != nil {
			if models.KindOf(err) == models.KindInvalid {
				return errors.New("this is not one email address")
			}
			return explain(err)
		}
		_, err := fmt.Fprintf(p.output, "%s %s.\n", m.Address, outcome)
		return err
	})
}

type mailStop struct{ mailbox }

// Run stops the invitations to an address.
func (c mailStop) Run(p *program) error {
	return c.on(p, "gets no more invitations by mail", func(s *models.Store) error { return s.MailStops.StopAddress(p.ctx, c.Address) })
}

type mailAllow struct{ mailbox }

// Run allows the invitations to an address again.
func (c mailAllow) Run(p *program) error {
	return c.on(p, "gets invitations by mail", func(s *models.Store) error { return s.MailStops.AllowAddress(p.ctx, c.Address) })
}

type mailStopped struct{ mailbox }

// Run prints whether an address gets invitations.
func (c mailStopped) Run(p *program) error {
	return p.withStore(func(store *models.Store) error {
		stop, err := store.MailStops.OfAddress(p.ctx, c.Address)
		if models.KindOf(err) == models.KindInvalid {
			return errors.New("this is not one email address")
		}
		if err != nil {
			return explain(err)
		}
		outcome := "gets invitations by mail"
		if stop.Stopped {
			outcome = "has stopped invitations by mail"
		}
		_, err = fmt.Fprintf(p.output, "%s %s.\n", c.Address, outcome)
		return err
	})
}
