package models_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// notExported are the columns that a person does not get, and why. A new column
// must come either here or into the export.
var notExported = map[string]string{
	"accounts.username_key": "the username, folded", "accounts.email_key": "the address, folded",
	"accounts.password_hash": "a secret", "accounts.pin_hash": "a secret", "accounts.password_version": "a counter of ours",
	"accounts.pin_off_at": "exported as yes or no",
	"emails.account_id":   "the account's id", "email_changes.account_id": "the account's id", "sessions.account_id": "the account's id",
	"tokens.account_id": "the account's id", "outbox.account_id": "the account's id", "history.account_id": "the account's id",
	"email_changes.id": "a number of ours", "email_changes.old_email_key": "the address, folded",
	"email_changes.new_email_key": "the address, folded", "email_changes.expires_at": "the life of a link",
	"sessions.token_hash": "a secret", "tokens.hash": "a secret", "tokens.subject_id": "a number of ours",
	"tokens.password_version": "a counter of ours", "tokens.used_at": "used links are not exported",
	"outbox.id": "a number of ours", "outbox.locale": "the account's", "outbox.subject_id": "a number of ours",
	"outbox.salt": "makes a secret", "outbox.key_id": "of our key", "outbox.attempts": "of the worker", "outbox.due_at": "of the worker",
	"outbox.lease_owner": "of the worker", "outbox.lease_until": "of the worker", "outbox.last_error": "of the worker",
	"outbox.expires_at": "of the worker", "history.id": "a number of ours",
	"accounts.legacy_md5": "a secret", "accounts.legacy_md5_filtered": "a secret",
	"claim_codes.code_mac": "a secret", "claim_codes.account_id": "the account's id",
	"device_codes.user_code_mac": "a secret", "device_codes.device_mac": "a secret", "device_codes.id": "a number of ours",
	"device_codes.account_id": "the account's id", "device_codes.password_version": "a counter of ours",
	"device_codes.poll_every": "of the wire", "device_codes.next_poll": "of the wire", "device_codes.door": "of the wire",
	"links.id": "a number of ours", "links.account_id": "the account's id", "links.access_key": "a secret",
	"links.local_user_id": "of the server", "links.libraries": "exported by their names", "links.invited_by": "a number of ours",
	"invites.account_id": "the account's id", "invites.answered_by": "exported by the username", "invites.email_key": "the address, folded",
	"proofs.account_id":         "the account's id",
	"quick_connects.account_id": "the account's id", "quick_connects.link_id": "a number of ours", "quick_connects.code": "a secret",
	"link_changes.server_id": "what a server's agent must hear of its own links", "link_changes.seq": "a counter of ours",
	"link_changes.kind": "for the agent", "link_changes.link_id": "a number of ours", "link_changes.account_id": "the account's id",
	"link_changes.device_id": "exported with the sessions", "link_changes.created_at": "for the agent",
}

