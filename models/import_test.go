package models_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

func (k *kit) draft(owner models.Account, m media, lines ...models.NewImportLine) models.Import {
	k.t.Helper()
	one, err := k.Imports.Draft(k.t.Context(), owner.ID, m.ID, models.NewImport{Source: "csv", Lines: lines})
	k.must(err)
	return one
}

func (k *kit) runImport(owner models.Account, m media, id int64) models.Import {
	k.t.Helper()
	_, err := k.Imports.Run(k.t.Context(), owner.ID, m.ID, id, home)
	k.must(err)
	k.must(k.Imports.Work(k.t.Context()))
	one, err := k.Imports.Get(k.t.Context(), owner.ID, m.ID, id)
	k.must(err)
	return one
}

// counted returns the number that a statement counts.
func (k *kit) counted(statement string) int {
	k.t.Helper()
	n, err := strconv.Atoi(k.query(statement)[0].text(0))
	k.must(err)
	return n
}

// outcomes returns the outcomes of the lines, in their order, with the line that each is about.
func outcomes(one models.Import) (list []string) {
	for _, line := range one.Lines {
		text := line.Outcome
		if line.Other != 0 {
			text += fmt.Sprint(" ", line.Other)
		}
		list = append(list, text)
	}
	return list
}

// invitesTo returns how many mails about an invite went to each address, with all that become due in two days.
func (k *kit) invitesTo() map[string]int {
	k.t.Helper()
	k.clock.Advance(48 * time.Hour)
	got := map[string]int{}
	for _, letter := range k.letters() {
		if letter.Kind == models.MailInvite {
			got[letter.To]++
		}
	}
	return got
}

// Each line has one outcome. The run does what the draft has shown, and a second run of the same list
// changes nothing.
func TestImportSaysWhatItDoes(t *testing.T) {
	eachInvite(t, func(k *kit) {
		owner, anna, ben, declined := k.account(), k.account(), k.account(), k.account()
		m := k.agent(owner)
		users := map[string]int64{}
		list, err := k.Servers.LocalUsers(k.t.Context(), owner.ID, m.ID)
		k.must(err)
		for _, one := range list {
			users[one.Name] = one.ID
		}
		linked := k.member(owner, m)
		k.must(k.Invites.Decline(k.t.Context(), declined.ID, k.invite(owner, declined.Username, m).ID, home))
		k.invite(owner, "waits@example.org", m)
		k.letters()
		past, far := k.clock.Now().AddDate(0, 0, -2).Format(time.DateOnly), "2031-01-31"
		lines := []models.NewImportLine{
			{Name: "Anna", To: anna.Username, LocalUser: "ANNA", EndsAt: far},
			{To: "New@Example.org", Libraries: []string{"films"}},
			{To: "new+tag@example.org"},
			{To: ben.Username, LocalUserID: users["Anna"]},
			{To: ben.Username, LocalUser: "u-ben"},
			{To: linked.Username},
			{To: "waits@example.org"},
			{To: declined.Username},
			{To: ""},
			{To: "no address@"},
			{To: "nobody-has-this"},
			{To: owner.Username},
			{To: owner.Email},
			{To: "a@example.org", LocalUser: "Nobody"},
			{To: "b@example.org", Libraries: []string{"Films", "Opera"}},
			{To: "c@example.org", EndsAt: past},
			{To: "d@example.org", EndsAt: "soon"},
		}
		want := []string{
			"invite", "invite", "person_twice 2", "local_user_twice 1", "invite", "already_linked", "already_invited", "declined_before", "to_missing",
			"email_invalid", "username_unknown", "yourself", "yourself", "local_user_unknown", "library_unknown", "ends_at_past", "ends_at_invalid",
		}
		draft := k.draft(owner, m, lines...)
		if diff := cmp.Diff(want, outcomes(draft)); diff != "" {
			k.t.Fatalf("outcomes of the draft (-want +got):\n%s", diff)
		}
		if got := k.invitesTo(); len(got) != 0 || draft.State != models.ImportDraft {
			k.t.Errorf("a draft in the state %s sends mails to %v, want a draft that sends none", draft.State, got)
		}
		draft = k.draft(owner, m, lines...) // the first one is over
		run := k.runImport(owner, m, draft.ID)
		if diff := cmp.Diff(want, outcomes(run)); diff != "" {
			k.t.Errorf("outcomes of the run (-want +got):\n%s", diff)
		}
		if run.State != models.ImportDone || run.Counts.Made != 3 || run.Counts.Waiting != 3 || run.Counts.Same != 2 || run.Counts.Refused != 12 {
			k.t.Errorf("got the state %s and the counts %+v, want it done with 3 invites", run.State, run.Counts)
		}
		wantMails := map[string]int{anna.Email: 1, ben.Email: 1, "New@example.org": 1}
		if diff := cmp.Diff(wantMails, k.invitesTo()); diff != "" {
			k.t.Errorf("mails of the run (-want +got):\n%s", diff)
		}
		again := k.runImport(owner, m, k.draft(owner, m, lines...).ID)
		if again.Counts.Invite != 0 || again.Counts.Made != 0 || len(k.invitesTo()) != 0 {
			k.t.Errorf("the second run has the counts %+v, want no invite", again.Counts)
		}
	})
}

