package models_test

import (
	"encoding/json"
	"regexp"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/picture/picturetest"
	"github.com/latchkey-media/latchkey/models"
)

// fullPerson makes a person who has at least one row in every table with facts about people. It
// returns the guardian of the person, the person, a session of the person, and a secret of a mailed
// link.
func (k *kit) fullPerson() (guardian, a models.Account, in models.SignedIn, reset string) {
	k.t.Helper()
	ctx := k.t.Context()
	guardian, a = k.account(), k.account()
	k.must(k.Accounts.SetProfile(ctx, a.ID, models.Profile{Username: a.Username, DisplayName: "Ada Lovelace", Locale: "de"}, home))
	k.clock.Advance(time.Minute)
	in = k.signIn(a)
	k.clock.Advance(time.Minute)
	k.change(a, addressOf(newName()))
	k.clock.Advance(time.Minute)
	k.must(k.PINs.Set(ctx, a.ID, "", "8305", home))
	k.clock.Advance(time.Minute)
	_, err := k.Accounts.ChangePassword(ctx, in.Session, models.ChangePassword{Current: goodPassword, Password: otherPassword}, home)
	k.must(err)
	reset = k.resetSecret(k.get(a))
	k.must(k.PINs.RequestReset(ctx, a.ID))
	k.fillServers(guardian, a, in.Session)
	k.fillInvites(guardian, a, in.Session)
	own := k.agent(a)
	_, err = k.InviteProfiles.Make(ctx, a.ID, models.InviteProfile{
		ServerID: own.ID, Name: "Family", Uses: 5, InviteDays: 7, LinkDays: 365, Libraries: []models.Library{{ExternalID: "l-films"}},
	})
	k.must(err)
	k.fillImports(a, own)
	k.must(k.Pictures.Set(ctx, a.ID, picturetest.PNG(k.t, 2, 2), home))
	k.must(k.Pictures.SetOfServer(ctx, a.ID, own.ID, picturetest.PNG(k.t, 2, 2)))
	k.must(k.Families.Ask(ctx, guardian.ID, a.Username, models.RoleAdult))
	k.must(k.Families.Accept(ctx, a.ID, guardian.ID, home))
	k.fillLevels(own, a)
	k.fillCircles(own, a)
	k.fillRoster(own)
	k.hook(a, models.HappenedLinkAccepted)
	k.exec("UPDATE webhooks SET failing_since = created_at WHERE owner_id = ?", a.ID)
	k.exec("UPDATE accounts SET ceiling_age = 12, ceiling_unrated = TRUE, newcomer_of = 7, guardian_id = ?, disabled_at = confirmed_at, pin_off_at = confirmed_at WHERE id = ?", guardian.ID, a.ID)
	return guardian, a, in, reset
}

func TestExport(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		guardian, a, in, reset := k.fullPerson()
		export, err := k.Accounts.Export(ctx, a.ID, home)
		k.must(err)
		text, err := json.Marshal(export) //nolint:musttag // only this test reads it, so the names do not matter
		k.must(err)
		said := string(text)
		for _, secret := range []string{reset, in.Token, "argon2id", "8305", "753951", "864209"} {
			// An id may have the same digits among others.
			if regexp.MustCompile(`\b` + regexp.QuoteMeta(secret) + `\b`).MatchString(said) {
				k.t.Errorf("the export contains the secret %s, want none", secret)
			}
		}
		k.exportKeepsVerdicts(a.ID, export, "outbox.lease_until", "tokens.used_at", "claim_codes.used_at", "invite_servers.local_user_id", "servers.disabled_at")
		if export.GuardianID != guardian.ID || len(export.Mails) == 0 || export.Mails[0].Facts["username"] != a.Username {
			k.t.Errorf("guardian %d and mails %+v, want guardian %d and a first mail that names %s", export.GuardianID, export.Mails, guardian.ID, a.Username)
		}
		events, err := k.History.List(ctx, a.ID, 1)
		k.must(err)
		if events[0].Kind != models.EventExported {
			k.t.Errorf("the newest event is %s, want %s", events[0].Kind, models.EventExported)
		}
		_, err = k.Accounts.Export(ctx, 1, home)
		k.is(err, models.ErrNotFound)
	})
}

