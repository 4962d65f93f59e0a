// Package mailer writes the service's mails from templates and gives them to a
// transport. It uses no database.
package mailer

import (
	"context"
	"errors"
	"fmt"
	"io"
	netmail "net/mail"
	"strings"
	"time"
)

// Letter holds the data of a mail, from which [Mailer] writes a [Message].
type Letter struct {
	ID          string // the same at every retry: letters, digits and hyphens; the left side of the Message-ID
	Kind        string // one of [Kinds]
	To          string // one bare address
	Locale      string // "en", "de"
	Secret      string // goes into the mail's link; "" for a mail without a secret
	Facts       Facts
	TimeZone    string    // in which times are told, "Europe/Berlin"; "" for UTC
	Stop        string    // the token of the link that stops such mails; "" for a mail that cannot be stopped
	ToStrangers bool      // the mail can reach a person whom it does not concern: it shows no name that could be a message
	ToGuardian  bool      // it goes to a guardian of the account that it is about, which has no address
	At          time.Time // when the mail was put into the outbox: its Date
}

// Facts are the facts in mails. A fact that the kind does not have, or that is not known, is zero.
// People typed the facts, so the mailer shows only those that may be shown.
type Facts struct {
	Username    string
	DisplayName string
	Email       string // the old or new address of a change, perhaps with a part of it hidden
	Address     string // the IP address from which something was done
	Device      string // "Firefox on Windows"
	At          time.Time
	Until       time.Time // when the secret runs out
	What        string    // one of the kind's variants
	Server      string    // the name of a media server, or of several
	Person      string    // the username of the other person whom the mail concerns
	PersonName  string    // the display name of that person
	Note        string    // the text of an owner to a person whom they invite, or a message of the operators to everybody
	Problems    string    // what is wrong at a server: a JSON list of problems, see details
	Family      bool      // an invite is for the whole family of the person
	Webhook     string    // the name of a webhook, which its owner has chosen
	Ends        time.Time // when a stay at a server, or the pause of one, ends
}

// Message is a finished mail. All of it is safe to send.
type Message struct {
	ID      string // of the letter
	Kind    string // of the letter
	From    netmail.Address
	To      string // one bare address
	Subject string
	Text    string
	HTML    string
	Stop    string // the address to which a mail program posts the form of RFC 8058; "" for none
	At      time.Time
}

// MessageID returns the value of the Message-ID header without its angle brackets.
func (m Message) MessageID() string {
	return m.ID + "@" + domainOf(m.From.Address)
}

// domainOf returns the part of an address behind the @.
func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

// Transport delivers messages. [SMTP] and [Directory] are transports, and so is the recorder of
// tests.
type Transport interface {
	// Send delivers m. If [Permanent] is true for its error, another attempt would
	// fail too.
	Send(ctx context.Context, m Message) error
}

// Mailer writes mails and sends them. It may be used by many goroutines at once.
type Mailer struct {
	Transport   Transport
	From        string // "accounts@example.org" or "Accounts <accounts@example.org>"
	ServiceName string
	// OperatorName is the name of the person or group that runs the service. It stands below
	// each mail. With "" the mails do not say who runs the service.
	OperatorName string
	PublicURL    string // every link starts with it
	Templates    *Templates
}

// Check returns what is wrong with the mailer's settings, so that a service does not
// start with settings that cannot send any mail.
func (m *Mailer) Check() error {
	if _, err := m.sender(); err != nil {
		return err
	}
	if !strings.HasPrefix(m.PublicURL, "https://") && !strings.HasPrefix(m.PublicURL, "http://") {
		return errors.New("mails need a public URL that starts with https:// or http://")
	}
	return nil
}

// Send writes the mail for l and sends it. If [Permanent] is true for its error, every further
// attempt would fail too, because of the address or the letter.
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

// Preview writes the mail for l and does not send it.
func (m *Mailer) Preview(l Letter) (Message, error) {
	message, err := m.write(l)
	if err != nil {
		return Message{}, fmt.Errorf("write mail %s: %w", l.Kind, err)
	}
	return message, nil
}

// Close ends the connections that the transport has kept for further mails.
func (m *Mailer) Close() error {
	if closer, ok := m.Transport.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}

// sender returns the sender of the mails. If the setting has no name, the sender gets
// the name of the service.
func (m *Mailer) sender() (netmail.Address, error) {
	from, err := netmail.ParseAddress(m.From)
	if err != nil || CheckAddress(from.Address) != nil {
		return netmail.Address{}, errors.New("the sender of the mails must be one address, such as accounts@example.org")
	}
	if from.Name == "" {
		from.Name = m.ServiceName
	}
	from.Name = inert(from.Name, 100)
	return *from, nil
}

// permanentError means that another attempt would fail too.
type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }

func permanent(format string, args ...any) error {
	return &permanentError{err: fmt.Errorf(format, args...)}
}

// Permanent reports whether an error of Send is final: the recipient's server refused the recipient
// or the mail with a 5xx, or the letter itself is wrong. After any other error another attempt may
// succeed, because networks and settings get repaired.
func Permanent(err error) bool {
	_, ok := errors.AsType[*permanentError](err)
	return ok
}