// A person who is named by the username and by the address gets one mail, and the owner does not
// learn that both are the same person.
func TestImportMailsAPersonOnce(t *testing.T) {
	eachInvite(t, func(k *kit) {
		owner, anna := k.account(), k.account()
		m := k.agent(owner)
		run := k.runImport(owner, m, k.draft(owner, m, models.NewImportLine{To: anna.Username}, models.NewImportLine{To: anna.Email}).ID)
		if got := outcomes(run); !slices.Equal(got, []string{"invite", "invite"}) {
			k.t.Errorf("outcomes %v, want two invites", got)
		}
		if got := k.invitesTo(); got[anna.Email] != 1 {
			k.t.Errorf("got %v mails, want one", got)
		}
	})
}

// The owner sees how people have answered, and can remind people who have not answered: at the
// earliest a day later, then once a week, and three times in all. A person who has stopped the
// mails is not reminded.
func TestImportRemindsWhoHasNotAnswered(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, anna, ben := k.t.Context(), k.account(), k.account(), k.account()
		m := k.agent(owner)
		_, err := k.InviteProfiles.Make(ctx, owner.ID, models.InviteProfile{ServerID: m.ID, Name: "Long", Uses: 1, InviteDays: 100, LinkDays: 200})
		k.must(err)
		draft, err := k.Imports.Draft(ctx, owner.ID, m.ID, models.NewImport{Source: "page", Profile: "long", Lines: []models.NewImportLine{
			{To: anna.Username}, {To: ben.Username, LocalUser: "Ben"}, {To: "stopped@example.org"}, {To: "quiet@example.org"},
		}})
		k.must(err)
		run := k.runImport(owner, m, draft.ID)
		k.letters()
		remind := func(want int, positions ...int) {
			k.t.Helper()
			if n, err := k.Imports.Remind(ctx, owner.ID, m.ID, run.ID, positions); err != nil || n != want {
				k.t.Errorf("%d people are reminded, error %v; want %d", n, err, want)
			}
		}
		remind(0)
		k.clock.Advance(25 * time.Hour)
		k.must(k.Invites.Accept(ctx, anna.ID, run.Lines[0].InviteID, home))
		k.must(k.Invites.Decline(ctx, ben.ID, run.Lines[1].InviteID, home))
		k.must(k.MailStops.StopAddress(ctx, "stopped@example.org"))
		got, err := k.Imports.Get(ctx, owner.ID, m.ID, run.ID)
		k.must(err)
		if got.Counts.Accepted != 1 || got.Counts.Declined != 1 || got.Counts.Waiting != 2 || got.Lines[0].AnsweredBy != anna.Username || got.Lines[1].AnsweredBy != "" {
			k.t.Errorf("got the counts %+v and the lines %+v, want one accepted, one declined and two waiting", got.Counts, got.Lines)
		}
		remind(0, 1, 2) // they have answered
		remind(2)
		remind(0)
		k.clock.Advance(time.Hour)
		letters := k.letters()
		reminder := k.only(letters, models.MailInviteReminder, "quiet@example.org")
		if n := len(slices.DeleteFunc(letters, func(l models.Letter) bool { return l.Kind != models.MailInviteReminder })); n != 1 {
			k.t.Errorf("%d reminders were sent, want one: the other mailbox is stopped", n)
		}
		invite, address, err := k.Invites.Look(ctx, reminder.Secret, home)
		if err != nil || address != "quiet@example.org" || invite.ID != run.Lines[3].InviteID {
			k.t.Errorf("the link of the reminder shows the invite %+v for %q, error %v", invite, address, err)
		}
		k.clock.Advance(6 * 24 * time.Hour)
		remind(0)
		for range 2 {
			k.clock.Advance(7 * 24 * time.Hour)
			remind(1, 4)
		}
		k.clock.Advance(7 * 24 * time.Hour)
		remind(0, 4)
	})
}

