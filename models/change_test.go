package models_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/models"
)

// The agent of a server reads every change of the server's links, and no other agent
// reads it.
func TestFeedHasEveryChangeOfALink(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, anna := k.t.Context(), k.account(), k.account()
		m, other, plain := k.agent(owner), k.agent(owner), k.server(owner)
		k.link(plain, anna)
		begin := k.last(m)
		expect := func(what string, want ...models.ChangeKind) {
			k.t.Helper()
			if diff := cmp.Diff(want, k.changeKinds(m, begin)); diff != "" {
				k.t.Errorf("%s: kinds of changes (-want +got): %s", what, diff)
			}
			begin = k.last(m)
		}
		k.must(k.Invites.Accept(ctx, anna.ID, k.invite(owner, anna.Username, m).ID, home))
		link := k.located(anna, models.LinkAccepted)[1]
		expect("accepted", models.ChangeLink)
		end := k.Now().Add(time.Hour)
		k.must(k.People.SetTerms(ctx, owner.ID, m.ID, link.ID, models.Terms{EndsAt: &end, Libraries: &[]models.Library{{ExternalID: "l-series"}}}))
		changes := k.changes(m, begin)
		if got := changes[0].Link; got == nil || !got.EndsAt.Equal(end) || got.Libraries[0].Name != "Series" || got.AccessKeyHash != sum(link.AccessKey) {
			k.t.Errorf("got the change %+v, want the link with its end, libraries and key hash", changes[0])
		}
		expect("terms", models.ChangeLink)
		none := time.Time{}
		k.must(k.People.SetTerms(ctx, owner.ID, m.ID, link.ID, models.Terms{EndsAt: &none}))
		expect("no end", models.ChangeLink)
		device := k.deviceOf(anna)
		expect("a device signs in")
		k.must(k.Sessions.End(ctx, anna.ID, device.ID, home))
		if got := k.changes(m, begin); len(got) != 2 || got[0].DeviceID != "dev-9" || got[0].AccountID != anna.ID || got[1].SessionID != device.ID {
			k.t.Errorf("got the changes %+v, want one with the account and the device dev-9, and one with its session", got)
		}
		expect("a device's session ended", models.ChangeDevicesEnded, models.ChangeSessionEnded)
		k.must(k.Sessions.EndAll(ctx, anna.ID, home))
		expect("signed out everywhere", models.ChangeLink, models.ChangeDevicesEnded)
		k.must(k.Operators.Disable(ctx, anna.Username))
		if got := k.changes(m, begin); got[0].Link.Active {
			k.t.Error("the link of a disabled account is active, want it inactive")
		}
		expect("disabled", models.ChangeLink, models.ChangeDevicesEnded)
		k.must(k.Operators.Enable(ctx, anna.Username))
		expect("enabled", models.ChangeLink)
		k.must(k.Links.Remove(ctx, anna.ID, link.ID, home))
		if got := k.changes(m, begin); got[0].LinkID != link.ID || got[0].Link != nil {
			k.t.Errorf("got the changes %+v, want one with the link's id and no link", got)
		}
		expect("left", models.ChangeLinkRemoved)
		asked, err := k.Agents.AskFor(ctx, m.Server, models.AskLink{Username: anna.Username, LocalUserID: "u-anna", RequestedBy: "Boss"})
		k.must(err)
		if asked.State != models.LinkPending || asked.LocalUserID != "u-anna" || asked.AccessKeyHash != (models.AgentLink{}).AccessKeyHash {
			k.t.Errorf("got the link %+v, want it pending with a local user and without a key", asked)
		}
		expect("asked", models.ChangeLink)
		k.must(k.Sessions.End(ctx, anna.ID, k.deviceOf(anna).ID, home))
		expect("a device's session ended while the link waits")
		k.must(k.Links.Accept(ctx, anna.ID, asked.ID, home))
		expect("accepted again", models.ChangeLink)
		k.must(k.People.Remove(ctx, owner.ID, m.ID, asked.ID))
		expect("removed by the owner", models.ChangeLinkRemoved)
		k.invited(owner, m, anna, "u-ben")
		k.must(k.Accounts.Delete(ctx, anna.ID, goodPassword, home))
		expect("deleted", models.ChangeLink, models.ChangeLinkRemoved)
		if got := k.changes(other, 0); len(got) != 0 || len(k.changes(plain, 0)) != 0 {
			k.t.Errorf("the other servers' feeds: the first has %+v, want no change in either", got)
		}
		all := k.changes(m, 0)
		for i, c := range all {
			if c.Seq != int64(i+1) {
				k.t.Errorf("change number %d is at place %d, want the numbers from 1 without a gap", c.Seq, i+1)
			}
		}
		k.isKind(k.Changes.Acknowledge(ctx, m.Server, begin+1), models.KindInvalid)
		k.must(k.Changes.Acknowledge(ctx, m.Server, begin-1))
		k.must(k.Changes.Acknowledge(ctx, m.Server, 1)) // an old acknowledgement that comes late changes nothing
		k.clock.Advance(8 * 24 * time.Hour)
		k.must(k.Sweep(ctx))
		if got := k.changes(m, 0); len(got) != 1 || got[0].Seq != begin {
			k.t.Errorf("got the changes %+v, want only the last one, which was not acknowledged", got)
		}
	})
}

