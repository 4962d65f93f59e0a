package models_test

import (
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// Who asked for a link knows a username. What the person calls themselves is
// told once they have said yes.
func TestPendingLinkShowsNoDisplayName(t *testing.T) {
	eachContract(t, func(k *kit) {
		ctx, owner, anna := k.t.Context(), k.account(), k.account()
		m := k.agent(owner)
		k.must(k.Accounts.SetProfile(ctx, anna.ID, models.Profile{Username: anna.Username, DisplayName: "Anna Tell-Nobody", Locale: "en"}, home))
		asked, err := k.Agents.AskFor(ctx, m.Server, models.AskLink{Username: anna.Username})
		k.must(err)
		names := func(when, want string) {
			k.t.Helper()
			people, err := k.People.List(ctx, owner.ID, m.ID, 0, 10)
			k.must(err)
			links, changes := k.agentLinks(m), k.changes(m, 0)
			for who, got := range map[string]string{
				"owner": people[0].DisplayName, "agent": links[0].DisplayName, "feed": changes[len(changes)-1].Link.DisplayName,
			} {
				if got != want {
					k.t.Errorf("%s, the %s sees %q, want %q", when, who, got, want)
				}
			}
		}
		if asked.DisplayName != anna.Username {
			k.t.Errorf("whoever asks is told %q", asked.DisplayName)
		}
		names("pending", anna.Username)
		k.must(k.Links.Accept(ctx, anna.ID, asked.ID, home))
		names("accepted", "Anna Tell-Nobody")
	})
}

// Who stops self-service stops the proofs that are open too: nobody is left
// waiting for what can never be completed.
func TestStoppedSelfServiceEndsProofs(t *testing.T) {
	eachContract(t, func(k *kit) {
		ctx, owner, anna := k.t.Context(), k.account(), k.account()
		m, other := k.agent(owner), k.agent(owner)
		for _, one := range []media{m, other} {
			k.must(k.Servers.SetSelfService(ctx, owner.ID, one.ID, true))
			_, err := k.Proofs.Start(ctx, anna.ID, one.ID)
			k.must(err)
		}
		k.must(k.Servers.SetSelfService(ctx, owner.ID, m.ID, true)) // said again, it stops nothing
		k.must(k.Servers.SetSelfService(ctx, owner.ID, other.ID, false))
		for _, tt := range []struct {
			at           media
			state, wrong string
			open         int
			start        error
		}{
			{m, models.ProofAsked, "", 1, nil},
			{other, models.ProofFailed, "not_allowed", 0, models.ErrNotFound},
		} {
			got, err := k.Proofs.Get(ctx, anna.ID, tt.at.ID)
			if err != nil || got.State != tt.state || got.Reason != tt.wrong {
				k.t.Errorf("proof %+v, %v", got, err)
			}
			open, err := k.Proofs.Open(ctx, tt.at.Server)
			if err != nil || len(open) != tt.open {
				k.t.Errorf("the agent sees %+v, %v", open, err)
			}
			_, err = k.Proofs.Start(ctx, anna.ID, tt.at.ID)
			k.is(err, tt.start)
		}
	})
}
