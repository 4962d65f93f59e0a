package handlers

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// webhooksPage is the data of templates/pages/webhooks.html.
type webhooksPage struct {
	operatorPage      // without Parts for an owner of servers
	Operators    bool // the webhooks belong to the operators
	Home         string
	Webhooks     []webhookView
	Owns         bool // the reader may add one
	webhookForm
	Form SelectField
}

// webhookForm has the inputs of a webhook.
type webhookForm struct {
	Name, Address, Room, Token Field
	Events                     webhookEvents
	Language                   SelectField
}

// webhookEvents is the data of partials/webhook_events.html.
type webhookEvents struct {
	Base
	Choices []Choice
	Error   string
}

// webhookView is a webhook as pages show it.
type webhookView struct {
	Href, Name, Form, Place string
	Off                     string // why it is off, in words; "" while it is on
	FailingSince, CreatedAt time.Time
}

// webhookPage is the data of templates/pages/webhook.html.
type webhookPage struct {
	operatorPage
	Operators                 bool
	Of                        webhookView
	NewSecret                 string // shown once
	Signed, HasRoom, HasToken bool
	Deliveries                []deliveryView
	webhookForm
}

// deliveryView is a message as the log shows it.
type deliveryView struct {
	ID, Event, State string
	Bad              bool
	Attempts, Status int
	At, NextAt       time.Time
	Reason, Answer   string // the first in words, the second as the receiver has written it
	Again            bool   // it can be sent again
}

// webhookSide says whose webhooks a page shows.
type webhookSide struct {
	home      string
	operators bool
}

func ownWebhooks() webhookSide { return webhookSide{home: webhooksPath} }
func operatorWebhooks() webhookSide {
	return webhookSide{home: operatorPath + "/webhooks", operators: true}
}

// whose reads who looks at webhooks. If recently is true, the password must have been given recently.
func (s *site) whose(c *gin.Context, side webhookSide, recently bool) (models.WebhookBy, error) {
	check := s.signedIn
	switch {
	case side.operators && recently:
		check = s.operatorSessionRecently
	case side.operators:
		check = s.operatorSession
	case recently:
		check = s.signedInRecently
	}
	session, err := check(c)
	return models.WebhookBy{AccountID: session.AccountID, Operator: side.operators}, err
}

// webhookRoutes registers the pages of webhooks, for owners and for operators.
func (s *site) webhookRoutes(r *gin.Engine) {
	for _, side := range []webhookSide{ownWebhooks(), operatorWebhooks()} {
		one := side.home + "/:id"
		s.get(r, side.home, func(c *gin.Context) error { return s.showWebhooks(c, side, nil, nil) })
		s.post(r, side.home, func(c *gin.Context, f form) error { return s.makeWebhook(c, side, f) })
		s.get(r, one, func(c *gin.Context) error { return s.showWebhook(c, side, "", nil, nil) })
		s.post(r, one, s.onWebhook(side, webhookAct{notice: noticeWebhookSaved, do: s.changeWebhook}))
		s.post(r, one+"/address", s.onWebhook(side, webhookAct{dangerous: true, notice: noticeWebhookSaved, do: s.aimWebhook}))
		s.post(r, one+"/on", s.onWebhook(side, webhookAct{notice: noticeWebhookSaved, do: s.switchWebhook(true)}))
		s.post(r, one+"/off", s.onWebhook(side, webhookAct{notice: noticeWebhookSaved, do: s.switchWebhook(false)}))
		s.post(r, one+"/test", s.onWebhook(side, webhookAct{notice: noticeWebhookSent, do: s.testWebhook}))
		s.post(r, one+"/replay", s.onWebhook(side, webhookAct{notice: noticeWebhookSent, do: s.replayDelivery}))
		s.post(r, one+"/delete", s.onWebhook(side, webhookAct{dangerous: true, home: true, notice: noticeWebhookDeleted, do: s.deleteWebhook}))
		s.post(r, one+"/secret", func(c *gin.Context, _ form) error { return s.replaceWebhookSecret(c, side) })
	}
}

func (s *site) showWebhooks(c *gin.Context, side webhookSide, f form, cause error) error {
	by, err := s.whose(c, side, false)
	if err != nil {
		return err
	}
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	found, err := s.Store.Webhooks.List(ctx, by)
	if err != nil {
		return err
	}
	page := webhooksPage{operatorPage: s.webhookBase(c, "webhooks", side, wrong), Operators: side.operators, Home: side.home, Owns: side.operators}
	if !side.operators {
		mine, err := s.Store.Servers.Mine(ctx, by.AccountID)
		if err != nil {
			return err
		}
		page.Owns = len(mine) > 0
	}
	for i := range found {
		page.Webhooks = append(page.Webhooks, page.webhookView(side, &found[i]))
	}
	in := newInputs(page.Base, f, wrong.inOrder("name", "form", "address", "room", "token", "events", "language"))
	in.fresh = false
	page.webhookForm = in.webhook(side, nil)
	page.Form = in.webhookForms()
	return s.render(c, wrong.status, "webhooks", page)
}

