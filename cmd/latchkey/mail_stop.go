package main

import (
	"fmt"

	"github.com/latchkey-media/latchkey/models"
)

// mailbox is the argument of the commands about invitations by mail to an address.
type mailbox struct {
	Address string `arg:"" help:"The email address."`
}

// change carries out work, and prints the outcome as a sentence about the address.
func (m mailbox) change(p *program, outcome string, work func(*models.Store) error) error {
	return p.withStore(func(store *models.Store) error {
		if err := work(store); err != nil {
			return m.explain(err)
		}
		_, err := fmt.Fprintf(p.output, "%s %s.\n", m.Address, outcome)
		return err
	})
}

// explain returns the error of an operation as a sentence for the operator.
func (m mailbox) explain(err error) error {
	if models.KindOf(err) == models.KindInvalid {
		return fmt.Errorf("%q is not an email address", m.Address)
	}
	return explain(err)
}

type mailStop struct{ mailbox }

// Run stops the invitations to an address.
func (c mailStop) Run(p *program) error {
	return c.change(p, "gets no more invitations by mail", func(s *models.Store) error { return s.MailStops.StopAddress(p.ctx, c.Address) })
}

type mailAllow struct{ mailbox }

// Run allows the invitations to an address again.
func (c mailAllow) Run(p *program) error {
	return c.change(p, "gets invitations by mail", func(s *models.Store) error { return s.MailStops.AllowAddress(p.ctx, c.Address) })
}

type mailStopped struct{ mailbox }

// Run prints whether an address gets invitations.
func (c mailStopped) Run(p *program) error {
	return p.withStore(func(store *models.Store) error {
		stop, err := store.MailStops.OfAddress(p.ctx, c.Address)
		if err != nil {
			return c.explain(err)
		}
		outcome := "gets invitations by mail"
		if stop.Stopped {
			outcome = "has stopped invitations by mail"
		}
		_, err = fmt.Fprintf(p.output, "%s %s.\n", c.Address, outcome)
		return err
	})
}