// deviceOf signs in a device of an account.
func (k *kit) deviceOf(a models.Account) models.Session {
	k.t.Helper()
	ctx, browser := k.t.Context(), k.signIn(a)
	code := k.beginAPI("dev-9")
	k.must(k.Devices.Approve(ctx, browser.Session, code.UserCode, home))
	k.exec("UPDATE sessions SET device_id = 'dev-9', kind = 'device' WHERE account_id = ?", a.ID)
	return browser.Session
}

func TestChangesAtOnceHaveNoGap(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		var links []models.Located
		var people []models.Account
		for range 6 {
			a := k.member(owner, m)
			people, links = append(people, a), append(links, k.located(a, models.LinkAccepted)[0])
		}
		begin := k.last(m)
		for _, err := range parallel(24, func(i int) error {
			if i < 6 {
				return k.Sessions.EndAll(ctx, people[i].ID, home)
			}
			end := k.Now().Add(time.Duration(i) * time.Hour)
			return k.People.SetTerms(ctx, owner.ID, m.ID, links[i%6].ID, models.Terms{EndsAt: &end})
		}) {
			k.must(err)
		}
		changes := k.changes(m, begin)
		if len(changes) != 18+6*2 {
			k.t.Errorf("got %d changes, want 30", len(changes))
		}
		for i, c := range changes {
			if c.Seq != begin+int64(i)+1 {
				k.t.Fatalf("got the change number %d, want %d", c.Seq, begin+int64(i)+1)
			}
		}
	})
}

func TestWaitEndsWithAChange(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		k.must(k.Changes.Wait(ctx, m.Server, 7, time.Hour, nil)) // the number is ahead of the feed, so the call returns at once
		idle := func() bool { return !models.Watching(k.Store) }
		waittest.Eventually(k.t, "nobody looks for changes of other processes", idle)
		// The Store finds a change of another process because it reads the database at
		// intervals.
		models.LookForChanges(k.Store, 5*time.Millisecond)
		heard := make(chan error, 1)
		last := k.last(m)
		go func() { heard <- k.Changes.Wait(ctx, m.Server, last, time.Hour, nil) }()
		k.exec("UPDATE servers SET change_seq = change_seq + 1 WHERE id = ?", m.ID)
		k.must(waittest.Receive(k.t, heard, "the call returns after a change of another process"))
		waittest.Eventually(k.t, "nobody looks for changes of other processes", idle)
		models.LookForChanges(k.Store, time.Hour)
		last = k.last(m)
		go func() { heard <- k.Changes.Wait(ctx, m.Server, last, time.Hour, nil) }()
		waittest.Eventually(k.t, "the call listens", func() bool { return models.Listening(k.Store, m.ID) == 1 })
		a := k.account()
		invite := k.invite(owner, a.Username, m)
		select {
		case err := <-heard:
			k.t.Fatalf("the call returned without a change, with error %v; want it to wait", err)
		default:
		}
		k.must(k.Invites.Accept(ctx, a.ID, invite.ID, home))
		k.must(waittest.Receive(k.t, heard, "the call returns after a change"))
		last = k.last(m) - 1
		short, leave := context.WithCancel(ctx)
		go func() {
			defer leave()
			if !waittest.Becomes(func() bool { return models.Listening(k.Store, m.ID) == 1 }) {
				k.t.Error("the call does not listen, want it to")
			}
		}()
		k.must(k.Changes.Wait(short, m.Server, last+1, time.Hour, nil))
		k.must(k.OperatedServers.Disable(ctx, models.CommandLine, m.ID))
		k.is(k.Changes.Wait(ctx, m.Server, last+1, time.Hour, nil), models.ErrServerDisabled)
	})
}

// All agents that wait together cost the database one statement at each look, because no
// agent asks separately.
func TestWaitingAgentsAskTogether(t *testing.T) {
	eachInvite(t, func(k *kit) {
		const agents, looks = 12, 20
		models.LookForChanges(k.Store, time.Millisecond)
		said := k.listen()
		ctx, leave := context.WithCancel(k.t.Context())
		heard := make(chan error, agents)
		owner := k.account()
		for range agents {
			m := k.agent(owner)
			last := k.last(m)
			go func() { heard <- k.Changes.Wait(ctx, m.Server, last, time.Hour, nil) }()
		}
		count := func(is func(text string) bool) (n int) {
			for _, s := range said.keep() {
				if is(s.text) {
					n++
				}
			}
			return n
		}
		alone := func(text string) bool { return text == models.LookChanges }
		together := func(text string) bool {
			return strings.HasPrefix(text, "SELECT id, change_seq, disabled_at FROM servers WHERE id IN (")
		}
		// The test counts two statements for each agent: one of k.last above, and one of the agent's Wait.
		waittest.Eventually(k.t, "every agent has looked once for itself", func() bool { return count(alone) >= 2*agents })
		said.take()
		waittest.Eventually(k.t, "the Store has looked many times", func() bool { return count(together) >= looks })
		if n := count(alone); n != 0 {
			k.t.Errorf("%d agents that wait asked %d times by themselves, want never", agents, n)
		}
		leave()
		for range agents {
			k.must(waittest.Receive(k.t, heard, "the call returns"))
		}
	})
}