// fillServers gives an account an accepted link to a server of owner, a claim code and an
// approved device code.
func (k *kit) fillServers(owner, a models.Account, session models.Session) {
	k.t.Helper()
	ctx := k.t.Context()
	code, _, err := k.Registrations.NewClaimCode(ctx, owner.ID)
	k.must(err)
	made, err := k.Registrations.Register(ctx, models.Registration{Name: "Den", SystemID: "a1b2", Kind: models.ServerEmby, ClaimCode: code}, home)
	k.must(err)
	asked, err := k.EmbyServers.Ask(ctx, made.Server, models.AskLink{AccountID: a.ID, Type: models.LinkLinked, RequestedBy: "somebody"})
	k.must(err)
	k.must(k.Links.Accept(ctx, a.ID, asked.ID, home))
	k.exec("UPDATE links SET local_user_id = 77, paused_at = ?, paused_until = ?, remind_at = ?, hand = 'disabled', hand_kept = 'disabled', hand_reset_at = ? WHERE id = ?",
		k.Now(), k.Now().Add(time.Hour), k.Now().Add(time.Hour), k.Now(), asked.ID)
	_, _, err = k.Registrations.NewClaimCode(ctx, a.ID)
	k.must(err)
	device, err := k.Devices.Begin(ctx, models.DeviceAsk{DeviceID: "tv-1", Client: "Cinema", Device: "Living room", Door: models.DoorAPI}, home)
	k.must(err)
	k.must(k.Devices.Approve(ctx, session, device.UserCode, home))
	k.exec("INSERT INTO server_opens (session_id, server_id, account_id, code_hash, challenge, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
		session.ID, made.Server.ID, a.ID, make([]byte, 32), challengeOf(openVerifier), k.Now())
}

// fillLevels gives an account levels at a server that it owns, and an unlock there.
func (k *kit) fillLevels(own media, a models.Account) {
	k.t.Helper()
	const level = `{"may_not":["edit"]}`
	k.exec("INSERT INTO protections (server_id, active, pin_required, everyday, unlocked, agent_levels, choices) VALUES (?, TRUE, TRUE, ?, ?, 'guests', '{}')", own.ID, level, level)
	k.exec(`INSERT INTO link_levels (link_id, server_id, account_id, own, pin_required, everyday, unlocked, hold, stopped_at, unlock_id, opened_by, opened_at, closes_at,
 stop_playing, asked_device, asked_client, asked_at, told_state, told_by_hand, told_problem)
VALUES (7, ?, ?, TRUE, TRUE, ?, ?, ?, ?, 9, ?, ?, ?, TRUE, 'Telly', 'Films', ?, 'everyday', 'hours', 'refused')`,
		own.ID, a.ID, level, level, level, k.Now(), a.ID, k.Now(), k.Now(), k.Now())
}

// fillInvites gives an account an answered invite to a server of owner with an agent, a
// proof, and codes of Quick Connect.
func (k *kit) fillInvites(owner, a models.Account, session models.Session) {
	k.t.Helper()
	ctx := k.t.Context()
	m := k.agent(owner)
	k.must(k.Servers.Change(ctx, owner.ID, m.ID, models.ServerChange{SelfService: new(true), StartNote: new("Ask me for the VPN."), LinkedPasswords: new(true)}))
	proof, err := k.Proofs.Start(ctx, a.ID, m.ID)
	k.must(err)
	k.must(k.Proofs.Propose(ctx, m.Server, proof.ID, "246810", "https://den.example.test/prove"))
	k.must(k.Proofs.Fail(ctx, m.Server, proof.ID, "denied"))
	invite, err := k.Invites.Create(ctx, owner.ID, models.NewInvite{
		To: a.Username, Link: true, Greeting: "Aunt Ann", Type: models.LinkGuest, Note: "Come in",
		Servers: []models.InviteServer{{ServerID: m.ID, Libraries: []models.Library{{ExternalID: "l-films"}}, EndsAt: k.Now().Add(time.Hour)}},
	}, home)
	k.must(err)
	k.must(k.Invites.Accept(ctx, a.ID, invite.ID, home))
	k.canQuick(m)
	tried := k.quick(session, m, "753951")
	k.must(k.QuickConnects.Fail(ctx, m.Server, tried.ID, models.QuickUnavailable))
	k.must(k.QuickConnects.Complete(ctx, m.Server, k.quick(session, m, "159357").ID))
	open := k.quick(session, m, "864209")
	k.must(k.QuickConnects.Arrived(ctx, m.Server, open.ID, models.QuickDevice{DeviceID: "set-1", Name: "Set in the den", Client: "Films", Certain: true}))
	k.exec(`INSERT INTO local_passwords (id, server_id, account_id, link_id, sealed, state, reason, address, device, created_at, expires_at)
SELECT id, server_id, account_id, link_id, 'x', state, 'replaced', address, device, created_at, expires_at FROM quick_connects`)
}
