package handlers

import (
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// operatorMessagesPage is the data of templates/pages/operator_messages.html: the messages to everybody, and the form that
// makes one.
type operatorMessagesPage struct {
	operatorPage
	Messages []operatedMessageView
	Turns    turnsView
	Key      string // the hidden field "key": a form that is sent twice makes one message

	Kind        SelectField
	First       messageFields // in the first language, which is needed
	Others      []messageFields
	OthersWrong bool // one of the others has a mistake
	From, Until Field
	ToStrangers Choice
	ByMail      Choice
}

// messageFields are the fields of a message in one language.
type messageFields struct {
	Code, Name  string // of the language
	Title, Text Field
}

// operatedMessageView is a message to everybody as operators see it.
type operatedMessageView struct {
	Base
	Href, Title          string
	State                string // "coming", "shown", "over" or "withdrawn"
	Warning, ToStrangers bool
	From, Until          time.Time
	MailState            string // models.MessageMailNone or another
	Written, Total       int    // mails
	Queued               int    // mails that are still in the queue; only on the page of the message
}

// operatorMessagePage is the data of templates/pages/operator_message.html.
type operatorMessagePage struct {
	operatorPage
	Of    operatedMessageView
	Texts []messageText
}

// messageText is a message in one language.
type messageText struct{ Code, Name, Title, Text string }

const operatorMessagesOnPage = 20

func operatedMessagePath(id string) string { return operatorPath + "/messages/" + id }

// operatorMessages answers GET /admin/messages.
func (s *site) operatorMessages(c *gin.Context) error {
	return s.showOperatorMessages(c, form{"key": s.random(), "kind": models.MessageInformation}, nil)
}

func (s *site) showOperatorMessages(c *gin.Context, f form, cause error) error {
	if _, err := s.operatorSession(c); err != nil {
		return err
	}
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	asked, err := s.pageTurned(c, operatorMessagesOnPage, "messages of operators")
	if err != nil {
		return err
	}
	found, err := s.Store.OperatedMessages.List(c.Request.Context(), models.MessagesAsk{Before: asked.afterID(), Most: asked.more()})
	if err != nil {
		return err
	}
	page := operatorMessagesPage{operatorPage: s.operatorBase(c, "operator_messages", "messages", wrong), Key: f["key"]}
	next := ""
	if len(found) > asked.limit {
		found = found[:asked.limit]
		next = s.writeCursor(asked.list, idText(found[len(found)-1].ID))
	}
	page.Turns = operatorTurns(page.Base, "messages", nil, asked, next)
	now := s.Store.Now()
	page.Messages = each(found, func(one models.Message) operatedMessageView { return page.operatedMessage(one, now) })
	in := newInputs(page.Base, f, wrong)
	in.fresh = false // the list is the main content of the page
	page.fill(in)
	return s.render(c, wrong.status, "operator_messages", page)
}

// fill writes the fields of the form into the page.
func (p *operatorMessagesPage) fill(in *inputs) {
	kinds := map[string]string{models.MessageInformation: p.T("operator.message.information"), models.MessageWarning: p.T("operator.message.warning")}
	p.Kind.Field = in.add(Field{Name: "kind"}, "message_kind")
	for _, kind := range []string{models.MessageInformation, models.MessageWarning} {
		p.Kind.Options = append(p.Kind.Options, Option{Value: kind, Label: kinds[kind], Chosen: in.typed["kind"] == kind})
	}
	for i, language := range p.Languages() {
		fields := messageFields{Code: language.Code, Name: language.Name}
		fields.Title = in.add(Field{Name: "title_" + language.Code, Type: "text", Autocomplete: "off", Required: i == 0}, "message_title")
		fields.Text = in.add(Field{Name: "text_" + language.Code, Hint: in.hint("message_text")}, "message_text")
		if i == 0 {
			p.First = fields
			continue
		}
		p.OthersWrong = p.OthersWrong || fields.Title.Error != "" || fields.Text.Error != ""
		p.Others = append(p.Others, fields)
	}
	p.From = in.add(Field{Name: "from", Type: "datetime-local", Hint: in.hint("message_from"), Autocomplete: "off"}, "message_from")
	p.Until = in.add(Field{Name: "until", Type: "datetime-local", Autocomplete: "off", Required: true}, "message_until")
	p.ToStrangers = Choice{ID: "to_strangers", Name: "to_strangers", Label: p.T("field.message_to_strangers"), Chosen: in.typed["to_strangers"] != ""}
	p.ByMail = Choice{ID: "by_mail", Name: "by_mail", Label: p.T("field.message_by_mail"), Chosen: in.typed["by_mail"] != ""}
}

// operatedMessage returns a message as operators see it.
func (b Base) operatedMessage(one models.Message, now time.Time) operatedMessageView {
	text, _ := one.In(b.Locale, b.Languages()[0].Code)
	view := operatedMessageView{
		Base: b, Href: operatedMessagePath(idText(one.ID)), Title: text.Title, State: messageState(one, now), Warning: one.Kind == models.MessageWarning,
		ToStrangers: one.ToStrangers, From: one.From, Until: one.Until, MailState: one.MailState, Written: one.MailCount, Total: one.MailTotal, Queued: one.MailQueued,
	}
	return view
}

// momentOfForm reads the value of a field of the type datetime-local, which is a time of the zone. An empty field is the zero
// time.
func momentOfForm(f form, field string, zone *time.Location) (time.Time, error) {
	if f[field] == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation("2006-01-02T15:04", f[field], zone)
	if err != nil {
		return time.Time{}, oneMistake(field, "moment_invalid")
	}
	return t, nil
}

// createOperatorMessage answers POST /admin/messages.
func (s *site) createOperatorMessage(c *gin.Context, f form) error {
	session, err := s.operatorSessionRecently(c)
	if err != nil {
		return err
	}
	in := models.NewMessage{
		Kind: f["kind"], ToStrangers: f["to_strangers"] != "", ByMail: f["by_mail"] != "", IdempotencyKey: inviteKey(f), Texts: map[string]models.MessageText{},
	}
	for _, language := range s.Catalogue.Languages() {
		in.Texts[language.Code] = models.MessageText{Title: f["title_"+language.Code], Text: f["text_"+language.Code]}
	}
	zone := s.zoneOfForm(c, f)
	var wrongFrom, wrongUntil error
	in.From, wrongFrom = momentOfForm(f, "from", zone)
	in.Until, wrongUntil = momentOfForm(f, "until", zone)
	err = joinMistakes(wrongFrom, wrongUntil)
	var made models.Message
	if err == nil {
		made, err = s.Store.OperatedMessages.Create(c.Request.Context(), session.AccountID, in)
	}
	if err != nil {
		return s.showOperatorMessages(c, f, err)
	}
	return s.leave(c, operatedMessagePath(idText(made.ID)), noticeOperatorDone)
}

// operatorMessage answers GET /admin/messages/ID.
func (s *site) operatorMessage(c *gin.Context) error { return s.showOperatorMessage(c, nil) }

func (s *site) showOperatorMessage(c *gin.Context, cause error) error {
	_, id, wrong, err := s.operatorRecord(c, cause)
	if err != nil {
		return err
	}
	found, err := s.Store.OperatedMessages.Get(c.Request.Context(), id)
	if err != nil {
		return err
	}
	page := operatorMessagePage{operatorPage: s.operatorBase(c, "operator_message", "messages", wrong)}
	page.Of = page.operatedMessage(found, s.Store.Now())
	page.Texts = page.messageTexts(found)
	return s.render(c, wrong.status, "operator_message", page)
}

// messageTexts returns the texts of a message in the order of the languages.
func (b Base) messageTexts(one models.Message) []messageText {
	var texts []messageText
	for _, language := range b.Languages() {
		if text, ok := one.Texts[language.Code]; ok {
			texts = append(texts, messageText{language.Code, language.Name, text.Title, text.Text})
		}
	}
	return texts
}

// operatorMessageActs returns the acts on messages, by the end of their addresses.
func operatorMessageActs() map[string]operatorAct {
	return map[string]operatorAct{
		"withdraw": {pick: func(store *models.Store) operation { return store.OperatedMessages.Withdraw }},
	}
}

// closeBanner answers POST /messages/close: this browser does not show a message any longer.
func (s *site) closeBanner(c *gin.Context, f form) error {
	id, err := idOf(f["id"])
	if err != nil {
		return err
	}
	closed := append([]string{idText(id)}, s.closedBanners(c)...)
	s.setCookie(c, cookieBanners, strings.Join(closed[:min(len(closed), bannersKept)], "."), bannersLife)
	return seeOther(c, returnTo(f["return_to"]))
}
