package models_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

func TestInviteProfiles(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, stranger := k.t.Context(), k.account(), k.account()
		m := k.agent(owner)
		family := models.InviteProfile{
			ServerID: m.ID, Name: " Family ", Libraries: []models.Library{{ExternalID: "l-films"}}, Uses: 5, InviteDays: 7,
		}
		made, err := k.InviteProfiles.Make(ctx, owner.ID, family)
		k.must(err)
		club, err := k.InviteProfiles.Make(ctx, owner.ID, models.InviteProfile{ServerID: m.ID, Name: "Club", Uses: 30, InviteDays: 30, LinkDays: 365})
		k.must(err)
		want := []models.InviteProfile{club, {
			ID: made.ID, ServerID: m.ID, Name: "Family", Libraries: []models.Library{{ExternalID: "l-films", Name: "Films"}}, Uses: 5, InviteDays: 7,
		}}
		list, err := k.InviteProfiles.List(ctx, owner.ID, m.ID)
		k.must(err)
		if diff := cmp.Diff(want, list); diff != "" {
			k.t.Errorf("profiles (-want +got):\n%s", diff)
		}
		family.ID, family.Name, family.Libraries = made.ID, "family", nil
		changed, err := k.InviteProfiles.Change(ctx, owner.ID, family)
		k.must(err)
		if changed.Name != "family" || changed.Libraries != nil {
			k.t.Errorf("got the profile %+v, want another name and no libraries", changed)
		}
		family.Name = "CLUB"
		_, err = k.InviteProfiles.Change(ctx, owner.ID, family)
		k.isKind(err, models.KindConflict)
		_, err = k.InviteProfiles.List(ctx, stranger.ID, m.ID)
		k.is(err, models.ErrNotFound)
		_, err = k.InviteProfiles.Change(ctx, stranger.ID, family)
		k.is(err, models.ErrNotFound)
		k.is(k.InviteProfiles.Delete(ctx, stranger.ID, m.ID, made.ID), models.ErrNotFound)
		k.must(k.InviteProfiles.Delete(ctx, owner.ID, m.ID, made.ID))
		k.is(k.InviteProfiles.Delete(ctx, owner.ID, m.ID, made.ID), models.ErrNotFound)

		k.must(k.Servers.Remove(ctx, owner.ID, m.ID, home))
		if rows := k.query("SELECT id FROM invite_profiles"); len(rows) != 0 {
			k.t.Errorf("%d profiles are left after their server, want none", len(rows))
		}
	})
}

func TestInviteProfileRules(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		good := models.InviteProfile{ServerID: m.ID, Name: "Family", Uses: 1, InviteDays: 14}
		for want, spoil := range map[string]func(p *models.InviteProfile){
			"name=profile_name_invalid":       func(p *models.InviteProfile) { p.Name = " " },
			"uses=uses_invalid":               func(p *models.InviteProfile) { p.Uses = 0 },
			"invite_days=invite_days_invalid": func(p *models.InviteProfile) { p.InviteDays = 367 },
			"link_days=link_days_invalid":     func(p *models.InviteProfile) { p.LinkDays = -1 },
			"libraries=library_unknown":       func(p *models.InviteProfile) { p.Libraries = []models.Library{{ExternalID: "x"}} },
		} {
			bad := good
			spoil(&bad)
			_, err := k.InviteProfiles.Make(ctx, owner.ID, bad)
			field, code, _ := strings.Cut(want, "=")
			if !errors.Is(err, fieldError(field, code)) {
				k.t.Errorf("got error %v, want %s", err, want)
			}
		}
		for i := range 20 {
			good.Name = "Family " + strings.Repeat("x", i)
			_, err := k.InviteProfiles.Make(ctx, owner.ID, good)
			k.must(err)
		}
		good.Name = "One more"
		_, err := k.InviteProfiles.Make(ctx, owner.ID, good)
		if !errors.Is(err, fieldError("name", "profiles_many")) {
			k.t.Errorf("got error %v, want a limit", err)
		}
	})
}
