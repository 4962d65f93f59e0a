package models_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

// The limits of imports hold: drafts in an hour, invites in a day, and usernames that nobody has.
func TestImportLimits(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, anna := k.t.Context(), k.account(), k.account()
		m := k.agent(owner)
		guess := []models.NewImportLine{{To: anna.Username}}
		for i := range 4 {
			guess = append(guess, models.NewImportLine{To: fmt.Sprint("nobody", i)})
		}
		if got := outcomes(k.draft(owner, m, guess[:3]...)); !slices.Equal(got, []string{"invite", "username_unknown", "username_unknown"}) {
			k.t.Errorf("outcomes %v, want the two unknown usernames named", got)
		}
		for _, got := range outcomes(k.draft(owner, m, guess...)) {
			if got != "usernames_many" {
				k.t.Errorf("a line has the outcome %s after too many guesses, want usernames_many for all", got)
			}
		}
		first := k.draft(owner, m, models.NewImportLine{To: "a@example.org"}, models.NewImportLine{To: "b@example.org"})
		second := k.draft(owner, m, models.NewImportLine{To: "c@example.org"}, models.NewImportLine{To: "d@example.org"})
		k.runImport(owner, m, first.ID)
		_, err := k.Imports.Run(ctx, owner.ID, m.ID, second.ID, home)
		k.isKind(err, models.KindThrottled)
		_, err = k.Imports.Draft(ctx, owner.ID, m.ID, models.NewImport{Source: "csv", Lines: guess[:1]})
		k.isKind(err, models.KindThrottled)
	}, func(o *models.Options) {
		o.Limits.ImportMissDay = models.Limit{Hits: 3, Window: 24 * time.Hour}
		o.Limits.ImportDay = models.Limit{Hits: 3, Window: 24 * time.Hour}
		o.Limits.ImportHour = models.Limit{Hits: 4, Window: time.Hour}
	})
}

// An owner who deletes a list, or removes its server, does not get the mails of a day again: neither more
// invites, nor sixty mails at once.
func TestImportLimitsOutliveTheList(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		first, second := k.agent(owner), k.agent(owner)
		lines := func(what string) (list []models.NewImportLine) {
			for i := range 60 {
				list = append(list, models.NewImportLine{To: fmt.Sprint(what, i, "@example.org")})
			}
			return list
		}
		run := k.runImport(owner, first, k.draft(owner, first, lines("a")...).ID)
		k.must(k.Imports.Discard(ctx, owner.ID, first.ID, run.ID))
		k.is(k.Imports.Discard(ctx, owner.ID, first.ID, run.ID), models.ErrNotFound)
		_, err := k.Imports.Get(ctx, owner.ID, first.ID, run.ID)
		k.is(err, models.ErrNotFound)
		_, err = k.Imports.Run(ctx, owner.ID, first.ID, run.ID, home)
		k.is(err, models.ErrNotFound)
		k.runImport(owner, first, k.draft(owner, first, lines("b")...).ID)
		if n := len(k.letters()); n != 60 {
			k.t.Errorf("%d mails go out at once after a list was deleted, want 60", n)
		}
		k.must(k.Servers.Remove(ctx, owner.ID, first.ID, home))
		if n := k.counted("SELECT COUNT(*) FROM import_rows"); n != 0 {
			k.t.Errorf("%d lines are left without a list, want none", n)
		}
		third := k.draft(owner, second, lines("c")...)
		_, err = k.Imports.Run(ctx, owner.ID, second.ID, third.ID, home)
		k.isKind(err, models.KindThrottled)
		if list, err := k.Imports.List(ctx, owner.ID, second.ID, 0, 10); err != nil || len(list) != 1 {
			k.t.Errorf("the owner sees %d lists, error %v; want the draft alone", len(list), err)
		}
	}, func(o *models.Options) { o.Limits.ImportDay = models.Limit{Hits: 150, Window: 24 * time.Hour} })
}

// An owner keeps fifty lists; the oldest one goes when another one comes.
func TestImportKeepsTheNewestLists(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		first := k.runImport(owner, m, k.draft(owner, m, models.NewImportLine{To: "first@example.org"}).ID)
		second := k.draft(owner, m, models.NewImportLine{To: "second@example.org"})
		for range 49 {
			k.draft(owner, m, models.NewImportLine{To: "again@example.org"})
		}
		_, err := k.Imports.Get(ctx, owner.ID, m.ID, first.ID)
		k.is(err, models.ErrNotFound)
		if _, err := k.Imports.Get(ctx, owner.ID, m.ID, second.ID); err != nil {
			k.t.Errorf("the second list: %v, want it kept", err)
		}
		if n := k.counted("SELECT COUNT(*) FROM import_rows"); n != 50 {
			k.t.Errorf("%d lines are kept, want 50", n)
		}
		if n := k.counted("SELECT SUM(invites) FROM imports"); n != 1 {
			k.t.Errorf("%d invites are counted, want the one of the first list", n)
		}
	}, func(o *models.Options) { o.Limits.ImportHour = models.Limit{Hits: 100, Window: time.Hour} })
}

// A line with an address that is not shown as it was typed makes no invite: it would reach somebody else.
func TestImportOfOddTexts(t *testing.T) {
	eachInvite(t, func(k *kit) {
		owner, anna := k.account(), k.account()
		m := k.agent(owner)
		draft := k.draft(owner, m,
			models.NewImportLine{To: "a\u202eb@example.org"},
			models.NewImportLine{To: "a\x00@example.org"},
			models.NewImportLine{To: "\xffa@example.org"},
			models.NewImportLine{To: "a@" + strings.Repeat("long.", 50) + "example.org"},
			models.NewImportLine{To: anna.Username + "\u200b"},
			models.NewImportLine{To: strings.Repeat("=", 1<<20)},
			models.NewImportLine{Name: "N\x00", To: "b@example.org"},
			models.NewImportLine{To: "c@example.org", LocalUser: strings.Repeat("u", 1<<20)},
			models.NewImportLine{To: "d@example.org", EndsAt: strings.Repeat("9", 1<<20)},
			models.NewImportLine{Name: "=HYPERLINK(1)", To: " e@example.org "},
		)
		want := []string{
			"email_invalid", "email_invalid", "email_invalid", "email_invalid", "username_unknown", "username_unknown", "name_invalid",
			"local_user_unknown", "ends_at_invalid", "invite",
		}
		if diff := cmp.Diff(want, outcomes(draft)); diff != "" {
			k.t.Errorf("outcomes (-want +got):\n%s", diff)
		}
	})
}

// tellImports brings somebody to a server with a list. It returns the event that the history must have then.
func (k *kit) tellImports() []told {
	owner := k.account()
	m := k.agent(owner)
	k.runImport(owner, m, k.draft(owner, m, models.NewImportLine{To: "told@example.org"}).ID)
	return []told{{owner, models.EventImported, m.Name}}
}