// webhookBase returns the part of a page of webhooks that all of them share.
func (s *site) webhookBase(c *gin.Context, name string, side webhookSide, wrong mistakes) operatorPage {
	if side.operators {
		page := s.operatorBase(c, name, "webhooks", wrong)
		page.Tabs = tabsOf("operator_webhooks")
		return page
	}
	return operatorPage{Base: s.base(c, name).telling(wrong)}
}

func (b Base) webhookView(side webhookSide, one *models.Webhook) webhookView {
	view := webhookView{
		Href: side.home + "/" + idText(one.ID), Name: one.Name, Form: b.T("webhook.form." + one.Form), Place: one.Place,
		FailingSince: one.FailingSince, CreatedAt: one.CreatedAt,
	}
	if one.OffReason != "" {
		view.Off = b.T("webhook.off." + one.OffReason)
	}
	return view
}

// webhook returns the inputs of a webhook. They contain the present choices of one, or those of a new one for nil, until a
// person has typed others. An address and a token are never shown again.
func (in *inputs) webhook(side webhookSide, one *models.Webhook) webhookForm {
	chosen := func(models.HappenedKind) bool { return true }
	language := in.base.Locale
	if one != nil {
		in.show("name", one.Name)
		chosen, language = func(kind models.HappenedKind) bool { return slices.Contains(one.Events, kind) }, one.Locale
	}
	if _, sent := in.typed["name"]; sent {
		chosen = func(kind models.HappenedKind) bool { return in.typed["event "+string(kind)] != "" }
		language = in.typed["language"]
	}
	out := webhookForm{
		Name:    in.add(Field{Name: "name", Type: "text", Autocomplete: "off", Required: true}, "webhook_name"),
		Address: in.add(Field{Name: "address", Type: "url", Hint: in.hint("webhook_address"), Autocomplete: "off", InputMode: "url"}, "webhook_address"),
		Room:    in.add(Field{Name: "room", Type: "text", Hint: in.hint("webhook_room"), Autocomplete: "off"}, "webhook_room"),
		Token: in.add(Field{
			Name: "token", Type: "password", Hint: in.hint("webhook_token"), Autocomplete: "off", Reveal: true,
		}, "webhook_token"),
		Events:   webhookEvents{Base: in.base, Error: in.wrong.fields["events"]},
		Language: SelectField{Field: in.add(Field{Name: "language"}, "webhook_language")},
	}
	for _, kind := range models.HappenedKinds(side.operators) {
		out.Events.Choices = append(out.Events.Choices, Choice{
			ID: "event-" + string(kind), Name: "event " + string(kind), Label: in.base.T("webhook.event." + string(kind)), Chosen: chosen(kind),
		})
	}
	for _, one := range in.base.Languages() {
		out.Language.Options = append(out.Language.Options, Option{Value: one.Code, Label: one.Name, Chosen: one.Code == language})
	}
	return out
}

func (in *inputs) webhookForms() SelectField {
	field := SelectField{Field: in.add(Field{Name: "form"}, "webhook_form")}
	for _, form := range models.WebhookForms() {
		field.Options = append(field.Options, Option{Value: form, Label: in.base.T("webhook.form." + form), Chosen: in.typed["form"] == form})
	}
	return field
}

// webhookChoices reads the name, the events and the language from a form.
func webhookChoices(side webhookSide, f form) models.WebhookChoices {
	choices := models.WebhookChoices{Name: f["name"], Locale: f["language"]}
	for _, kind := range models.HappenedKinds(side.operators) {
		if f["event "+string(kind)] != "" {
			choices.Events = append(choices.Events, kind)
		}
	}
	return choices
}

func webhookTarget(f form) models.WebhookTarget {
	return models.WebhookTarget{Address: f["address"], Room: f["room"], Token: f["token"]}
}

// makeWebhook adds a webhook. The answer shows the secret of its signatures, if it has one: no other does.
func (s *site) makeWebhook(c *gin.Context, side webhookSide, f form) error {
	by, err := s.whose(c, side, true)
	if err != nil {
		return err
	}
	made, secret, err := s.Store.Webhooks.Make(c.Request.Context(), by,
		models.NewWebhook{Form: f["form"], WebhookChoices: webhookChoices(side, f), WebhookTarget: webhookTarget(f)}, caller(c))
	if err != nil {
		return s.showWebhooks(c, side, f, err)
	}
	if secret == "" {
		return s.leave(c, side.home+"/"+idText(made.ID), noticeWebhookMade)
	}
	return s.showWebhookOf(c, side, by, made.ID, shownWebhook{secret: secret})
}

// webhookAct is something that a form of the page does to a webhook.
type webhookAct struct {
	dangerous bool // it needs a recently given password
	home      bool // it leads to the list
	notice    notice
	do        func(ctx context.Context, by models.WebhookBy, id int64, f form, caller models.Caller) error
}