// A large list is carried out in the background, its mails go out one after another, and all of that
// happens once however often it is asked for.
func TestImportOfManyPeople(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		var lines []models.NewImportLine
		for i := range 500 {
			lines = append(lines, models.NewImportLine{Name: fmt.Sprint("Person ", i), To: fmt.Sprintf("many%d@example.org", i)})
		}
		draft := k.draft(owner, m, lines...)
		run, err := k.Imports.Run(ctx, owner.ID, m.ID, draft.ID, home)
		k.must(err)
		if run.State != models.ImportRunning || run.Counts.Made != 200 {
			k.t.Errorf("after the call the state is %s with %d invites, want it running with 200", run.State, run.Counts.Made)
		}
		run = k.runImport(owner, m, draft.ID)
		if run.State != models.ImportDone || run.Counts.Made != 500 {
			k.t.Errorf("the state is %s with %d invites, want it done with 500", run.State, run.Counts.Made)
		}
		if n := len(k.letters()); n != 60 {
			k.t.Errorf("%d mails go out at once, want 60", n)
		}
		k.clock.Advance(10 * time.Minute)
		if n := len(k.letters()); n != 10 {
			k.t.Errorf("%d mails go out in ten minutes, want 10", n)
		}
		if want := k.clock.Now().Add(430 * time.Minute); !run.MailsUntil.Equal(want) {
			k.t.Errorf("the last mail is due at %s, want %s", run.MailsUntil, want)
		}
		if got := k.invitesTo(); len(got) != 430 {
			k.t.Errorf("%d mails were left, want 430", len(got))
		}
		events, err := k.History.List(ctx, owner.ID, 100)
		k.must(err)
		n := 0
		for _, e := range events {
			if e.Kind == models.EventImported {
				n++
			}
		}
		if n != 1 {
			k.t.Errorf("the history has %d imports, want 1", n)
		}
	})
}

// Nobody else reads or runs an import; a new owner of the server sees nothing of it; rows end with
// their import, their account and their server.
func TestImportBelongsToItsOwner(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, other, anna := k.t.Context(), k.account(), k.account(), k.account()
		m := k.agent(owner)
		line := models.NewImportLine{To: anna.Username}
		draft := k.draft(owner, m, line)
		_, err := k.Imports.Draft(ctx, other.ID, m.ID, models.NewImport{Source: "csv", Lines: []models.NewImportLine{line}})
		k.is(err, models.ErrNotFound)
		_, err = k.Imports.Get(ctx, other.ID, m.ID, draft.ID)
		k.is(err, models.ErrNotFound)
		_, err = k.Imports.Run(ctx, other.ID, m.ID, draft.ID, home)
		k.is(err, models.ErrNotFound)
		_, err = k.Imports.Remind(ctx, other.ID, m.ID, draft.ID, nil)
		k.is(err, models.ErrNotFound)
		k.is(k.Imports.Discard(ctx, other.ID, m.ID, draft.ID), models.ErrNotFound)
		_, err = k.Imports.List(ctx, other.ID, m.ID, 0, 10)
		k.is(err, models.ErrNotFound)
		_, err = k.Imports.Propose(ctx, other.ID, m.ID)
		k.is(err, models.ErrNotFound)

		k.must(k.Imports.Discard(ctx, owner.ID, m.ID, k.draft(owner, m, line).ID))
		list, err := k.Imports.List(ctx, owner.ID, m.ID, 0, 10)
		if err != nil || len(list) != 1 || list[0].ID != draft.ID || list[0].Lines != nil || list[0].Counts.Lines != 1 {
			k.t.Errorf("got the imports %+v, error %v; want the draft", list, err)
		}
		k.clock.Advance(25 * time.Hour) // the draft is over
		_, err = k.Imports.Run(ctx, owner.ID, m.ID, draft.ID, home)
		k.is(err, models.ErrNotFound)
		k.must(k.Sweep(ctx))
		if n := k.counted("SELECT COUNT(*) FROM import_rows"); n != 0 {
			k.t.Errorf("%d lines are left after a sweep, want none", n)
		}
		k.runImport(owner, m, k.draft(owner, m, line).ID)
		k.must(k.Operators.Delete(ctx, anna.Username))
		if n := k.counted("SELECT COUNT(*) FROM import_rows"); n != 0 {
			k.t.Errorf("%d lines are left of a deleted account, want none", n)
		}
	})
}

