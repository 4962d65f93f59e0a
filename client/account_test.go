package client_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/models"
)

func TestSiteAccount(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann := s.join(t, "ann")
	changed := must(ann.Accounts.Change(ctx, client.Profile{DisplayName: new("Ann"), Language: new("de")}))(t)
	if got := must(ann.Accounts.Get(ctx))(t); got != changed || got.DisplayName != "Ann" || got.Language != "de" || got.ConfirmedAt.IsZero() {
		t.Errorf("%+v, %+v", got, changed)
	}
	_, err := ann.Accounts.Change(ctx, client.Profile{Username: new("a")})
	is(t, err, client.ErrInvalid)
	if e, ok := errors.AsType[*client.Error](err); !ok || len(e.Fields) != 1 || e.Fields[0].Field != "username" {
		t.Errorf("%v", err)
	}
	_, err = ann.As("").Accounts.Get(ctx)
	is(t, err, client.ErrSessionEnded)
	_, err = ann.Agent.Get(ctx)
	is(t, err, client.ErrWrongKindOfToken)
	_, err = ann.Operators.Account(ctx, changed.ID)
	is(t, err, client.ErrOperatorsOnly)

	var events []client.Event
	for event, err := range ann.Accounts.History(ctx) {
		well(t, err)
		events = append(events, event)
	}
	first := must(ann.Accounts.HistoryPage(ctx, client.PageAsk{Limit: 1}))(t)
	second := must(ann.Accounts.HistoryPage(ctx, client.PageAsk{Limit: 1, Cursor: first.Next}))(t)
	if len(events) < 3 || !slices.Equal(events[:2], append(first.Items, second.Items...)) {
		t.Errorf("%+v, %+v, %+v", events, first, second)
	}
	_, err = ann.Accounts.HistoryPage(ctx, client.PageAsk{Cursor: "x"})
	is(t, err, client.ErrInvalid)

	well(t, ann.PINs.Set(ctx, "4901", ""))
	well(t, ann.PINs.Verify(ctx, "4901"))
	is(t, ann.PINs.Verify(ctx, "4902"), client.ErrInvalid)
	well(t, ann.PINs.Remove(ctx, "4901"))
	is(t, ann.PINs.Remove(ctx, "4901"), client.ErrPINNotSet)

	well(t, ann.Emails.Change(ctx, "new@example.org", onePassword))
	well(t, ann.Emails.Confirm(ctx, s.secret(t, models.MailEmailConfirm, "new@example.org")))
	is(t, ann.Emails.Confirm(ctx, "lkm_x"), client.ErrTokenExpired)
	if got := must(ann.Accounts.Get(ctx))(t); got.Email != "new@example.org" {
		t.Errorf("%+v", got)
	}

	s.clock.Advance(25 * time.Hour)
	_, err = ann.Accounts.Export(ctx)
	is(t, err, client.ErrConfirmPassword)
	ann = ann.As(must(ann.Sessions.ConfirmPassword(ctx, onePassword))(t))
	var document struct {
		Account client.Account `json:"account"`
	}
	well(t, json.Unmarshal(must(ann.Accounts.Export(ctx))(t), &document))
	if document.Account.Username != "ann" {
		t.Errorf("%+v", document)
	}
	old := ann
	ann = ann.As(must(ann.Passwords.Change(ctx, onePassword, otherPassword))(t))
	_, err = old.Accounts.Get(ctx)
	is(t, err, client.ErrSessionEnded)
	well(t, ann.Passwords.AskReset(ctx, "ann", ""))
	well(t, ann.Passwords.Reset(ctx, s.secret(t, models.MailPasswordReset, "new@example.org"), onePassword))
	_, err = ann.Accounts.Get(ctx)
	is(t, err, client.ErrSessionEnded)
}
