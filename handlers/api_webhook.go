package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// webhookObject is a webhook.
type webhookObject struct {
	ID           string     `json:"id"`
	Name         string     `json:"name"`
	Form         string     `json:"form"`
	Address      string     `json:"address"` // without what may be secret in it
	Events       []string   `json:"events"`
	Language     string     `json:"language"`
	OffReason    *string    `json:"off_reason"`    // null while it is on
	FailingSince *time.Time `json:"failing_since"` // null if the last message arrived
	CreatedAt    time.Time  `json:"created_at"`
}

func webhookOf(w models.Webhook) webhookObject {
	out := webhookObject{
		ID: idText(w.ID), Name: w.Name, Form: w.Form, Address: w.Place, Language: w.Locale,
		Events:       each(w.Events, func(kind models.HappenedKind) string { return string(kind) }),
		FailingSince: moment(w.FailingSince), CreatedAt: w.CreatedAt.UTC(),
	}
	if w.OffReason != "" {
		out.OffReason = &w.OffReason
	}
	return out
}

// deliveryObject is a message for a webhook.
type deliveryObject struct {
	ID        string     `json:"id"`
	Event     string     `json:"event"`
	State     string     `json:"state"`
	Attempts  int        `json:"attempts"`
	NextAt    *time.Time `json:"next_at"` // null unless it waits
	TriedAt   *time.Time `json:"tried_at"`
	Reason    *string    `json:"reason"` // null if the last try did not fail
	Status    *int       `json:"status"` // null without an answer
	Answer    string     `json:"answer"`
	CreatedAt time.Time  `json:"created_at"`
}

func deliveryOf(d models.Delivery) deliveryObject {
	out := deliveryObject{
		ID: idText(d.ID), Event: string(d.Kind), State: d.State, Attempts: d.Attempts, NextAt: moment(d.NextAt), TriedAt: moment(d.TriedAt),
		Answer: d.Answer, CreatedAt: d.CreatedAt.UTC(),
	}
	if d.Reason != "" {
		out.Reason = &d.Reason
	}
	if d.Status != 0 {
		out.Status = &d.Status
	}
	return out
}

// webhookChoicesObject are what can be changed about a webhook without its address.
type webhookChoicesObject struct {
	Name     string   `json:"name"`
	Events   []string `json:"events"`
	Language string   `json:"language"`
}

func (s *site) webhookChoicesOf(in webhookChoicesObject) models.WebhookChoices {
	if in.Language == "" {
		in.Language = s.Catalogue.Languages()[0].Code
	}
	return models.WebhookChoices{
		Name: in.Name, Locale: in.Language, Events: each(in.Events, func(kind string) models.HappenedKind { return models.HappenedKind(kind) }),
	}
}

// webhookTargetObject is where the messages of a webhook go.
type webhookTargetObject struct {
	Address string `json:"address"`
	Room    string `json:"room"`
	Token   string `json:"token"`
}

// secretObject has a secret that is told once.
type secretObject struct {
	Secret string `json:"secret"`
}

// webhookBy is a handler that knows who acts.
type webhookBy func(c *gin.Context, by models.WebhookBy) error

// apiWebhookRoutes registers the operations on webhooks, for owners of servers and for operators.
func (s *site) apiWebhookRoutes(r *gin.Engine, v1 string) {
	own := func(h webhookBy) func(*gin.Context, models.Session) error {
		return func(c *gin.Context, session models.Session) error {
			return h(c, models.WebhookBy{AccountID: session.AccountID})
		}
	}
	all := func(h webhookBy) gin.HandlerFunc {
		return s.withOperatorSession(func(c *gin.Context, session models.Session) error {
			return h(c, models.WebhookBy{AccountID: session.AccountID, Operator: true})
		})
	}
	mine, operators := v1+"/webhooks", v1+"/operator/webhooks"
	type guard func(webhookBy) gin.HandlerFunc
	for _, side := range []struct {
		path          string
		plain, proved guard
	}{
		{mine, func(h webhookBy) gin.HandlerFunc { return s.withSession(own(h)) }, func(h webhookBy) gin.HandlerFunc { return s.withProof(own(h)) }},
		{operators, all, all},
	} {
		one := side.path + "/:id"
		s.get(r, side.path, nil, side.plain(s.apiWebhooks))
		r.POST(side.path, side.proved(s.apiMakeWebhook))
		s.get(r, one, nil, side.plain(s.apiWebhook))
		r.PUT(one, side.plain(s.apiChangeWebhook))
		r.DELETE(one, side.proved(s.apiDeleteWebhook))
		r.PUT(one+"/address", side.proved(s.apiAimWebhook))
		r.POST(one+"/secret", side.proved(s.apiReplaceWebhookSecret))
		r.POST(one+"/on", side.plain(s.apiSwitchWebhook(true)))
		r.POST(one+"/off", side.plain(s.apiSwitchWebhook(false)))
		r.POST(one+"/test", side.plain(s.apiTestWebhook))
		s.get(r, one+"/deliveries", nil, side.plain(s.apiDeliveries))
		r.POST(one+"/deliveries/:delivery_id/replay", side.plain(s.apiReplayDelivery))
	}
}

