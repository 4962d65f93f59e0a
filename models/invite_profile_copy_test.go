package models_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

// TestInviteProfileCopy copies profiles between the servers of an owner. The copy finds libraries by their
// names, and says which libraries are missing.
func TestInviteProfileCopy(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, stranger := k.t.Context(), k.account(), k.account()
		from, to, foreign := k.agent(owner), k.agent(owner), k.agent(stranger)
		k.reportLibraries(to, models.Library{ExternalID: "other-2", Name: "FILMS"}, models.Library{ExternalID: "other-1", Name: "films"}, models.Library{ExternalID: "other-3", Name: "Records"})
		profile := func(name string, libraries ...string) models.InviteProfile {
			in := models.InviteProfile{ServerID: from.ID, Name: name, Uses: 5, InviteDays: 7, LinkDays: 30}
			for _, id := range libraries {
				in.Libraries = append(in.Libraries, models.Library{ExternalID: id})
			}
			made, err := k.InviteProfiles.Make(ctx, owner.ID, in)
			k.must(err)
			return made
		}
		both, series, all := profile("Both", "l-films", "l-series"), profile("Series", "l-series"), profile("All")

		refused := func(field, code string) func(models.InviteProfileCopy, error) {
			return func(_ models.InviteProfileCopy, err error) { k.t.Helper(); k.hasField(err, field, code) }
		}
		unknown := func(_ models.InviteProfileCopy, err error) { k.t.Helper(); k.is(err, models.ErrNotFound) }

		got, err := k.InviteProfiles.Copy(ctx, owner.ID, from.ID, both.ID, to.ID)
		k.must(err)
		want := models.InviteProfileCopy{
			Profile: models.InviteProfile{
				ID: got.Profile.ID, ServerID: to.ID, Name: "Both", Libraries: []models.Library{{ExternalID: "other-1", Name: "films"}}, Uses: 5, InviteDays: 7, LinkDays: 30,
			},
			Missing: []models.Library{{ExternalID: "l-series", Name: "Series"}},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			k.t.Errorf("copy (-want +got):\n%s", diff)
		}
		got, err = k.InviteProfiles.Copy(ctx, owner.ID, from.ID, all.ID, to.ID)
		k.must(err)
		if got.Profile.Libraries != nil || len(got.Missing) > 0 {
			k.t.Errorf("got %+v, want no libraries, as in the profile", got)
		}
		refused("server_id", "profile_nothing_there")(k.InviteProfiles.Copy(ctx, owner.ID, from.ID, series.ID, to.ID))
		refused("name", "profile_taken")(k.InviteProfiles.Copy(ctx, owner.ID, from.ID, both.ID, to.ID))
		refused("server_id", "profile_same_server")(k.InviteProfiles.Copy(ctx, owner.ID, from.ID, both.ID, from.ID))
		unknown(k.InviteProfiles.Copy(ctx, owner.ID, from.ID, 7, to.ID))
		unknown(k.InviteProfiles.Copy(ctx, owner.ID, to.ID, both.ID, from.ID))
		unknown(k.InviteProfiles.Copy(ctx, owner.ID, from.ID, both.ID, foreign.ID))
		unknown(k.InviteProfiles.Copy(ctx, stranger.ID, from.ID, both.ID, foreign.ID))
		list, err := k.InviteProfiles.List(ctx, owner.ID, to.ID)
		k.must(err)
		if len(list) != 2 {
			k.t.Errorf("got %d profiles, want the two that were copied", len(list))
		}
	})
}
