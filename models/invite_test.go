package models_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models"
)

func TestInviteByUsername(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, anna := k.t.Context(), k.account(), k.account()
		m := k.agent(owner)
		user, end := k.localUser(owner, m, "u-anna"), k.Now().Add(24*time.Hour)
		invite, err := k.Invites.Create(ctx, owner.ID, models.NewInvite{
			To: strings.ToUpper(anna.Username), Type: models.LinkLinked, Note: " Hello \n<b>you</b>\u202e ",
			Servers: []models.InviteServer{{
				ServerID: m.ID, LocalUserID: user.ID, Libraries: []models.Library{{ExternalID: "l-films"}}, EndsAt: end,
			}},
		}, home)
		k.must(err)
		want := []models.InviteServer{{
			ServerID: m.ID, ServerName: "Den", LocalUserID: user.ID, LocalUserName: "Anna",
			Libraries: []models.Library{{ExternalID: "l-films", Name: "Films"}}, EndsAt: end,
		}}
		if diff := cmp.Diff(want, invite.Servers); diff != "" || invite.Note != "Hello\n<b>you</b>" || invite.To != anna.Username || invite.State != models.InvitePending {
			k.t.Errorf("got the invite %+v, want it pending with its note; servers (-want +got): %s", invite, diff)
		}
		letter := k.letter(models.MailInvite, anna.Email)
		if letter.Facts.Person != owner.Username || letter.Facts.Server != "Den" || letter.Locale != "en" {
			k.t.Errorf("got the mail %+v, want the owner, the server and English", letter)
		}
		received, err := k.Invites.Received(ctx, anna.ID)
		k.must(err)
		if len(received) != 1 || received[0].ID != invite.ID || received[0].OwnerUsername != owner.Username {
			k.t.Errorf("got the invites %+v, want one with the owner's username", received)
		}
		stranger := k.account()
		k.is(k.Invites.Accept(ctx, stranger.ID, invite.ID, home), models.ErrNotFound)
		k.is(k.Invites.Decline(ctx, stranger.ID, invite.ID, home), models.ErrNotFound)
		k.must(k.Invites.Accept(ctx, anna.ID, invite.ID, home))
		k.is(k.Invites.Accept(ctx, anna.ID, invite.ID, home), models.ErrNotFound)
		k.is(k.Invites.Withdraw(ctx, owner.ID, invite.ID, home), models.ErrNotFound)
		k.letter(models.MailLinkAccepted, owner.Email)
		links := k.agentLinks(m)
		if len(links) != 1 || links[0].LocalUserID != "u-anna" || !links[0].EndsAt.Equal(end) || !links[0].Active || len(links[0].Libraries) != 1 {
			k.t.Errorf("got the links %+v, want one with the local user, the end and one library", links)
		}
		located := k.located(anna, models.LinkAccepted)
		got, err := k.Agents.Check(ctx, m.Server, models.ShownKey{Hash: secret.Sum(located[0].AccessKey)})
		if err != nil || got.AccountID != anna.ID {
			k.t.Errorf("the check returned %+v with error %v, want the invited account", got, err)
		}
		people, err := k.People.List(ctx, owner.ID, m.ID, 0, 10)
		k.must(err)
		if len(people) != 1 || people[0].InvitedBy != owner.Username || people[0].LocalUser.Name != "Anna" || !people[0].EndsAt.Equal(end) {
			k.t.Errorf("got the people %+v, want one with the inviter, the local user and the end", people)
		}
		sent, err := k.Invites.Sent(ctx, owner.ID, 0, 10)
		k.must(err)
		if len(sent) != 1 || sent[0].State != models.InviteAccepted || sent[0].AnsweredBy != anna.Username {
			k.t.Errorf("got the sent invites %+v, want one accepted by the account", sent)
		}
		// The end of a link has effect without a sweep.
		k.letters()
		k.clock.Advance(24 * time.Hour)
		_, err = k.Agents.Check(ctx, m.Server, models.ShownKey{Hash: secret.Sum(located[0].AccessKey), AccountID: anna.ID})
		k.is(err, models.ErrAccessKeyWrong)
		if n := len(k.located(anna, models.LinkAccepted)) + len(k.agentLinks(m)) + len(k.authorizations(m)); n != 0 {
			k.t.Errorf("%d lists show the ended link, want 0", n)
		}
		before := k.last(m)
		k.must(k.Sweep(ctx))
		k.letter(models.MailLinkEnded, anna.Email)
		if diff := cmp.Diff([]models.ChangeKind{models.ChangeLinkRemoved}, k.changeKinds(m, before)); diff != "" {
			k.t.Errorf("kinds of changes (-want +got): %s", diff)
		}
	})
}

