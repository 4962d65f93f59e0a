package models_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

// told is an event that must be in the history of an account, with its subject.
type told struct {
	account models.Account
	kind    models.EventKind
	subject string
}

// masked returns an address as a history shows it.
func masked(address string) string {
	return address[:1] + "…" + address[strings.Index(address, "@"):]
}

// tellAccounts changes the address of a person and undoes the change. It returns the events
// that the histories must have then.
func (k *kit) tellAccounts() []told {
	ctx, a := k.t.Context(), k.account()
	other := addressOf("x" + newName())
	undo := k.change(a, other)
	_, err := k.Emails.Undo(ctx, undo, home)
	k.must(err)
	return []told{
		{a, models.EventConfirmed, masked(a.Email)},
		{a, models.EventEmailChangeAsked, masked(other)},
		{a, models.EventEmailChanged, masked(other)},
		{a, models.EventEmailUndone, masked(a.Email)},
	}
}

// tellDevices ends sessions of a person and answers the codes of devices. It returns the
// events that the histories must have then. One name has a character that would change the
// text around it; the history must show the name without that character.
func (k *kit) tellDevices() []told {
	ctx, by, mailed, many := k.t.Context(), k.account(), k.account(), k.account()
	in := k.signIn(by)
	stranger, err := k.Sessions.SignIn(ctx, models.SignIn{NameOrEmail: by.Username, Password: goodPassword},
		models.Caller{Device: "A\u202e" + strings.Repeat("b", 78)})
	k.must(err)
	k.must(k.Sessions.End(ctx, by.ID, stranger.Session.ID, home))
	secret, _ := k.notMeSecret(mailed)
	k.must(k.Sessions.NotMe(ctx, secret, tv))
	k.must(k.Devices.Approve(ctx, in.Session, k.beginAPI("one").UserCode, home))
	k.must(k.Devices.Deny(ctx, in.Session, k.begin("two"), home))
	for range 4 {
		k.signIn(many)
	}
	return []told{
		{by, models.EventSessionEnded, "A " + strings.Repeat("b", 78)},
		{mailed, models.EventSessionEnded, home.Device},
		{by, models.EventDeviceApproved, "Living room · TV app"},
		{by, models.EventDeviceDenied, "TV app 1.2"},
		{many, models.EventSessionSurplus, home.Device},
	}
}

// tellServers does everything to a server that its owner, its agent and an operator can do.
// It returns the events that the histories must have then.
func (k *kit) tellServers() []told {
	ctx, owner, heir, late := k.t.Context(), k.account(), k.account(), k.account()
	stray, m := k.stray(), k.agent(owner)
	k.must(k.Registrations.Claim(ctx, late.ID, stray.ID, stray.key, home))
	_, err := k.ServerKeys.Rotate(ctx, owner.ID, m.ID, home)
	k.must(err)
	k.must(k.ServerKeys.EndReplaced(ctx, owner.ID, m.ID, home))
	k.must(k.OperatedServers.Disable(ctx, models.CommandLine, stray.ID))
	k.must(k.OperatedServers.Enable(ctx, models.CommandLine, stray.ID))
	k.must(k.OperatedServers.Remove(ctx, models.CommandLine, stray.ID))
	m = k.agent(owner)
	guest := k.member(owner, m)
	k.must(k.Servers.HandOver(ctx, owner.ID, m.ID, heir.Username, home))
	own, _, err := k.ServerKeys.RotateOwn(ctx, k.again(m).Server, "", home)
	k.must(err)
	k.use(m, own)
	k.must(k.Servers.Remove(ctx, heir.ID, m.ID, home))
	return []told{
		{late, models.EventServerClaimed, "Den"},
		{owner, models.EventServerClaimed, "Den"},
		{owner, models.EventServerKeyRotated, "Den"},
		{owner, models.EventServerKeysEnded, "Den"},
		{late, models.EventServerDisabled, "Den"},
		{late, models.EventServerEnabled, "Den"},
		{late, models.EventServerRemovedByOperator, "Den"},
		{owner, models.EventServerHandedOver, "Den"},
		{heir, models.EventServerReceived, "Den"},
		{heir, models.EventServerKeyRenewed, "Den"},
		{heir, models.EventServerFormerKeyEnded, "Den"},
		{heir, models.EventServerRemoved, "Den"},
		{guest, models.EventLinkAccepted, "Den"},
		{guest, models.EventLinkRemoved, "Den"},
	}
}

