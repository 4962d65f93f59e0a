package handlers

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// messageObject is a message to everybody.
type messageObject struct {
	ID          string         `json:"id"`
	Kind        string         `json:"kind"`
	Texts       []messageWords `json:"texts"`
	ToStrangers bool           `json:"to_strangers"`
	Status      string         `json:"status"`
	From        time.Time      `json:"from"`
	Until       time.Time      `json:"until"`
	WithdrawnAt *time.Time     `json:"withdrawn_at"`
	Mails       messageMails   `json:"mails"`
	CreatedAt   time.Time      `json:"created_at"`
}

// messageWords is a message in one language.
type messageWords struct {
	Language string `json:"language"`
	Title    string `json:"title"`
	Text     string `json:"text"`
}

// messageMails says how the mails of a message stand.
type messageMails struct {
	State   string `json:"state"`
	Total   int    `json:"total"`
	Written int    `json:"written"`
	Queued  int    `json:"queued"`
}

func (s *site) messageOf(m models.Message) messageObject {
	texts := []messageWords{}
	for _, language := range slices.Sorted(maps.Keys(m.Texts)) {
		texts = append(texts, messageWords{language, m.Texts[language].Title, m.Texts[language].Text})
	}
	return messageObject{
		ID: idText(m.ID), Kind: m.Kind, Texts: texts, ToStrangers: m.ToStrangers, Status: messageState(m, s.Store.Now()), From: m.From, Until: m.Until,
		WithdrawnAt: moment(m.Withdrawn), CreatedAt: m.CreatedAt, Mails: messageMails{m.MailState, m.MailTotal, m.MailCount, m.MailQueued},
	}
}

// apiOperatedMessages answers GET /api/v1/operator/messages, the newest first.
func (s *site) apiOperatedMessages(c *gin.Context) error {
	asked, err := s.pageAsked(c, "messages")
	if err != nil {
		return err
	}
	found, err := s.Store.OperatedMessages.List(c.Request.Context(), models.MessagesAsk{Before: asked.afterID(), Most: asked.more()})
	if err != nil {
		return err
	}
	return answerPage(c, s, asked, found, s.messageOf, func(m models.Message) string { return idText(m.ID) })
}

// apiOperatedMessage answers GET /api/v1/operator/messages/{id}.
func (s *site) apiOperatedMessage(c *gin.Context) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	found, err := s.Store.OperatedMessages.Get(c.Request.Context(), id)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, s.messageOf(found))
}

// apiCreateMessage answers POST /api/v1/operator/messages.
func (s *site) apiCreateMessage(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		Kind        string         `json:"kind"`
		Texts       []messageWords `json:"texts"`
		ToStrangers bool           `json:"to_strangers"`
		ByMail      bool           `json:"by_mail"`
		From        *time.Time     `json:"from"`
		Until       *time.Time     `json:"until"`
	}](c)
	if err != nil {
		return err
	}
	key, err := idempotencyKey(c)
	if err != nil {
		return err
	}
	wanted := models.NewMessage{Kind: in.Kind, ToStrangers: in.ToStrangers, ByMail: in.ByMail, IdempotencyKey: key, Texts: map[string]models.MessageText{}}
	for _, text := range in.Texts {
		wanted.Texts[text.Language] = models.MessageText{Title: text.Title, Text: text.Text}
	}
	if wanted.From, err = momentIn("from", in.From); err != nil {
		return err
	}
	if wanted.Until, err = momentIn("until", in.Until); err != nil {
		return err
	}
	made, err := s.Store.OperatedMessages.Create(c.Request.Context(), session.AccountID, wanted)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusCreated, s.messageOf(made))
}

// apiOperatorMessageRoutes registers the operations of operators on messages to everybody.
func (s *site) apiOperatorMessageRoutes(r *gin.Engine, messages string) {
	s.get(r, messages, nil, s.withOperator(s.apiOperatedMessages))
	s.get(r, messages+"/:id", nil, s.withOperator(s.apiOperatedMessage))
	r.POST(messages, s.withOperatorSession(s.apiCreateMessage))
	r.DELETE(messages+"/:id", s.operating(func(store *models.Store) operation { return store.OperatedMessages.Withdraw }))
}