func TestInviteRules(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, anna := k.t.Context(), k.account(), k.account()
		m, other, theirs := k.agent(owner), k.agent(owner), k.agent(anna)
		foreign := k.localUser(anna, theirs, "u-anna")
		gone := k.account()
		k.must(k.Operators.Disable(ctx, gone.Username))
		one := func(s models.InviteServer) []models.InviteServer { return []models.InviteServer{s} }
		good := one(models.InviteServer{ServerID: m.ID})
		for name, tt := range map[string]struct {
			in   models.NewInvite
			want string
		}{
			"nobody":           {models.NewInvite{Servers: good}, "to=to_missing"},
			"no such name":     {models.NewInvite{To: "nobody-at-all", Servers: good}, "to=username_unknown"},
			"disabled":         {models.NewInvite{To: gone.Username, Servers: good}, "to=username_unknown"},
			"oneself":          {models.NewInvite{To: owner.Username, Servers: good}, "to=username_unknown"},
			"no address":       {models.NewInvite{To: "x@y", Servers: good}, "to=email_invalid"},
			"no servers":       {models.NewInvite{To: anna.Username}, "servers=servers_missing"},
			"a server twice":   {models.NewInvite{To: anna.Username, Servers: append(good, good...)}, "servers=servers_invalid"},
			"foreign server":   {models.NewInvite{To: anna.Username, Servers: one(models.InviteServer{ServerID: theirs.ID})}, "servers=server_unknown"},
			"foreign user":     {models.NewInvite{To: anna.Username, Servers: one(models.InviteServer{ServerID: m.ID, LocalUserID: foreign.ID})}, "local_user_id=local_user_unknown"},
			"unknown library":  {models.NewInvite{To: anna.Username, Servers: one(models.InviteServer{ServerID: m.ID, Libraries: []models.Library{{ExternalID: "x"}}})}, "libraries=library_unknown"},
			"over already":     {models.NewInvite{To: anna.Username, Servers: one(models.InviteServer{ServerID: m.ID, EndsAt: k.Now()})}, "ends_at=ends_at_invalid"},
			"a long note":      {models.NewInvite{To: anna.Username, Note: strings.Repeat("x", 501), Servers: good}, "note=note_invalid"},
			"of no type":       {models.NewInvite{To: anna.Username, Type: "x", Servers: good}, "type=type_invalid"},
			"a short key":      {models.NewInvite{To: anna.Username, Servers: good, IdempotencyKey: "short"}, "idempotency_key=idempotency_key_invalid"},
			"second is not ok": {models.NewInvite{To: "a@example.org", Servers: append(one(models.InviteServer{ServerID: other.ID}), models.InviteServer{ServerID: theirs.ID})}, "servers=server_unknown"},
		} {
			if tt.in.Type == "" {
				tt.in.Type = models.LinkGuest
			}
			_, err := k.Invites.Create(ctx, owner.ID, tt.in, home)
			field, code, _ := strings.Cut(tt.want, "=")
			if !errors.Is(err, fieldError(field, code)) {
				k.t.Errorf("%s: %v, want %s", name, err, tt.want)
			}
		}
		if sent, _ := k.Invites.Sent(ctx, owner.ID, 0, 10); len(sent) != 0 {
			k.t.Errorf("got the invites %+v, want none after a refusal", sent)
		}
		// A local user that has a link cannot be offered again.
		k.invited(owner, m, k.account(), "u-anna")
		_, err := k.Invites.Create(ctx, owner.ID, models.NewInvite{
			To: anna.Username, Type: models.LinkLinked, Servers: one(models.InviteServer{ServerID: m.ID, LocalUserID: k.localUser(owner, m, "u-anna").ID}),
		}, home)
		k.isKind(err, models.KindConflict)
	})
}

