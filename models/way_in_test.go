package models_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

// Each step that a person needs to get in is broken alone, and the answer names the broken step.
func TestWayInNamesTheBrokenLink(t *testing.T) {
	type place struct {
		owner, anna models.Account
		m           media
		link        int64
	}
	told := func(words ...string) func(k *kit, p *place) {
		return func(k *kit, p *place) {
			k.must(k.Agents.TellLocalUserStates(k.t.Context(), p.m.Server, models.AgentFacts{NeedsQuickConnect: true},
				[]models.LocalUserState{{ExternalID: "u-anna", KeptOut: words}}))
		}
	}
	reported := func(change func(in *models.Report)) func(k *kit, p *place) {
		return func(k *kit, p *place) {
			in := wayReport()
			change(&in)
			k.report(k.again(p.m), in)
		}
	}
	eachInvite(t, func(k *kit) {
		for name, row := range map[string]struct {
			happens func(k *kit, p *place)
			want    models.WayStep
		}{
			"nothing": {func(*kit, *place) {}, models.WayStep{}},
			"account disabled": {
				func(k *kit, p *place) { k.must(k.Operators.Disable(k.t.Context(), p.anna.Username)) },
				models.WayStep{Name: models.WayAccount, State: models.WayBroken, Reason: models.WayAccountOff},
			},
			"account not confirmed": {
				func(k *kit, p *place) { k.exec("UPDATE accounts SET confirmed_at = NULL WHERE id = ?", p.anna.ID) },
				models.WayStep{Name: models.WayAccount, State: models.WayBroken, Reason: models.WayNotConfirmed},
			},
			"link pending": {
				func(k *kit, p *place) { k.exec("UPDATE links SET state = 'pending' WHERE id = ?", p.link) },
				models.WayStep{Name: models.WayLink, State: models.WayBroken, Reason: models.WayPending},
			},
			"link pending, account disabled": {func(k *kit, p *place) {
				k.exec("UPDATE links SET state = 'pending' WHERE id = ?", p.link)
				k.must(k.Operators.Disable(k.t.Context(), p.anna.Username))
			}, models.WayStep{Name: models.WayLink, State: models.WayBroken, Reason: models.WayPending}},
			"link paused": {
				func(k *kit, p *place) {
					k.must(k.Stays.Pause(k.t.Context(), p.owner.ID, p.m.ID, p.link, time.Time{}))
				},
				models.WayStep{Name: models.WayLink, State: models.WayBroken, Reason: models.WayPaused},
			},
			"link ended": {func(k *kit, p *place) {
				p.link = k.localUser(p.owner, p.m, "u-anna").ID
				k.must(k.People.Remove(k.t.Context(), p.owner.ID, p.m.ID, k.localUser(p.owner, p.m, "u-anna").LinkID))
			}, models.WayStep{Name: models.WayLink, State: models.WayBroken, Reason: models.WayNoAccount}},
			"invited again": {func(k *kit, p *place) {
				p.link = k.localUser(p.owner, p.m, "u-anna").ID
				k.must(k.People.Remove(k.t.Context(), p.owner.ID, p.m.ID, k.localUser(p.owner, p.m, "u-anna").LinkID))
				k.offerTo(p.owner, p.anna, p.m, models.LinkLinked, "u-anna")
			}, models.WayStep{Name: models.WayLink, State: models.WayBroken, Reason: models.WayInvited}},
			"server disabled": {
				func(k *kit, p *place) { k.disableServer(p.m) },
				models.WayStep{Name: models.WayServer, State: models.WayBroken, Reason: models.WayServerOff},
			},
			"server away": {func(k *kit, p *place) {
				k.exec("UPDATE servers SET last_seen_at = ? WHERE id = ?", k.Now().Add(-models.AwayAfter-1e9), p.m.ID)
			}, models.WayStep{Name: models.WayServer, State: models.WayBroken, Reason: models.WayServerAway}},
			"local user gone": {
				reported(func(in *models.Report) { in.LocalUsers = in.LocalUsers[1:] }),
				models.WayStep{Name: models.WayLocalUser, State: models.WayBroken, Reason: models.LocalUserGone},
			},
			"local user disabled": {
				reported(func(in *models.Report) { in.LocalUsers[0].Disabled = true }),
				models.WayStep{Name: models.WayLocalUser, State: models.WayBroken, Reason: models.LocalUserDisabled},
			},
			"local user an administrator": {
				reported(func(in *models.Report) { in.LocalUsers[0].Administrator = true }),
				models.WayStep{Name: models.WayLocalUser, State: models.WayBroken, Reason: models.LocalUserAdministrator},
			},
			"no yes": {
				reported(func(in *models.Report) { in.LocalUsers[0].NotAllowed = true }),
				models.WayStep{Name: models.WayLocalUser, State: models.WayBroken, Reason: models.LocalUserNotAllowed},
			},
			"the PIN": {func(k *kit, p *place) {
				k.must(k.Protections.Set(k.t.Context(), p.owner.ID, p.m.ID, models.Protection{Active: true, PINRequired: true}, home))
			}, models.WayStep{Name: models.WayPIN, State: models.WayBroken, Reason: models.WayPINAsked}},
			"outside hours": {told(models.KeptOutHours), models.WayStep{Name: models.WayHours, State: models.WayBroken, Reason: models.WayOutsideHours}},
			"sessions":      {told(models.KeptOutSessions), models.WayStep{Name: models.WaySessions, State: models.WayBroken, Reason: models.WayTooMany}},
			"devices":       {told(models.KeptOutDevices), models.WayStep{Name: models.WayDevices, State: models.WayPartly, Reason: models.WayChosenDevices}},
			"devices and hours": {
				told(models.KeptOutDevices, models.KeptOutHours),
				models.WayStep{Name: models.WayHours, State: models.WayBroken, Reason: models.WayOutsideHours},
			},
			"not from away": {told(models.KeptOutAway), models.WayStep{Name: models.WayAddress, State: models.WayPartly, Reason: models.WayNotFromAway}},
			"Quick Connect off": {
				reported(func(in *models.Report) { in.QuickConnect = false }),
				models.WayStep{Name: models.WayQuickConnect, State: models.WayBroken, Reason: models.WayQuickOff},
			},
			"no address": {
				reported(func(in *models.Report) { in.WAN, in.LAN = nil, nil }),
				models.WayStep{Name: models.WayAddress, State: models.WayBroken, Reason: models.WayNoAddress},
			},
			"only at home": {
				reported(func(in *models.Report) { in.WAN = nil }),
				models.WayStep{Name: models.WayAddress, State: models.WayPartly, Reason: models.WayOnlyHome},
			},
		} {
			p := place{owner: k.account(), anna: k.account()}
			p.m = k.agent(p.owner)
			k.report(p.m, wayReport())
			p.m = k.again(p.m)
			k.accept(k.offerTo(p.owner, p.anna, p.m, models.LinkLinked, "u-anna"), p.anna)
			p.link = k.localUser(p.owner, p.m, "u-anna").LinkID
			told()(k, &p)
			row.happens(k, &p)
			way, err := k.Roster.WayIn(k.t.Context(), p.owner.ID, p.m.ID, p.link)
			if err != nil {
				k.t.Errorf("%s: %v", name, err)
				continue
			}
			if diff := cmp.Diff(row.want, way.Broken()); diff != "" {
				k.t.Errorf("%s: broken (-want +got):\n%s%+v", name, diff, way.Steps)
			}
			_, err = k.Roster.WayIn(k.t.Context(), p.anna.ID, p.m.ID, p.link)
			k.isKind(err, models.KindNotFound)
		}
	})
}

