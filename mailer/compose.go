package mailer

import (
	"fmt"

	mail "github.com/wneessen/go-mail"
)

// compose returns m in the form in which it is sent: first the part in plain text, then the part in
// HTML.
func compose(m Message) (*mail.Msg, error) {
	message := mail.NewMsg(mail.WithNoDefaultUserAgent(), mail.WithCharset(mail.CharsetUTF8),
		mail.WithEncoding(mail.EncodingQP))
	// Transports check the address too, because a message need not come from a Mailer.
	if err := CheckAddress(m.To); err != nil {
		return nil, permanent("recipient: %w", err)
	}
	if err := message.To(m.To); err != nil {
		return nil, permanent("recipient: %w", err)
	}
	from := m.From
	message.FromMailAddress(&from)
	message.Subject(inert(m.Subject, 200))
	message.SetDateWithValue(m.At.UTC())
	message.SetMessageIDWithValue(m.MessageID())
	message.SetGenHeader("Auto-Submitted", "auto-generated")
	if m.Stop != "" {
		message.SetGenHeader(mail.HeaderListUnsubscribe, "<"+m.Stop+">")
		message.SetGenHeader(mail.HeaderListUnsubscribePost, "List-Unsubscribe=One-Click")
	}
	message.SetBodyString(mail.TypeTextPlain, m.Text)
	message.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	if recipients, err := message.GetRecipients(); err != nil || len(recipients) != 1 {
		return nil, fmt.Errorf("a mail goes to %d recipients instead of one: %w", len(recipients), err)
	}
	return message, nil
}