// invited links an account with a local user by an invite.
func (k *kit) invited(owner models.Account, m media, a models.Account, externalID string) {
	k.t.Helper()
	k.must(k.Invites.Accept(k.t.Context(), a.ID, k.offer(owner, m, a, externalID).ID, home))
}

// offer invites an account and offers it a local user.
func (k *kit) offer(owner models.Account, m media, a models.Account, externalID string) models.Invite {
	k.t.Helper()
	invite, err := k.Invites.Create(k.t.Context(), owner.ID, models.NewInvite{
		To: a.Username, Type: models.LinkLinked, Servers: []models.InviteServer{{ServerID: m.ID, LocalUserID: k.localUser(owner, m, externalID).ID}},
	}, home)
	k.must(err)
	return invite
}

// an invite to an address belongs to the account that has confirmed that
// address, and does not show whether there is such an account.
func TestInviteByAddress(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, anna := k.t.Context(), k.account(), k.account()
		m, second := k.agent(owner), k.agent(owner)
		known := k.invite(owner, anna.Email, m, second)
		unknown := k.invite(owner, "nobody@example.org", m, second)
		letters := k.letters()
		a, b := k.only(letters, models.MailInvite, anna.Email), k.only(letters, models.MailInvite, "nobody@example.org")
		if diff := cmp.Diff(a.Facts, b.Facts); diff != "" || a.Locale != b.Locale || (a.Secret == "") != (b.Secret == "") || a.Secret == b.Secret {
			k.t.Errorf("the mails differ in more than their secrets, want only that; facts (-known +unknown): %s", diff)
		}
		if diff := cmp.Diff(known.Servers, unknown.Servers); diff != "" {
			k.t.Errorf("servers of the invites to a known and an unknown address (-known +unknown): %s", diff)
		}
		invite, email, err := k.Invites.Look(ctx, a.Secret, home)
		if err != nil || invite.ID != known.ID || email != anna.Email {
			k.t.Errorf("got the invite %+v for the address %s with error %v, want the invite to the known address", invite, email, err)
		}
		// The invite is not for another account, even one that waits to confirm that address.
		waiting := newName()
		_, err = k.Accounts.SignUp(ctx, models.SignUp{Username: waiting, Email: "nobody@example.org", Password: goodPassword}, home)
		k.must(err)
		for _, stranger := range []models.Account{k.account(), k.byName(waiting), owner} {
			if err := k.Invites.Accept(ctx, stranger.ID, unknown.ID, home); !errors.Is(err, models.ErrNotFound) {
				k.t.Errorf("%s accepts the invite with error %v, want not found", stranger.Username, err)
			}
		}
		// The invite is for an account that changes its address to the address of the invite.
		newcomer := k.account()
		k.change(newcomer, "nobody@example.org")
		if n, err := k.Invites.Waiting(ctx, newcomer.ID); n != 1 || err != nil {
			k.t.Errorf("%d invites wait, error %v; want 1", n, err)
		}
		k.letters()
		k.must(k.Invites.Decline(ctx, newcomer.ID, unknown.ID, home))
		if letter := k.letter(models.MailLinkRemoved, owner.Email); letter.Facts.Person != "" {
			k.t.Errorf("the owner sees the person of the address in %v, want no name", letter.Facts)
		}
		k.must(k.Invites.Accept(ctx, anna.ID, known.ID, home))
		if n := len(k.located(anna, models.LinkAccepted)); n != 2 {
			k.t.Errorf("%d servers, want 2", n)
		}
		_, _, err = k.Invites.Look(ctx, a.Secret, home)
		k.is(err, models.ErrTokenSpent)
		// An invite that is withdrawn before its mail is sent makes no mail and no secret.
		third := k.invite(owner, "late@example.org", m)
		k.must(k.Invites.Withdraw(ctx, owner.ID, third.ID, home))
		if kinds := kinds(k.letters(), "late@example.org"); len(kinds) != 0 {
			k.t.Errorf("got the mails %v, want none for a withdrawn invite", kinds)
		}
		// After 14 days the invite has expired.
		fourth := k.invite(owner, anna.Email, m)
		secret := k.letter(models.MailInvite, anna.Email).Secret
		k.clock.Advance(14 * 24 * time.Hour)
		k.is(k.Invites.Accept(ctx, anna.ID, fourth.ID, home), models.ErrNotFound)
		_, _, err = k.Invites.Look(ctx, secret, home)
		k.is(err, models.ErrTokenSpent)
		sent, err := k.Invites.Sent(ctx, owner.ID, 0, 1)
		k.must(err)
		if sent[0].State != models.InviteExpired {
			k.t.Errorf("got the state %s, want expired", sent[0].State)
		}
		k.clock.Advance(models.DefaultLives().History)
		k.must(k.Sweep(ctx))
		if left := k.texts("SELECT invite_id FROM invite_servers"); len(left) != 0 {
			k.t.Errorf("%d rows are left, want 0", len(left))
		}
	})
}