// An import that runs ends when its server gets another owner.
func TestImportEndsWithItsOwner(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, other := k.t.Context(), k.account(), k.account()
		m := k.agent(owner)
		var lines []models.NewImportLine
		for i := range 250 {
			lines = append(lines, models.NewImportLine{To: fmt.Sprintf("over%d@example.org", i)})
		}
		draft := k.draft(owner, m, lines...)
		_, err := k.Imports.Run(ctx, owner.ID, m.ID, draft.ID, home)
		k.must(err)
		k.must(k.Servers.HandOver(ctx, owner.ID, m.ID, other.Username, home))
		k.must(k.Imports.Work(ctx))
		if n := k.counted("SELECT COUNT(*) FROM invites"); n != 200 {
			k.t.Errorf("%d invites were made, want 200", n)
		}
		if n := k.counted("SELECT COUNT(*) FROM imports WHERE state = 'running'"); n != 0 {
			k.t.Errorf("%d imports run without an owner, want none", n)
		}
	})
}

// The table proposes people whom the owner knows, and nobody else: an account with the same name as a
// local user does not count.
func TestImportProposals(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, anna := k.t.Context(), k.account(), k.account()
		first, second := k.agent(owner), k.agent(owner)
		in := report()
		in.LocalUsers = append(in.LocalUsers, models.LocalUser{ExternalID: "u-mail", Name: "mira@example.org"}, models.LocalUser{ExternalID: "u-same", Name: anna.Username})
		k.report(second, in)
		done := k.runImport(owner, first, k.draft(owner, first, models.NewImportLine{To: anna.Username, LocalUser: "Anna"}).ID)
		k.must(k.Invites.Accept(ctx, anna.ID, done.Lines[0].InviteID, home))
		list, err := k.Imports.Propose(ctx, owner.ID, second.ID)
		k.must(err)
		got := map[string]string{}
		for _, one := range list {
			got[one.LocalUser.Name] = one.To
		}
		want := map[string]string{"Anna": anna.Username, "Ben": "", "Root": "", "mira@example.org": "mira@example.org", anna.Username: ""}
		if diff := cmp.Diff(want, got); diff != "" {
			k.t.Errorf("proposals (-want +got):\n%s", diff)
		}
		k.runImport(owner, second, k.draft(owner, second, models.NewImportLine{To: anna.Username, LocalUser: "Anna"}).ID)
		if list, err = k.Imports.Propose(ctx, owner.ID, second.ID); err != nil || slices.ContainsFunc(list, func(p models.ImportProposal) bool { return p.LocalUser.Name == "Anna" }) {
			k.t.Errorf("a local user who is offered already is in the table: %+v, error %v", list, err)
		}
	})
}

// The agent of a server imports in the name of the owner, and only to its own server.
func TestImportByTheAgent(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m, foreign := k.agent(owner), k.agent(k.account())
		in := models.NewImport{Source: "wizarr", Lines: []models.NewImportLine{{To: "a@example.org", LocalUser: "u-anna"}}, IdempotencyKey: "the-same-key-for-both"}
		draft, err := k.Imports.DraftHere(ctx, m.Server, in)
		k.must(err)
		same, err := k.Imports.DraftHere(ctx, m.Server, in)
		if err != nil || same.ID != draft.ID {
			k.t.Errorf("a repetition makes the import %d, error %v; want %d", same.ID, err, draft.ID)
		}
		_, err = k.Imports.RunHere(ctx, foreign.Server, draft.ID, home)
		k.is(err, models.ErrNotFound)
		own := k.draft(owner, m, models.NewImportLine{To: "b@example.org"})
		_, err = k.Imports.RunHere(ctx, m.Server, own.ID, home)
		k.is(err, models.ErrNotFound)
		run, err := k.Imports.RunHere(ctx, m.Server, draft.ID, home)
		if err != nil || run.Counts.Made != 1 {
			k.t.Errorf("the run has the counts %+v, error %v; want one invite", run.Counts, err)
		}
		unclaimed := m.Server
		unclaimed.OwnerID = 0
		_, err = k.Imports.DraftHere(ctx, unclaimed, in)
		k.is(err, models.ErrServerUnclaimed)
	})
}