// wayReport returns a report of a server at which nothing is wrong with Anna.
func wayReport() models.Report {
	in := report()
	in.QuickConnect = true
	return in
}

// The answer says what the service does not know: about a guest who is not created yet, about an agent that has
// told no states, and about a server without an agent.
func TestWayInSaysWhatItDoesNotKnow(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, gus := k.t.Context(), k.account(), k.account()
		m := k.agent(owner)
		k.accept(k.offerTo(owner, gus, m, models.LinkGuest, ""), gus)
		states := func(m media, id int64) map[string]string {
			k.t.Helper()
			way, err := k.Roster.WayIn(ctx, owner.ID, m.ID, id)
			k.must(err)
			all := map[string]string{}
			for _, step := range way.Steps {
				all[step.Name] = step.State + " " + step.Reason
			}
			return all
		}
		link := k.authorizations(m)[0].ID
		want := map[string]string{
			"account": "ok ", "link": "ok ", "server": "ok ", "local_user": "broken waiting", "hours": "unknown not_told", "sessions": "unknown not_told",
			"devices": "unknown not_told", "quick_connect": "unknown not_told", "address": "ok ",
		}
		if diff := cmp.Diff(want, states(m, link)); diff != "" {
			k.t.Errorf("a guest who waits (-want +got):\n%s", diff)
		}
		k.must(k.Changes.TellWaiting(ctx, k.again(m).Server, map[int64]string{link: models.WaitLimit}))
		if got := states(m, link)["local_user"]; got != "broken waiting."+models.WaitLimit {
			k.t.Errorf("got %q, want the reason", got)
		}
		emby := k.server(owner)
		k.link(emby, gus)
		want = map[string]string{"account": "ok ", "link": "ok ", "server": "unknown no_agent", "local_user": "unknown no_agent", "address": "ok "}
		if diff := cmp.Diff(want, states(emby, k.authorizations(emby)[0].ID)); diff != "" {
			k.t.Errorf("a server without an agent (-want +got):\n%s", diff)
		}
	})
}
