package models_test

import (
	"errors"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/lastday"
	"github.com/latchkey-media/latchkey/models"
)

// An invite that names a profile gets the choices of the profile, and the fields that the invite has filled itself
// stay. An invite by mail is for one person, whatever the profile says.
func TestInviteByProfile(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, stranger := k.t.Context(), k.account(), k.account()
		m, other := k.agent(owner), k.agent(owner)
		club, err := k.InviteProfiles.Make(ctx, owner.ID, models.InviteProfile{
			ServerID: m.ID, Name: "Club", Libraries: []models.Library{{ExternalID: "l-films"}}, Uses: 30, InviteDays: 3, LinkDays: 365,
		})
		k.must(err)
		now := k.Now()
		link := models.NewInvite{Link: true, Type: models.LinkGuest, Servers: []models.InviteServer{{ServerID: m.ID}}}
		named := func(in models.NewInvite, profile string) models.NewInvite {
			in.Profile = profile
			return in
		}
		for _, name := range []string{" CLUB ", models.FormatID(club.ID)} {
			made, err := k.Invites.Create(ctx, owner.ID, named(link, name), home)
			k.must(err)
			offer := made.Servers[0]
			if made.Uses != 30 || !made.ExpiresAt.Equal(lastday.Of(now.AddDate(0, 0, 2), time.UTC)) || !offer.EndsAt.Equal(lastday.Of(now.AddDate(0, 0, 364), time.UTC)) ||
				len(offer.Libraries) != 1 || offer.Libraries[0].Name != "Films" {
				k.t.Errorf("got the invite %+v, want the choices of the profile", made)
			}
		}
		said := link
		said.Uses, said.ExpiresAt = 2, now.Add(time.Hour)
		said.Servers = []models.InviteServer{{ServerID: m.ID, EndsAt: now.Add(48 * time.Hour), Libraries: []models.Library{}}}
		made, err := k.Invites.Create(ctx, owner.ID, named(said, "club"), home)
		k.must(err)
		if offer := made.Servers[0]; made.Uses != 2 || !made.ExpiresAt.Equal(said.ExpiresAt) || !offer.EndsAt.Equal(said.Servers[0].EndsAt) || len(offer.Libraries) != 0 {
			k.t.Errorf("got the invite %+v, want what it says itself", made)
		}
		mailed := models.NewInvite{To: stranger.Username, Type: models.LinkGuest, Servers: link.Servers}
		made, err = k.Invites.Create(ctx, owner.ID, named(mailed, "club"), home)
		k.must(err)
		if made.Uses != 1 {
			k.t.Errorf("an invite by mail has %d uses, want 1", made.Uses)
		}

		for _, row := range []struct {
			by   models.Account
			in   models.NewInvite
			code string
		}{
			{owner, named(link, "family"), "profile_unknown"},
			{stranger, named(link, "club"), "profile_unknown"},
			{owner, named(models.NewInvite{Link: true, Type: models.LinkGuest, Servers: []models.InviteServer{{ServerID: other.ID}}}, "club"), "profile_unknown"},
			{owner, named(models.NewInvite{Link: true, Type: models.LinkGuest, Servers: []models.InviteServer{{ServerID: m.ID}, {ServerID: other.ID}}}, "club"), "profile_one_server"},
		} {
			if _, err := k.Invites.Create(ctx, row.by.ID, row.in, home); !errors.Is(err, fieldError("profile", row.code)) {
				k.t.Errorf("got error %v, want %s", err, row.code)
			}
		}

		// A repeated request gets its invite, also after the profile has gone.
		once := named(link, "club")
		once.IdempotencyKey = "0123456789abcdef"
		first, err := k.Invites.Create(ctx, owner.ID, once, home)
		k.must(err)
		k.must(k.InviteProfiles.Delete(ctx, owner.ID, m.ID, club.ID))
		again, err := k.Invites.Create(ctx, owner.ID, once, home)
		k.must(err)
		if again.ID != first.ID || again.Uses != 30 {
			k.t.Errorf("got the invite %+v, want the first one", again)
		}
	})
}