// tellLinks makes and ends links in every way. It returns the events that the histories
// must have then. Long names are cut in them.
func (k *kit) tellLinks() []told {
	ctx, owner, emby, agent, friend := k.t.Context(), k.account(), k.account(), k.account(), k.account()
	m, second := k.server(owner), k.agent(owner)
	k.link(m, emby)
	_, err := k.EmbyServers.Ask(ctx, m.Server, models.AskLink{AccountID: emby.ID, AccessKey: strings.Repeat("a", 32), RequestedBy: "boss"})
	k.must(err)
	k.must(k.EmbyServers.Cancel(ctx, m.Server, emby.ID))
	asked, err := k.Agents.AskFor(ctx, second.Server, models.AskLink{Username: agent.Username, LocalUserID: "u-anna"})
	k.must(err)
	k.must(k.Links.Remove(ctx, agent.ID, asked.ID, home))
	renamed := report()
	renamed.Name = strings.Repeat("n", 90)
	k.report(k.again(second), renamed)
	k.must(k.Invites.Accept(ctx, friend.ID, k.invite(owner, friend.Username, m, second).ID, home))
	other, person, session := k.quickHome()
	k.must(k.QuickConnects.Complete(ctx, other.Server, k.quick(session, other, "123456").ID))
	house, guest, chooses := k.passwordHome()
	k.must(k.LocalPasswords.Complete(ctx, house.Server, k.askPassword(chooses, house).ID))
	room := k.parlour(models.TelevisionsGuests)
	television, err := room.signIn(k, room.guest, "123456")
	k.must(err)
	k.must(k.QuickConnects.Complete(ctx, room.m.Server, television.ID))
	return []told{
		{room.guest, models.EventTelevision, "Den"},
		{guest, models.EventLocalPassword, "Den"},
		{emby, models.EventLinkAsked, "Den"},
		{emby, models.EventLinkAccepted, "Den"},
		{emby, models.EventLinkRemoved, "Den"},
		{emby, models.EventLinkKeySet, "Den"},
		{owner, models.EventServerLinkKeySet, "Den"},
		{agent, models.EventLinkAsked, "Den"},
		{agent, models.EventLinkLeft, "Den"},
		{friend, models.EventLinkAccepted, "Den, " + strings.Repeat("n", 75)},
		{person, models.EventQuickConnected, "Den"},
	}
}

// tellInvites sends invites, by address and by username, and ends them. It also replaces a
// library of an accepted invite. It returns the events that the histories must have then.
func (k *kit) tellInvites() []told {
	ctx, owner, other, friend := k.t.Context(), k.account(), k.account(), k.account()
	m, theirs := k.agent(owner), k.agent(other)
	k.must(k.Invites.Withdraw(ctx, owner.ID, k.invite(owner, "mira@example.org", m).ID, home))
	k.must(k.Invites.Decline(ctx, friend.ID, k.invite(other, friend.Username, theirs).ID, home))
	k.guestWith(owner, m, "l-films")
	k.reportLibraries(m, lib("l-movies", "Movies", ""))
	k.must(k.Servers.ReplaceLibrary(ctx, owner.ID, m.ID, "l-films", "l-movies", home))
	again := k.invite(other, friend.Username, theirs)
	k.must(k.Agents.WithdrawInvite(ctx, theirs.Server, again.ID, tv))
	return []told{
		{owner, models.EventInviteSent, "Den"},
		{owner, models.EventInviteWithdrawn, "Den"},
		{owner, models.EventServerLibraryReplaced, "Films → Movies (Den)"},
		{other, models.EventInviteSent, "Den"},
		{other, models.EventInviteWithdrawn, "Den"},
		{friend, models.EventInviteDeclined, "Den"},
	}
}

