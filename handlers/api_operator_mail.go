package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// operatedMail is a mail in the queue.
type operatedMail struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind"`
	To        string     `json:"to"`         // "" for the address of an account
	AccountID *string    `json:"account_id"` // null without an account
	State     string     `json:"state"`      // waiting, sending or dead
	Attempts  int        `json:"attempts"`
	OwedAt    time.Time  `json:"owed_at"`
	NextAt    *time.Time `json:"next_at"` // null for a mail that is given up or being sent
	Reason    string     `json:"reason"`  // why it was not sent yet; "" if nobody has tried
}

// operatedMailDetail is one mail, as it would be sent but without its secrets.
type operatedMailDetail struct {
	operatedMail
	Recipient string `json:"recipient"` // "" if nobody would get the mail any longer
	Subject   string `json:"subject"`   // "" in the same case
	Text      string `json:"text"`      // "" in the same case
}

func operatedMailOf(m models.QueuedMail) operatedMail {
	out := operatedMail{ID: idText(m.ID), Kind: string(m.Kind), To: m.To, State: models.MailsWaiting, Attempts: m.Attempts, OwedAt: m.OwedAt, Reason: m.LastError}
	if m.AccountID != 0 {
		id := idText(m.AccountID)
		out.AccountID = &id
	}
	switch {
	case m.Dead:
		out.State = models.MailsDead
	case m.Sending:
		out.State = "sending"
	default:
		out.NextAt = moment(m.DueAt)
	}
	return out
}

// apiOperatedMails answers GET /api/v1/operator/mails, the oldest first. With the parameter state it lists those in one
// state.
func (s *site) apiOperatedMails(c *gin.Context) error {
	state, err := stateAsked(c, []string{models.MailsWaiting, models.MailsDead})
	if err != nil {
		return err
	}
	asked, err := s.pageAsked(c, "mails", state)
	if err != nil {
		return err
	}
	found, err := s.Store.OperatedMails.List(c.Request.Context(), models.MailsAsk{State: state, After: asked.afterID(), Most: asked.more()})
	if err != nil {
		return err
	}
	return answerPage(c, s, asked, found, operatedMailOf, func(m models.QueuedMail) string { return idText(m.ID) })
}

// apiOperatedMail answers GET /api/v1/operator/mails/{id}.
func (s *site) apiOperatedMail(c *gin.Context) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	queued, letter, err := s.Store.OperatedMails.Look(c.Request.Context(), id)
	if err != nil {
		return err
	}
	out := operatedMailDetail{operatedMail: operatedMailOf(queued), Recipient: letter.To}
	out.Subject, out.Text = s.mailText(letter)
	return answerJSON(c, http.StatusOK, out)
}

// mailText returns the subject and the text of a mail that an operator looks at, or "" if the mail cannot be written.
func (s *site) mailText(letter models.Letter) (subject, text string) {
	if s.WriteMail == nil || letter.Kind == "" {
		return "", ""
	}
	subject, text, err := s.WriteMail(letter)
	if err != nil { // the worker meets the same error, and the page shows its reason
		return "", ""
	}
	return subject, text
}

// apiOperatorMailRoutes registers the operations of operators on the queue of mails.
func (s *site) apiOperatorMailRoutes(r *gin.Engine, mails string) {
	s.get(r, mails, nil, s.withOperator(s.apiOperatedMails))
	s.get(r, mails+"/:id", nil, s.withOperator(s.apiOperatedMail))
	r.POST(mails+"/:id/retry", s.operating(func(store *models.Store) operation { return store.OperatedMails.Retry }))
	r.DELETE(mails+"/:id", s.operating(func(store *models.Store) operation { return store.OperatedMails.Drop }))
}