func TestExport(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		guardian, a := k.account(), k.account()
		k.must(k.Accounts.SetProfile(ctx, a.ID, models.Profile{Username: a.Username, DisplayName: "Ada Lovelace", Locale: "de"}, home))
		k.clock.Advance(time.Minute)
		in := k.signIn(a)
		k.clock.Advance(time.Minute)
		k.change(a, addressOf(newName()))
		k.clock.Advance(time.Minute)
		k.must(k.PINs.Set(ctx, a.ID, "", "8305", home))
		k.clock.Advance(time.Minute)
		_, err := k.Accounts.ChangePassword(ctx, in.Session, models.ChangePassword{Current: goodPassword, Password: otherPassword}, home)
		k.must(err)
		reset := k.resetSecret(k.get(a))
		k.must(k.PINs.RequestReset(ctx, a.ID))
		k.fillServers(guardian, a, in.Session)
		k.fillInvites(guardian, a, in.Session)
		k.exec("UPDATE accounts SET guardian_id = ?, disabled_at = confirmed_at, pin_off_at = confirmed_at WHERE id = ?", guardian.ID, a.ID)

		export, err := k.Accounts.Export(ctx, a.ID, home)
		k.must(err)
		text, err := json.Marshal(export) //nolint:musttag // read by this test alone: names do not matter
		k.must(err)
		said := string(text)
		for _, secret := range []string{reset, in.Token, "argon2id", "8305", "753951", "864209"} {
			if strings.Contains(said, secret) {
				k.t.Errorf("the export holds a secret: %s", secret)
			}
		}
		seen := map[string]bool{}
		for _, c := range k.columns() {
			key := "account_id"
			if c.Table == "accounts" {
				key = "id"
			} else if !k.has(c.Table, "account_id") {
				continue
			}
			name := c.Table + "." + c.Name
			for _, row := range k.query("SELECT "+c.Name+" FROM "+c.Table+" WHERE "+key+" = ?", a.ID) {
				if row[0] == nil {
					continue
				}
				seen[name] = true
				if notExported[name] != "" {
					continue
				}
				value := row.text(0)
				if at, ok := row[0].(time.Time); ok {
					value = at.UTC().Format(time.RFC3339Nano)
				}
				quoted, _ := json.Marshal(value)
				// Facts are JSON inside; each of theirs is looked for alone.
				if c.Name != "facts" && !strings.Contains(said, strings.Trim(string(quoted), `"`)) {
					k.t.Errorf("%s is not exported: %s", name, value)
				}
			}
			if !seen[name] && !strings.HasSuffix(name, "lease_until") && !strings.HasSuffix(name, "used_at") {
				k.t.Errorf("the test leaves %s empty", name)
			}
		}
		if export.GuardianID != guardian.ID || len(export.Mails) == 0 || export.Mails[0].Facts["username"] != a.Username {
			k.t.Errorf("export %+v", export)
		}
		events, err := k.History.List(ctx, a.ID, 1)
		k.must(err)
		if events[0].Kind != models.EventExported {
			k.t.Errorf("the export is not noted: %+v", events)
		}
		_, err = k.Accounts.Export(ctx, 1, home)
		k.is(err, models.ErrNotFound)
	})
}

// has reports whether a table has a column.
func (k *kit) has(table, name string) bool {
	for _, c := range k.columns() {
		if c.Table == table && c.Name == name {
			return true
		}
	}
	return false
}

// fillServers gives a an accepted link with a server of owner's, a claim code
// and an approved device code.
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
	k.exec("UPDATE links SET local_user_id = 77 WHERE id = ?", asked.ID)
	_, _, err = k.Registrations.NewClaimCode(ctx, a.ID)
	k.must(err)
	device, err := k.Devices.Begin(ctx, models.DeviceAsk{DeviceID: "tv-1", Client: "Cinema", Device: "Living room", Door: models.DoorAPI}, home)
	k.must(err)
	k.must(k.Devices.Approve(ctx, session, device.UserCode, home))
}

// fillInvites gives a an answered invite to an agent's server of owner's, a
// proof, and codes of Quick Connect.
func (k *kit) fillInvites(owner, a models.Account, session models.Session) {
	k.t.Helper()
	ctx := k.t.Context()
	m := k.agent(owner)
	k.must(k.Servers.SetSelfService(ctx, owner.ID, m.ID, true))
	proof, err := k.Proofs.Start(ctx, a.ID, m.ID)
	k.must(err)
	k.must(k.Proofs.Propose(ctx, m.Server, proof.ID, "246810", "https://den.example.test/prove"))
	k.must(k.Proofs.Fail(ctx, m.Server, proof.ID, "denied"))
	invite, err := k.Invites.Create(ctx, owner.ID, models.NewInvite{
		To: a.Username, Type: models.LinkGuest, Note: "Come in",
		Servers: []models.InviteServer{{ServerID: m.ID, Libraries: []models.Library{{ExternalID: "l-films"}}, EndsAt: k.Now().Add(time.Hour)}},
	}, home)
	k.must(err)
	k.must(k.Invites.Accept(ctx, a.ID, invite.ID, home))
	k.canQuick(m)
	tried := k.quick(session, m, "753951")
	k.must(k.QuickConnects.Fail(ctx, m.Server, tried.ID, models.QuickUnavailable))
	k.quick(session, m, "864209")
}
