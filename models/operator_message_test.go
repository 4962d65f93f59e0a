package models_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// plainMessage returns a message in English and German that is shown for a day.
func plainMessage(k *kit) models.NewMessage {
	return models.NewMessage{
		Kind: models.MessageWarning, Until: k.Now().Add(24 * time.Hour), Texts: map[string]models.MessageText{
			"en": {Title: " We move\thouse ", Text: "Tonight at ten.\r\nSee https://status.example.org"}, "de": {Title: "Wir ziehen um"},
		},
	}
}

// bothLanguages makes a service that speaks English and German.
func bothLanguages(o *models.Options) { o.Languages = []string{"en", "de"} }

// Pages show a message between its times, to strangers only if the operator wants that, until it is withdrawn. Another
// instance shows it after its next refresh.
func TestMessagesAreShown(t *testing.T) {
	each(t, func(k *kit) {
		ctx, op, on := k.t.Context(), k.operator(), k.OperatedMessages
		if list := on.Shown(true); list != nil {
			k.t.Errorf("shown %+v, want nothing", list)
		}
		made, err := on.Create(ctx, op.ID, plainMessage(k))
		k.must(err)
		if text, language := made.In("fr", "en"); text.Title != "We move house" || text.Text != "Tonight at ten.\nSee https://status.example.org" || language != "en" {
			k.t.Errorf("the text is %+v in %s, want the English one", text, language)
		}
		if text, language := made.In("de", "en"); text.Title != "Wir ziehen um" || language != "de" {
			k.t.Errorf("the text is %+v in %s, want the German one", text, language)
		}
		later := plainMessage(k)
		later.From, later.ToStrangers = k.Now().Add(time.Hour), true
		_, err = on.Create(ctx, op.ID, later)
		k.must(err)
		count := func(people, strangers int) {
			k.t.Helper()
			if a, b := len(on.Shown(true)), len(on.Shown(false)); a != people || b != strangers {
				k.t.Errorf("%d messages to people and %d to strangers, want %d and %d", a, b, people, strangers)
			}
		}
		count(1, 0)
		k.clock.Advance(2 * time.Hour)
		count(2, 1)
		k.must(on.Withdraw(ctx, op.ID, made.ID))
		k.is(on.Withdraw(ctx, op.ID, made.ID), models.ErrNotFound)
		count(1, 1)
		k.clock.Advance(23 * time.Hour)
		count(0, 0)
		k.must(on.Refresh(ctx))
		if list := on.Shown(true); list != nil {
			k.t.Errorf("shown %+v, want nothing", list)
		}
		list, err := on.List(ctx, models.MessagesAsk{Most: 10})
		k.must(err)
		if older, err := on.List(ctx, models.MessagesAsk{Before: list[0].ID, Most: 10}); err != nil || len(list) != 2 || len(older) != 1 || older[0].Withdrawn.IsZero() {
			k.t.Errorf("listed %+v, then %+v, %v; want both, the newest first", list, older, err)
		}
		acts := k.acts(models.ActsAsk{})
		if acts[0].Kind != models.ActMessageWithdrawn || acts[0].Subject != "We move house" || acts[1].Kind != models.ActMessageMade || acts[1].Actor != op.Username {
			k.t.Errorf("the newest acts are %+v, want the withdrawal and the message", acts[:2])
		}
	}, modelstest.Adjust(bothLanguages))
}

// A message needs a title in the first language, an end and a kind that exists, and an operator.
func TestMessagesAreChecked(t *testing.T) {
	each(t, func(k *kit) {
		ctx, op, on := k.t.Context(), k.operator(), k.OperatedMessages
		for field, spoil := range map[string]func(*models.NewMessage){
			"kind": func(m *models.NewMessage) { m.Kind = "joke" }, "until": func(m *models.NewMessage) { m.Until = k.Now() },
			"title_en": func(m *models.NewMessage) { delete(m.Texts, "en") },
			"title_de": func(m *models.NewMessage) { m.Texts["de"] = models.MessageText{Text: "ohne Titel"} },
			"text_en": func(m *models.NewMessage) {
				m.Texts["en"] = models.MessageText{Title: "x", Text: strings.Repeat("x", 1001)}
			},
			"texts": func(m *models.NewMessage) { m.Texts["xx"] = models.MessageText{Title: "x"} },
		} {
			in := plainMessage(k)
			spoil(&in)
			_, err := on.Create(ctx, op.ID, in)
			if wrong, ok := errors.AsType[*models.Error](err); !ok || len(wrong.Fields) != 1 || wrong.Fields[0].Field != field {
				k.t.Errorf("error %v, want one about the field %s", err, field)
			}
		}
		in := plainMessage(k)
		in.IdempotencyKey = "0123456789abcdef"
		made, err := on.Create(ctx, op.ID, in)
		k.must(err)
		if again, err := on.Create(ctx, op.ID, in); err != nil || again.ID != made.ID {
			k.t.Errorf("the same request made %d, %v; want the first message", again.ID, err)
		}
		k.must(k.Operators.SetOperator(ctx, op.Username, false))
		_, err = on.Create(ctx, op.ID, plainMessage(k))
		k.is(err, models.ErrOperatorsOnly)
		k.is(on.Withdraw(ctx, op.ID, made.ID), models.ErrOperatorsOnly)
	}, modelstest.Adjust(bothLanguages))
}

