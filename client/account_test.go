package client_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/servicetest"
)

func TestSiteSignUp(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	c := s.NewClient(t)
	pending := must(c.Accounts.SignUp(ctx, client.SignUp{Username: "ann", Email: servicetest.Email("ann"), Password: onePassword}))(t)
	if pending.Username != "ann" || pending.PendingToken == "" {
		t.Errorf("signed up as %+v, want ann with a pending token", pending)
	}
	noError(t, c.Accounts.Confirm(ctx, s.Mailbox.Letter(t, models.MailConfirm, servicetest.Email("ann")).Secret))
	in := must(c.Sessions.SignIn(ctx, client.SignIn{NameOrEmail: "ann", Password: onePassword, DeviceName: "Den"}))(t)
	if in.Account.Username != "ann" {
		t.Errorf("signed in as %+v, want ann", in.Account)
	}
}

func TestSiteAccount(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann := s.Join(t, "ann")
	changed := must(ann.Accounts.Change(ctx, client.Profile{DisplayName: new("Ann"), Language: new("de")}))(t)
	if got := must(ann.Accounts.Get(ctx))(t); got != changed || got.DisplayName != "Ann" || got.Language != "de" || got.ConfirmedAt.IsZero() {
		t.Errorf("account %+v, want what the change returned: %+v, with Ann, de and a time of confirmation", got, changed)
	}
	_, err := ann.Accounts.Change(ctx, client.Profile{Username: new("a")})
	isError(t, err, client.ErrInvalid)
	if e, ok := errors.AsType[*client.Error](err); !ok || len(e.Fields) != 1 || e.Fields[0].Field != "username" {
		t.Errorf("error %v, want a mistake in the field username", err)
	}
	_, err = ann.As("").Accounts.Get(ctx)
	isError(t, err, client.ErrTokenMissing)
	_, err = ann.As("lks_of-my-own-making").Accounts.Get(ctx)
	isError(t, err, client.ErrSessionEnded)
	_, err = ann.Agent.Get(ctx)
	isError(t, err, client.ErrWrongKindOfToken)
	_, err = ann.Operators.Account(ctx, changed.ID)
	isError(t, err, client.ErrOperatorsOnly)

	var events []client.Event
	for event, err := range ann.Accounts.History(ctx) {
		noError(t, err)
		events = append(events, event)
	}
	first := must(ann.Accounts.HistoryPage(ctx, client.PageAsk{Limit: 1}))(t)
	second := must(ann.Accounts.HistoryPage(ctx, client.PageAsk{Limit: 1, Cursor: first.Next}))(t)
	if len(events) < 3 || !slices.Equal(events[:2], append(first.Items, second.Items...)) {
		t.Errorf("history %+v, want at least 3 events that begin with the pages %+v and %+v", events, first, second)
	}
	_, err = ann.Accounts.HistoryPage(ctx, client.PageAsk{Cursor: "x"})
	isError(t, err, client.ErrInvalid)

	noError(t, ann.PINs.Set(ctx, "4901", ""))
	noError(t, ann.PINs.Verify(ctx, "4901"))
	isError(t, ann.PINs.Verify(ctx, "4902"), client.ErrInvalid)
	noError(t, ann.PINs.Remove(ctx, "4901"))
	isError(t, ann.PINs.Remove(ctx, "4901"), client.ErrPINNotSet)

	noError(t, ann.Emails.Change(ctx, "new@example.org", onePassword))
	if reset := must(ann.Emails.Confirm(ctx, s.Mailbox.Letter(t, models.MailEmailConfirm, "new@example.org").Secret))(t); reset != "" {
		t.Error("confirming another address asks for a new password, want that of newcomers alone to do so")
	}
	_, err = ann.Emails.Confirm(ctx, "lkm_x")
	isError(t, err, client.ErrTokenExpired)
	if got := must(ann.Accounts.Get(ctx))(t); got.Email != "new@example.org" {
		t.Errorf("account %+v, want the address new@example.org", got)
	}

	s.Clock.Advance(25 * time.Hour)
	_, err = ann.Accounts.Export(ctx)
	isError(t, err, client.ErrConfirmPassword)
	ann = ann.As(must(ann.Sessions.ConfirmPassword(ctx, onePassword))(t))
	var document struct {
		Account client.Account `json:"account"`
	}
	noError(t, json.Unmarshal(must(ann.Accounts.Export(ctx))(t), &document))
	if document.Account.Username != "ann" {
		t.Errorf("export of the account %+v, want ann", document.Account)
	}
	old := ann
	ann = ann.As(must(ann.Passwords.Change(ctx, onePassword, otherPassword))(t))
	_, err = old.Accounts.Get(ctx)
	isError(t, err, client.ErrSessionEnded)
	noError(t, ann.Passwords.AskReset(ctx, "ann", ""))
	noError(t, ann.Passwords.Reset(ctx, s.Mailbox.Letter(t, models.MailPasswordReset, "new@example.org").Secret, onePassword))
	_, err = ann.Accounts.Get(ctx)
	isError(t, err, client.ErrSessionEnded)
}
