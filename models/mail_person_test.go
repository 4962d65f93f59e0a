package models_test

import (
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// zoned gives an account a display name and a time zone.
func (k *kit) zoned(a models.Account, name, zone string) {
	k.t.Helper()
	k.must(k.Accounts.SetProfile(k.t.Context(), a.ID, models.Profile{Username: a.Username, DisplayName: name, Locale: "en", TimeZone: &zone}, home))
}

// A mail in the name of a person has both names, and the time zone of its reader, or the person's
// time zone if the reader's is not known.
func TestMailsInTheNameOfAPerson(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx := k.t.Context()
		owner, reader := k.account(), k.account()
		k.zoned(owner, "Olga Owner", "America/New_York")
		m := k.agent(owner)
		check := func(l models.Letter, zone string, stops bool) {
			k.t.Helper()
			if l.Facts.Person != owner.Username || l.Facts.PersonName != "Olga Owner" || l.TimeZone != zone || (l.Stop != "") != stops {
				k.t.Errorf("got %+v, want the names of %s, the zone %q and a link to stop: %t", l, owner.Username, zone, stops)
			}
		}
		letter, _ := k.invitationTo(owner, m, "erna@example.net")
		check(letter, "America/New_York", true)
		letter, _ = k.invitationTo(owner, m, reader.Username)
		check(letter, "America/New_York", true)
		k.zoned(reader, "", "Europe/Berlin")
		letter, _ = k.invitationTo(owner, m, reader.Username)
		check(letter, "Europe/Berlin", true)
		_, err := k.EmbyServers.Ask(ctx, m.Server, models.AskLink{AccountID: reader.ID, Type: models.LinkGuest})
		k.must(err)
		check(k.letter(models.MailLinkAsked, reader.Email), "Europe/Berlin", true)
		k.must(k.Servers.HandOver(ctx, owner.ID, m.ID, reader.Username, home))
		check(k.letter(models.MailServerHandedOver, reader.Email), "Europe/Berlin", false)
	})
}

// A notice to an owner is not written in the name of the person whom it names.
func TestNoticesTellTheUsernameAlone(t *testing.T) {
	eachInvite(t, func(k *kit) {
		owner, reader := k.account(), k.account()
		k.zoned(reader, "Tell Nobody", "Europe/Berlin")
		m := k.agent(owner)
		k.must(k.Invites.Accept(k.t.Context(), reader.ID, k.invite(owner, reader.Username, m).ID, home))
		l := k.letter(models.MailLinkAccepted, owner.Email)
		if l.Facts.Person != reader.Username || l.Facts.PersonName != "" || l.TimeZone != "" || l.Stop != "" {
			k.t.Errorf("got %+v, want the username alone", l)
		}
	})
}

// A browser tells its time zone at the sign-in, which keeps one that the account has.
func TestSignInKeepsTheTimeZone(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		a := k.account()
		for _, tt := range []struct{ told, want string }{
			{"Europe/Nowhere", ""},
			{"Local", ""},
			{"../../etc/passwd", ""},
			{"Europe/Berlin\x00", ""},
			{"", ""},
			{"Europe/Berlin", "Europe/Berlin"},
			{"America/New_York", "Europe/Berlin"},
		} {
			_, err := k.Sessions.SignIn(ctx, models.SignIn{NameOrEmail: a.Username, Password: goodPassword, TimeZone: tt.told}, home)
			k.must(err)
			if got := k.get(a).TimeZone; got != tt.want {
				k.t.Errorf("told %q: got %q, want %q", tt.told, got, tt.want)
			}
		}
		k.zoned(a, "", "")
		if got := k.get(a).TimeZone; got != "" {
			k.t.Errorf("got %q, want none", got)
		}
		bad := "Mars/Olympus"
		err := k.Accounts.SetProfile(ctx, a.ID, models.Profile{Username: a.Username, Locale: "en", TimeZone: &bad}, home)
		k.is(err, fieldError("time_zone", "time_zone_invalid"))
	})
}