// onWebhook returns the handler for the form of an act.
func (s *site) onWebhook(side webhookSide, act webhookAct) formFunc {
	return func(c *gin.Context, f form) error {
		by, err := s.whose(c, side, act.dangerous)
		if err != nil {
			return err
		}
		id, err := idOf(c.Param("id"))
		if err != nil {
			return err
		}
		if err := act.do(c.Request.Context(), by, id, f, caller(c)); err != nil {
			return s.showWebhook(c, side, "", f, err)
		}
		if act.home {
			return s.leave(c, side.home, act.notice)
		}
		return s.leave(c, side.home+"/"+idText(id), act.notice)
	}
}

func (s *site) changeWebhook(ctx context.Context, by models.WebhookBy, id int64, f form, caller models.Caller) error {
	return s.Store.Webhooks.Change(ctx, by, id, webhookChoices(webhookSide{operators: by.Operator}, f), caller)
}

func (s *site) aimWebhook(ctx context.Context, by models.WebhookBy, id int64, f form, caller models.Caller) error {
	return s.Store.Webhooks.Aim(ctx, by, id, webhookTarget(f), caller)
}

func (s *site) switchWebhook(on bool) func(ctx context.Context, by models.WebhookBy, id int64, f form, caller models.Caller) error {
	return func(ctx context.Context, by models.WebhookBy, id int64, _ form, caller models.Caller) error {
		return s.Store.Webhooks.Switch(ctx, by, id, on, caller)
	}
}

func (s *site) testWebhook(ctx context.Context, by models.WebhookBy, id int64, _ form, _ models.Caller) error {
	return s.Store.Webhooks.Test(ctx, by, id)
}

func (s *site) replayDelivery(ctx context.Context, by models.WebhookBy, id int64, f form, _ models.Caller) error {
	delivery, err := idOf(f["delivery"])
	if err == nil {
		err = s.Store.Webhooks.Replay(ctx, by, id, delivery)
	}
	if errors.Is(err, models.ErrNotFound) {
		if _, missing := s.Store.Webhooks.Get(ctx, by, id); missing == nil {
			err = orGone(err) // the webhook is there, and its message is not
		}
	}
	return err
}

func (s *site) deleteWebhook(ctx context.Context, by models.WebhookBy, id int64, _ form, caller models.Caller) error {
	return s.Store.Webhooks.Delete(ctx, by, id, caller)
}

// replaceWebhookSecret answers the form for another secret. Only this answer shows it.
func (s *site) replaceWebhookSecret(c *gin.Context, side webhookSide) error {
	by, err := s.whose(c, side, true)
	if err != nil {
		return err
	}
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	secret, err := s.Store.Webhooks.ReplaceSecret(c.Request.Context(), by, id, caller(c))
	return s.showWebhook(c, side, secret, nil, err)
}

func (s *site) showWebhook(c *gin.Context, side webhookSide, secret string, f form, cause error) error {
	by, err := s.whose(c, side, false)
	if err != nil {
		return err
	}
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	return s.showWebhookOf(c, side, by, id, shownWebhook{secret: secret, sent: f, cause: cause})
}

// shownWebhook is what the page of a webhook shows beside the webhook.
type shownWebhook struct {
	secret string
	sent   form
	cause  error
}

func (s *site) showWebhookOf(c *gin.Context, side webhookSide, by models.WebhookBy, id int64, with shownWebhook) error {
	wrong, err := s.mistakesOf(c, with.cause)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	one, err := s.Store.Webhooks.Get(ctx, by, id)
	if err != nil {
		return err
	}
	log, err := s.Store.Webhooks.Deliveries(ctx, by, id)
	if err != nil {
		return err
	}
	page := newWebhookPage(s.webhookBase(c, "webhook", side, wrong), side, &one, log)
	page.NewSecret = with.secret
	in := newInputs(page.Base, with.sent, wrong.inOrder("name", "events", "language", "address", "room", "token"))
	in.fresh = false
	page.webhookForm = in.webhook(side, &one)
	return s.render(c, wrong.status, "webhook", page)
}

func newWebhookPage(base operatorPage, side webhookSide, one *models.Webhook, log []models.Delivery) webhookPage {
	page := webhookPage{
		operatorPage: base, Operators: side.operators, Of: base.webhookView(side, one), Signed: one.Form == models.WebhookSigned,
		HasRoom:  one.Form == models.WebhookMatrix || one.Form == models.WebhookTelegram,
		HasToken: one.Form != models.WebhookSigned && one.Form != models.WebhookDiscord,
	}
	for _, d := range log {
		view := deliveryView{
			ID: idText(d.ID), Event: base.T("webhook.event." + string(d.Kind)), State: base.T("webhook.state." + d.State), Bad: d.State == models.DeliveryGivenUp,
			Attempts: d.Attempts, Status: d.Status, At: d.CreatedAt, NextAt: d.NextAt, Answer: d.Answer, Again: d.State != models.DeliveryQueued,
		}
		if d.Reason != "" {
			view.Reason = base.T("webhook.reason." + d.Reason)
		}
		page.Deliveries = append(page.Deliveries, view)
	}
	return page
}