func TestSignUpByInvite(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.operatorMade()
		m := k.agent(owner)
		k.invite(owner, "guest@example.org", m)
		secret := k.letter(models.MailInvite, "guest@example.org").Secret
		in := models.SignUp{Username: newName(), Email: "guest@example.org", Password: goodPassword}
		_, err := k.Accounts.SignUp(ctx, in, home)
		k.is(err, models.ErrSignUpInviteOnly)
		in.Invite = secret[:len(secret)-1] + "x"
		_, err = k.Accounts.SignUp(ctx, in, home)
		k.is(err, models.ErrSignUpInviteOnly)
		in.Invite, in.Email = secret, "other@example.org"
		_, err = k.Accounts.SignUp(ctx, in, home)
		k.isKind(err, models.KindInvalid)
		in.Email = "Guest@example.org"
		pending, err := k.Accounts.SignUp(ctx, in, home)
		k.must(err)
		k.isKind(k.Emails.Correct(ctx, pending, "other@example.org", home), models.KindInvalid)
		guest := k.byName(in.Username)
		if n, _ := k.Invites.Waiting(ctx, guest.ID); n != 0 {
			k.t.Error("an unconfirmed account sees the invite, want it hidden")
		}
		k.must(k.Emails.Confirm(ctx, k.letter(models.MailConfirm, "Guest@example.org").Secret, home))
		received, err := k.Invites.Received(ctx, guest.ID)
		k.must(err)
		k.must(k.Invites.Accept(ctx, guest.ID, received[0].ID, home))
		in.Username = newName()
		_, err = k.Accounts.SignUp(ctx, in, home)
		k.is(err, models.ErrSignUpInviteOnly)
	}, func(o *models.Options) { o.SignUp = models.SignUpInvite })
}

// operatorMade returns a confirmed account on a service where nobody may sign up.
func (k *kit) operatorMade() models.Account {
	k.t.Helper()
	name := newName()
	_, err := k.Operators.Create(k.t.Context(), models.SignUp{Username: name, Email: addressOf(name), Password: goodPassword})
	k.must(err)
	k.must(k.Operators.Confirm(k.t.Context(), name))
	return k.byName(name)
}