// apiWebhooks answers GET /api/v1/webhooks and GET /api/v1/operator/webhooks.
func (s *site) apiWebhooks(c *gin.Context, by models.WebhookBy) error {
	found, err := s.Store.Webhooks.List(c.Request.Context(), by)
	if err != nil {
		return err
	}
	return answerList(c, "webhooks", found, webhookOf)
}

// apiWebhook answers GET …/webhooks/{id}.
func (s *site) apiWebhook(c *gin.Context, by models.WebhookBy) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	found, err := s.Store.Webhooks.Get(c.Request.Context(), by, id)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, webhookOf(found))
}

// apiMakeWebhook answers POST …/webhooks.
func (s *site) apiMakeWebhook(c *gin.Context, by models.WebhookBy) error {
	in, err := readJSON[struct {
		Form string `json:"form"`
		webhookChoicesObject
		webhookTargetObject
	}](c)
	if err != nil {
		return err
	}
	made, secret, err := s.Store.Webhooks.Make(c.Request.Context(), by, models.NewWebhook{
		Form: in.Form, WebhookChoices: s.webhookChoicesOf(in.webhookChoicesObject), WebhookTarget: models.WebhookTarget(in.webhookTargetObject),
	}, caller(c))
	if err != nil {
		return err
	}
	out := struct {
		Webhook webhookObject `json:"webhook"`
		Secret  *string       `json:"secret"` // null for a form without signatures
	}{Webhook: webhookOf(made)}
	if secret != "" {
		out.Secret = &secret
	}
	return answerJSON(c, http.StatusCreated, out)
}

// apiChangeWebhook answers PUT …/webhooks/{id}.
func (s *site) apiChangeWebhook(c *gin.Context, by models.WebhookBy) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	in, err := readJSON[webhookChoicesObject](c)
	if err != nil {
		return err
	}
	return done(c, s.Store.Webhooks.Change(c.Request.Context(), by, id, s.webhookChoicesOf(in), caller(c)))
}

// apiAimWebhook answers PUT …/webhooks/{id}/address.
func (s *site) apiAimWebhook(c *gin.Context, by models.WebhookBy) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	in, err := readJSON[webhookTargetObject](c)
	if err != nil {
		return err
	}
	return done(c, s.Store.Webhooks.Aim(c.Request.Context(), by, id, models.WebhookTarget(in), caller(c)))
}

// apiReplaceWebhookSecret answers POST …/webhooks/{id}/secret.
func (s *site) apiReplaceWebhookSecret(c *gin.Context, by models.WebhookBy) error {
	id, err := bodilessID(c)
	if err != nil {
		return err
	}
	secret, err := s.Store.Webhooks.ReplaceSecret(c.Request.Context(), by, id, caller(c))
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, secretObject{secret})
}

// bodilessID reads the id of a webhook from a request without a body.
func bodilessID(c *gin.Context) (int64, error) {
	if err := noBody(c); err != nil {
		return 0, err
	}
	return idOf(c.Param("id"))
}

// apiSwitchWebhook answers POST …/webhooks/{id}/on and /off.
func (s *site) apiSwitchWebhook(on bool) webhookBy {
	return func(c *gin.Context, by models.WebhookBy) error {
		id, err := bodilessID(c)
		if err != nil {
			return err
		}
		return done(c, s.Store.Webhooks.Switch(c.Request.Context(), by, id, on, caller(c)))
	}
}

// apiDeleteWebhook answers DELETE …/webhooks/{id}.
func (s *site) apiDeleteWebhook(c *gin.Context, by models.WebhookBy) error {
	id, err := bodilessID(c)
	if err != nil {
		return err
	}
	return done(c, s.Store.Webhooks.Delete(c.Request.Context(), by, id, caller(c)))
}

// apiTestWebhook answers POST …/webhooks/{id}/test.
func (s *site) apiTestWebhook(c *gin.Context, by models.WebhookBy) error {
	id, err := bodilessID(c)
	if err != nil {
		return err
	}
	return accepted(c, s.Store.Webhooks.Test(c.Request.Context(), by, id))
}

// apiDeliveries answers GET …/webhooks/{id}/deliveries.
func (s *site) apiDeliveries(c *gin.Context, by models.WebhookBy) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	found, err := s.Store.Webhooks.Deliveries(c.Request.Context(), by, id)
	if err != nil {
		return err
	}
	return answerList(c, "deliveries", found, deliveryOf)
}

// apiReplayDelivery answers POST …/webhooks/{id}/deliveries/{delivery_id}/replay.
func (s *site) apiReplayDelivery(c *gin.Context, by models.WebhookBy) error {
	id, err := bodilessID(c)
	if err != nil {
		return err
	}
	delivery, err := idOf(c.Param("delivery_id"))
	if err != nil {
		return err
	}
	return accepted(c, s.Store.Webhooks.Replay(c.Request.Context(), by, id, delivery))
}