// A message is mailed once to everybody who has a confirmed address, in their language, a few at a time and by one of many
// instances. Who stopped invitations by mail, is disabled or comes later gets none.
func TestMessagesAreMailedOnce(t *testing.T) {
	each(t, func(k *kit) {
		ctx, op, on := k.t.Context(), k.operator(), k.OperatedMessages
		a, stopped, disabled := k.account(), k.account(), k.account()
		k.must(k.Accounts.SetLocale(ctx, a.ID, "de"))
		k.must(k.MailStops.StopAddress(ctx, stopped.Email))
		k.must(k.Operators.Disable(ctx, disabled.Username))
		k.letters()
		in := plainMessage(k)
		in.ByMail = true
		made, err := on.Create(ctx, op.ID, in)
		k.must(err)
		if made.MailState != models.MessageMailWaiting || made.MailTotal != 3 || made.MailCount != 0 {
			k.t.Errorf("made %+v, want three mails to write", made)
		}
		late := k.account()
		k.letters()
		work := make(chan error, 3)
		for range 3 {
			go func() { work <- on.Work(ctx) }()
		}
		for range 3 {
			k.must(<-work)
		}
		k.must(on.Work(ctx))
		one, err := on.Get(ctx, made.ID)
		k.must(err)
		if one.MailState != models.MessageMailDone || one.MailCount != 3 || one.MailQueued != 3 {
			k.t.Errorf("the message is %+v, want three mails written", one)
		}
		to := map[string]models.Letter{}
		for _, l := range k.letters() {
			if _, twice := to[l.To]; twice || l.Kind != models.MailServiceMessage {
				k.t.Errorf("got the mail %+v, want one to each", l)
			}
			to[l.To] = l
		}
		if len(to) != 2 || to[a.Email].Facts.Note != "Wir ziehen um\n" || !strings.HasPrefix(to[op.Email].Facts.Note, "We move house\nTonight") {
			k.t.Errorf("mailed %+v, want one in German and one in English, and none to %s", to, late.Email)
		}
	}, modelstest.Adjust(bothLanguages))
}

// Only a hundred mails of messages wait at a time, so that other mails do not stand behind all of them. When a message is
// withdrawn, those that wait are not sent.
func TestMessagesLeaveRoomInTheQueue(t *testing.T) {
	each(t, func(k *kit) {
		ctx, on := k.t.Context(), k.OperatedMessages
		const people = 150
		now := k.Now()
		k.insert("accounts", "id, username, username_key, display_name, email, email_key, password_hash, password_version, password_changed_at, pin_hash, locale, created_at, confirmed_at",
			people, func(i int) []any {
				name := newName()
				return []any{i + 1, name, name, name, addressOf(name), addressOf(name), "", 1, now, "", "en", now, now}
			})
		in := plainMessage(k)
		in.ByMail = true
		made, err := on.Create(ctx, models.CommandLine, in)
		k.must(err)
		k.must(on.Work(ctx))
		k.must(on.Work(ctx))
		one, err := on.Get(ctx, made.ID)
		k.must(err)
		if one.MailCount != 100 || one.MailQueued != 100 || one.MailTotal != people || one.MailState != models.MessageMailWaiting {
			k.t.Errorf("the message is %+v, want 100 of 150 written", one)
		}
		k.must(on.Withdraw(ctx, models.CommandLine, made.ID))
		k.must(on.Work(ctx))
		if left := k.letters(); len(left) != 0 {
			k.t.Errorf("%d mails of a message that was withdrawn are sent, want none", len(left))
		}
		if one, err = on.Get(ctx, made.ID); err != nil || one.MailState != models.MessageMailStopped || one.MailCount != 100 || one.MailQueued != 0 {
			k.t.Errorf("the message is %+v, %v; want it stopped", one, err)
		}
	})
}

// Pages ask for messages each time, so that costs nothing while there is none.
func TestShownMessagesTakeNoMemory(t *testing.T) {
	var on models.OperatedMessages
	if got := testing.AllocsPerRun(100, func() { on.Shown(true) }); got != 0 {
		t.Errorf("%.0f allocations, want none", got)
	}
}
