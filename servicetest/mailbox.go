package servicetest

import (
	"slices"
	"sync"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// Mailbox takes the place of the worker that sends mails: it keeps each mail instead of sending it.
type Mailbox struct {
	// OnLetter is called with each mail that is delivered. It may be nil.
	OnLetter func(models.Letter)

	store   *models.Store
	mu      sync.Mutex
	letters []models.Letter
}

// NewMailbox returns an empty mailbox for the mails of a Store. A [Service] has
// one already.
func NewMailbox(store *models.Store) *Mailbox { return &Mailbox{store: store} }

// Deliver takes all mails that are due out of the outbox, and returns the mails that a worker would
// have sent. It leaves out mails that are no longer needed, such as a mail with an expired link.
func (m *Mailbox) Deliver(t testing.TB) []models.Letter {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	ctx, before := t.Context(), len(m.letters)
	for {
		owed := Must(m.store.Mail.Claim(ctx, "test", 100))(t)
		if len(owed) == 0 {
			return slices.Clone(m.letters[before:])
		}
		for _, one := range owed {
			letter, send, err := m.store.Mail.Prepare(ctx, one)
			NoError(t, err)
			if !send {
				continue
			}
			m.letters = append(m.letters, letter)
			if m.OnLetter != nil {
				m.OnLetter(letter)
			}
			NoError(t, m.store.Mail.Sent(ctx, one.ID))
		}
	}
}

// Letters delivers the mails that are due and returns all mails so far, the oldest first.
func (m *Mailbox) Letters(t testing.TB) []models.Letter {
	t.Helper()
	m.Deliver(t)
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.letters)
}

// Letter delivers the mails that are due and returns the latest mail of a kind to an address. It
// ends the test if there is no such mail.
func (m *Mailbox) Letter(t testing.TB, kind models.MailKind, to string) models.Letter {
	t.Helper()
	letters := m.Letters(t)
	for _, l := range slices.Backward(letters) {
		if l.Kind == kind && l.To == to {
			return l
		}
	}
	var have []string
	for _, l := range letters {
		have = append(have, string(l.Kind)+" to "+l.To)
	}
	t.Fatalf("no letter %s to %s; there are %q", kind, to, have)
	return models.Letter{}
}