// If the person is already linked, the link stays as it is. An offer of another local user
// is then a conflict, and the whole answer changes nothing.
func TestInviteToLinked(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, anna := k.t.Context(), k.account(), k.account()
		m, second := k.agent(owner), k.agent(owner)
		k.must(k.Invites.Accept(ctx, anna.ID, k.invite(owner, anna.Username, m).ID, home))
		first := k.located(anna, models.LinkAccepted)[0]
		k.invited(owner, m, anna, "u-anna") // the link gets its local user
		links := k.agentLinks(m)
		if len(links) != 1 || links[0].ID != first.ID || links[0].LocalUserID != "u-anna" {
			k.t.Errorf("got the links %+v, want the first one with its local user", links)
		}
		if again := k.located(anna, models.LinkAccepted)[0]; again.AccessKey != first.AccessKey {
			k.t.Error("the access key has changed, want the same")
		}
		both, err := k.Invites.Create(ctx, owner.ID, models.NewInvite{To: anna.Username, Type: models.LinkLinked, Servers: []models.InviteServer{
			{ServerID: m.ID, LocalUserID: k.localUser(owner, m, "u-ben").ID}, {ServerID: second.ID},
		}}, home)
		k.must(err)
		k.is(k.Invites.Accept(ctx, anna.ID, both.ID, home), models.ErrAlreadyLinked)
		if n := len(k.located(anna, models.LinkAccepted)); n != 1 {
			k.t.Errorf("%d links after a conflict, want 1", n)
		}
		k.must(k.Invites.Decline(ctx, anna.ID, both.ID, home))
		// An offer is void after its server is handed over.
		void := k.invite(owner, anna.Username, second)
		k.must(k.Servers.HandOver(ctx, owner.ID, second.ID, k.account().Username, home))
		k.is(k.Invites.Accept(ctx, anna.ID, void.ID, home), models.ErrNotFound)
		// The local user no longer exists.
		late := k.offer(owner, m, k.account(), "u-ben")
		rest := report()
		rest.LocalUsers = rest.LocalUsers[:1]
		k.report(m, rest)
		to := k.byName(late.To)
		k.is(k.Invites.Accept(ctx, to.ID, late.ID, home), models.ErrLocalUserGone)
		if u := k.localUser(owner, m, "u-ben"); u.GoneAt.IsZero() {
			k.t.Errorf("got the local user %+v, want it marked as gone", u)
		}
	})
}

// exactly one of 64 parallel accepts of one invite succeeds, and exactly one of two
// accounts that are offered the same local user gets it.
func TestInviteRaces(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, anna := k.t.Context(), k.account(), k.account()
		m := k.agent(owner)
		invite := k.offer(owner, m, anna, "u-anna")
		k.oneWinner(parallel(64, func(int) error { return k.Invites.Accept(ctx, anna.ID, invite.ID, home) }), models.ErrNotFound)
		if n := len(k.agentLinks(m)); n != 1 {
			k.t.Errorf("%d links, want 1", n)
		}
		for range 8 { // either the withdrawal or the accept succeeds, if both happen at the same time
			invite := k.invite(owner, anna.Email, k.agent(owner))
			k.oneWinner(parallel(2, func(i int) error {
				if i == 0 {
					return k.Invites.Withdraw(ctx, owner.ID, invite.ID, home)
				}
				return k.Invites.Accept(ctx, anna.ID, invite.ID, home)
			}), models.ErrNotFound)
		}
		b, c := k.account(), k.account()
		offers := []models.Invite{k.offer(owner, m, b, "u-ben"), k.offer(owner, m, c, "u-ben")}
		who := []models.Account{b, c}
		k.oneWinner(parallel(2, func(i int) error { return k.Invites.Accept(ctx, who[i].ID, offers[i].ID, home) }), models.ErrLocalUserTaken)
	})
}
