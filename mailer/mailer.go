// Package mailer writes the service's mails from templates and hands them to a
// transport. It knows nothing of accounts or databases.
package mailer

import (
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"
)

// Letter is a mail that is not yet put into words; [Mailer] makes a [Message]
// of it.
type Letter struct {
	ID          string // the same at every retry: letters, digits and hyphens; the left side of the Message-ID
	Kind        string // one of [Kinds]
	To          string // one bare address
	Locale      string // "en", "de"
	Secret      string // goes into the link of the kind; "" for a mail without a secret
	Facts       Facts
	ToStrangers bool      // the mail can reach a person whom it does not concern: it shows no name that could be a message
	At          time.Time // when the mail was owed: its Date
}

// Facts are what a mail may tell. A fact that the kind does not have, or that
// is not known, is zero. They were typed by people: the mailer shows only what
// is fit to be shown.
type Facts struct {
	Username    string
	DisplayName string
	Email       string // that a change is about, perhaps with a part of it hidden
	Address     string // the IP address from which something was done
	Device      string // "Firefox on Windows"
	At          time.Time
	Until       time.Time // when the secret runs out
	What        string    // one of the kind's variants
	Server      string    // the name of a media server, or of several
	Person      string    // the username of the other person who has to do with it
	Note        string    // what an owner wrote to a person whom they invite
}

// Message is a mail that is written. All of it is safe to send.
type Message struct {
	ID      string // of the letter
	Kind    string // of the letter
	From    netmail.Address
	To      string // one bare address
	Subject string
	Text    string
	HTML    string
	At      time.Time
}

// MessageID is the value of the Message-ID header without its angle brackets.
func (m Message) MessageID() string {
	return m.ID + "@" + m.From.Address[strings.LastIndexByte(m.From.Address, '@')+1:]
}

// Transport delivers messages: [SMTP] and [Directory], and a recorder in tests.
type Transport interface {
	// Send delivers m. An error for which [Permanent] holds says that trying
	// again is of no use.
	Send(ctx context.Context, m Message) error
}

// Mailer writes mails and sends them. It may be used by many goroutines at once.
type Mailer struct {
	Transport   Transport
	From        string // "accounts@example.org" or "Accounts <accounts@example.org>"
	ServiceName string
	PublicURL   string // every link starts with it
	Templates   *Templates
}

// Check says what is wrong with the mailer's settings, so that a service does
// not start with some that can send nothing.
func (m *Mailer) Check() error {
	if _, err := m.sender(); err != nil {
		return err
	}
	if !strings.HasPrefix(m.PublicURL, "https://") && !strings.HasPrefix(m.PublicURL, "http://") {
		return errors.New("mails need a public URL that starts with https:// or http://")
	}
	return nil
}

// Send writes l and sends it. [Permanent] tells whether the error is final: the
// address or the letter can never work.
func (m *Mailer) Send(ctx context.Context, l Letter) error {
	message, err := m.write(l)
	if err != nil {
		return fmt.Errorf("write mail %s: %w", l.Kind, err)
	}
	if err := m.Transport.Send(ctx, message); err != nil {
		return fmt.Errorf("send mail %s: %w", l.Kind, err)
	}
	return nil
}

// sender is the address that mails come from; one without a name gets the
// service's.
func (m *Mailer) sender() (netmail.Address, error) {
	from, err := netmail.ParseAddress(m.From)
	if err != nil || CheckAddress(from.Address) != nil {
		return netmail.Address{}, errors.New("the address that mails come from is not one address like accounts@example.org")
	}
	if from.Name == "" {
		from.Name = m.ServiceName
	}
	from.Name = inert(from.Name, 100)
	return *from, nil
}

// permanentError says that trying again is of no use.
type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }

func permanent(format string, args ...any) error {
	return &permanentError{err: fmt.Errorf(format, args...)}
}

// Permanent reports whether err of a Send is final: the recipient's server
// refused the recipient or the mail with a 5xx, or the letter can never work.
// Everything else is worth another try: networks and settings get mended.
func Permanent(err error) bool {
	_, ok := errors.AsType[*permanentError](err)
	return ok
}
