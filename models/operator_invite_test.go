package models_test

import (
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// onlyInvited lets people sign up with an invite alone.
func onlyInvited(o *models.Options) { o.SignUp = models.SignUpInvite }

// eachSignUpInvite runs f where only invited people may sign up.
func eachSignUpInvite(t *testing.T, f func(k *kit, op models.Account)) {
	t.Helper()
	each(t, func(k *kit) {
		name := newName()
		op, err := k.Operators.Create(k.t.Context(), models.SignUp{Username: name, Email: addressOf(name), Password: goodPassword})
		k.must(err)
		k.must(k.Operators.Confirm(k.t.Context(), name))
		k.must(k.Operators.SetOperator(k.t.Context(), name, true))
		k.letters()
		f(k, op)
	}, modelstest.Adjust(onlyInvited))
}

// A mailed invite to sign up proves the address, so its account is confirmed at once. It works once, for its address.
func TestMailedInviteToSignUp(t *testing.T) {
	eachSignUpInvite(t, func(k *kit, op models.Account) {
		ctx, on := k.t.Context(), k.OperatedInvites
		made, err := on.Create(ctx, op.ID, models.NewInvite{To: " gina@example.net ", Note: "Come in"})
		k.must(err)
		if !made.SignUp || made.To != "gina@example.net" || made.State != models.InvitePending || made.OwnerUsername != "Latchkey" || len(made.Servers) != 0 || made.Link {
			k.t.Errorf("made %+v, want an invite to sign up for the address", made)
		}
		letter := k.letter(models.MailInviteSignUp, "gina@example.net")
		if letter.Stop == "" || letter.Secret == "" {
			k.t.Errorf("got the mail %+v, want one with a secret that can be stopped", letter)
		}
		seen, address, err := k.Invites.Look(ctx, letter.Secret, home)
		if err != nil || seen.ID != made.ID || address != "gina@example.net" {
			k.t.Errorf("the secret leads to %+v for %q, %v; want the invite", seen, address, err)
		}
		in := models.SignUp{Username: "gina", Email: "other@example.net", Password: goodPassword, Locale: "en", Invite: letter.Secret}
		if _, err = k.Invites.SignUp(ctx, in, home); models.KindOf(err) != models.KindInvalid {
			k.t.Errorf("another address: error %v, want one about the field email", err)
		}
		in.Email = "gina@example.net"
		out, err := k.Invites.SignUp(ctx, in, home)
		k.must(err)
		account, err := k.Accounts.Get(ctx, out.Session.AccountID)
		k.must(err)
		if account.ConfirmedAt.IsZero() || account.Email != "gina@example.net" {
			k.t.Errorf("got the account %+v, want a confirmed one", account)
		}
		again := in
		again.Username = "gina2"
		_, err = k.Invites.SignUp(ctx, again, home)
		k.is(err, models.ErrInviteUsed)
		after, err := on.Get(ctx, made.ID)
		k.must(err)
		if after.State != models.InviteAccepted || len(after.UsedBy) != 1 || after.UsedBy[0].Username != "gina" {
			k.t.Errorf("the invite is %+v afterwards, want accepted by gina", after)
		}
		k.is(on.Withdraw(ctx, op.ID, made.ID), models.ErrNotFound)
	})
}

// Whoever signs up in another way with the address of an invite spends it, too, once the address is confirmed.
func TestConfirmingSpendsTheMailedInvite(t *testing.T) {
	eachSignUpInvite(t, func(k *kit, op models.Account) {
		ctx := k.t.Context()
		made, err := k.OperatedInvites.Create(ctx, op.ID, models.NewInvite{To: "gina@example.net"})
		k.must(err)
		in := models.SignUp{Username: "gina", Email: "gina@example.net", Password: goodPassword, Locale: "en"}
		in.Invite = k.letter(models.MailInviteSignUp, "gina@example.net").Secret
		_, err = k.Accounts.SignUp(ctx, in, home)
		k.must(err)
		if one, err := k.OperatedInvites.Get(ctx, made.ID); err != nil || one.State != models.InvitePending {
			k.t.Errorf("the invite is %+v, %v; want it open until the address is confirmed", one, err)
		}
		k.must(k.Operators.Confirm(ctx, "gina"))
		if one, err := k.OperatedInvites.Get(ctx, made.ID); err != nil || one.State != models.InviteAccepted || one.AnsweredBy != "gina" {
			k.t.Errorf("the invite is %+v, %v; want accepted by gina", one, err)
		}
	})
}

// The link of an invite to sign up proves no address: the sign-up waits for its mail, and spends one use. A mistyped
// address can be corrected. A person who has an account already has nothing to accept.
func TestLinkToSignUp(t *testing.T) {
	eachSignUpInvite(t, func(k *kit, op models.Account) {
		ctx, on := k.t.Context(), k.OperatedInvites
		made, err := on.Create(ctx, op.ID, models.NewInvite{Link: true, Uses: 2, ExpiresAt: k.Now().Add(72 * time.Hour)})
		k.must(err)
		link, err := on.Secret(ctx, made.ID)
		k.must(err)
		k.is(k.InviteLinks.Accept(ctx, op.ID, link, home), models.ErrAlreadyMember)
		_, err = k.InviteLinks.Secret(ctx, op.ID, made.ID)
		k.is(err, models.ErrNotFound)
		k.is(k.Invites.Withdraw(ctx, op.ID, made.ID, home), models.ErrNotFound)
		k.is(k.Invites.Accept(ctx, op.ID, made.ID, home), models.ErrNotFound)

		anna := byLink("anna", link)
		_, err = k.Invites.SignUp(ctx, anna, home)
		k.is(err, models.ErrInviteSignUp)
		pending, err := k.Accounts.SignUp(ctx, anna, home)
		k.must(err)
		k.must(k.Emails.Correct(ctx, pending, "anna.k@example.org", home))
		k.must(k.Emails.Confirm(ctx, k.letter(models.MailConfirm, "anna.k@example.org").Secret, home))

		bert := byLink("bert", link)
		_, err = k.Accounts.SignUp(ctx, bert, home)
		k.must(err)
		if _, err = k.Accounts.SignUp(ctx, bert, home); err != nil { // sent twice
			k.t.Errorf("the same sign-up once more: %v, want the same answer", err)
		}
		_, err = k.Accounts.SignUp(ctx, byLink("carl", link), home)
		k.is(err, models.ErrInviteUsed)
		after, err := on.Get(ctx, made.ID)
		k.must(err)
		if after.State != models.InviteAccepted || after.Used != 2 || len(after.UsedBy) != 2 {
			k.t.Errorf("the invite is %+v afterwards, want two uses", after)
		}
		_, err = on.Secret(ctx, made.ID)
		k.is(err, models.ErrNotFound)
	})
}

// The uses of a link are spent by one conditional update each: of many who come at once only as many get in.
func TestLinkToSignUpIsNotSpentTwice(t *testing.T) {
	eachSignUpInvite(t, func(k *kit, op models.Account) {
		ctx := k.t.Context()
		made, err := k.OperatedInvites.Create(ctx, op.ID, models.NewInvite{Link: true})
		k.must(err)
		link, err := k.OperatedInvites.Secret(ctx, made.ID)
		k.must(err)
		const many = 4
		errs := make(chan error, many)
		for _, name := range []string{"anna", "bert", "carl", "dora"} {
			go func() {
				_, err := k.Accounts.SignUp(ctx, byLink(name, link), home)
				errs <- err
			}()
		}
		in := 0
		for range many {
			switch err := <-errs; {
			case err == nil:
				in++
			case models.KindOf(err) != models.KindExpired:
				k.t.Errorf("got %v, want an invite that is used up", err)
			}
		}
		if in != 1 {
			k.t.Errorf("%d people got in, want one", in)
		}
	})
}

// Every operator sees and withdraws the invites to sign up, nobody else, and each act is written down.
func TestOperatorsWithdrawInvites(t *testing.T) {
	eachSignUpInvite(t, func(k *kit, op models.Account) {
		ctx, on := k.t.Context(), k.OperatedInvites
		_, err := on.Create(ctx, op.ID, models.NewInvite{})
		if models.KindOf(err) != models.KindInvalid {
			k.t.Errorf("an invite to nobody: %v, want an error about the field to", err)
		}
		_, err = on.Create(ctx, op.ID, models.NewInvite{To: "anna"})
		if models.KindOf(err) != models.KindInvalid {
			k.t.Errorf("an invite to a username: %v, want an error about the field to", err)
		}
		in := models.NewInvite{To: "x@example.net", Link: true, IdempotencyKey: "0123456789abcdef"}
		made, err := on.Create(ctx, op.ID, in)
		k.must(err)
		if same, err := on.Create(ctx, op.ID, in); err != nil || same.ID != made.ID {
			k.t.Errorf("the same request made %v, %v; want the first invite", same.ID, err)
		}
		link, err := on.Secret(ctx, made.ID)
		k.must(err)
		other, err := on.Create(ctx, models.CommandLine, models.NewInvite{Link: true})
		k.must(err)
		if sent, err := k.Invites.Sent(ctx, op.ID, 0, 10); err != nil || len(sent) != 0 {
			k.t.Errorf("the operator has sent %+v, %v; want none of their own", sent, err)
		}
		k.must(on.Withdraw(ctx, models.CommandLine, made.ID))
		if letters := k.letters(); len(letters) != 0 {
			k.t.Errorf("sent %+v, want no mail of an invite that was withdrawn", letters)
		}
		_, _, err = k.Invites.Look(ctx, link, home)
		k.is(err, models.ErrInviteWithdrawn)
		all, err := on.List(ctx, models.InvitesAsk{Most: 10})
		k.must(err)
		open, err := on.List(ctx, models.InvitesAsk{State: models.InvitePending, Most: 10})
		k.must(err)
		older, err := on.List(ctx, models.InvitesAsk{Before: other.ID, Most: 10})
		k.must(err)
		if len(all) != 2 || len(open) != 1 || open[0].ID != other.ID || len(older) != 1 || older[0].ID != made.ID {
			k.t.Errorf("listed %d, %d open and %d older, want 2, 1 and 1", len(all), len(open), len(older))
		}
		acts := k.acts(models.ActsAsk{})
		if len(acts) < 3 || acts[0].Kind != models.ActInviteWithdrawn || acts[1].Kind != models.ActInviteMade || acts[2].Actor != op.Username || acts[2].Subject != models.FormatID(made.ID) {
			k.t.Errorf("the newest acts are %+v, want the withdrawal and two invites", acts)
		}
		former := op
		k.must(k.Operators.SetOperator(ctx, op.Username, false))
		_, err = on.Create(ctx, former.ID, models.NewInvite{Link: true})
		k.is(err, models.ErrOperatorsOnly)
		k.is(on.Withdraw(ctx, former.ID, other.ID), models.ErrOperatorsOnly)
	})
}