// tellFamily lets a member of a family go, at the second attempt. It returns the events that its history must have then.
func (k *kit) tellFamily() []told {
	ctx, guardian := k.t.Context(), k.account()
	kim := k.child(guardian)
	k.must(k.Members.LetGo(ctx, guardian.ID, kim.ID, "mira@example.org", home))
	k.must(k.Members.TakeBackLetGo(ctx, guardian.ID, kim.ID, home))
	k.must(k.Members.LetGo(ctx, guardian.ID, kim.ID, "mira@example.org", home))
	_, err := k.Emails.ConfirmChange(ctx, k.letter(models.MailEmailConfirm, "mira@example.org").Secret, 0, home)
	k.must(err)
	free := k.byName(kim.Username)
	return []told{
		{free, models.EventLetGoAsked, "m…@example.org"}, {free, models.EventLetGoTakenBack, "m…@example.org"}, {free, models.EventLetGo, "m…@example.org"},
	}
}

// tellLevels puts something behind a PIN, opens it and closes it. It returns the events that the histories must
// have then.
func (k *kit) tellLevels() []told {
	h := k.protectedHome(false)
	k.must(k.Holds.Set(k.t.Context(), h.guest.ID, h.guest.ID, h.m.ID, &models.Level{MayNot: []string{"edit"}}, "", home))
	one := k.opened(h.guest.ID, 0, guestPIN, h.m.ID)
	k.must(k.Unlocks.Close(k.t.Context(), h.guest.ID, one.UnlockID, home))
	return []told{
		{h.owner, models.EventProtectionSet, "Den"},
		{h.guest, models.EventHoldSet, "Den"},
		{h.guest, models.EventUnlocked, "Den"},
		{h.guest, models.EventLocked, "Den"},
	}
}

// Every event about something with a name carries that name, in the history and in the
// export. No other event carries a name.
func TestEventsNameTheirSubject(t *testing.T) {
	eachInvite(t, func(k *kit) {
		covered := map[models.EventKind]bool{}
		for _, tell := range []func() []told{k.tellAccounts, k.tellDevices, k.tellServers, k.tellLinks, k.tellInvites, k.tellFamily, k.tellLevels, k.tellCircles, k.tellStays, k.tellImports, k.tellWebhooks} {
			for _, want := range tell() {
				covered[want.kind] = true
				k.tells(want)
			}
		}
		for _, kind := range models.EventKinds() {
			if covered[kind] != kind.HasSubject() {
				k.t.Errorf("%s has a subject: %t; want a row for each kind that has one, and for no other", kind, kind.HasSubject())
			}
		}
	}, func(o *models.Options) { o.SessionsMost = 3 })
}

// tells checks that the history of an account has an event, and that its export has the
// same events.
func (k *kit) tells(want told) {
	k.t.Helper()
	list, err := k.History.List(k.t.Context(), want.account.ID, 100)
	k.must(err)
	found := false
	for _, event := range list {
		if event.Subject != "" && !event.Kind.HasSubject() {
			k.t.Errorf("the event %s has the subject %q, want none", event.Kind, event.Subject)
		}
		if event.Kind == want.kind {
			found = true
			if event.Subject != want.subject {
				k.t.Errorf("the event %s has the subject %q, want %q", event.Kind, event.Subject, want.subject)
			}
		}
	}
	if !found {
		k.t.Errorf("the history has no event %s: %+v", want.kind, list)
	}
	export, err := k.Accounts.Export(k.t.Context(), want.account.ID, home)
	k.must(err)
	if diff := cmp.Diff(subjects(list), subjects(export.History)); diff != "" {
		k.t.Errorf("subjects (-history +export):\n%s", diff)
	}
}

// subjects returns how often each subject is named.
func subjects(events []models.Event) map[string]int {
	named := map[string]int{}
	for _, event := range events {
		if event.Subject != "" {
			named[event.Subject]++
		}
	}
	return named
}
