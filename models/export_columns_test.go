package models_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// personTables are the tables that belong to a person, each with the condition that
// selects the rows of one account.
var personTables = map[string]string{
	"accounts": "id = ?", "servers": "owner_id = ?",
	"server_addresses": "server_id IN (SELECT id FROM servers WHERE owner_id = ?)",
	"invite_servers":   "invite_id IN (SELECT id FROM invites WHERE account_id = ?)",
	"claim_codes":      "account_id = ?", "device_codes": "account_id = ?", "email_changes": "account_id = ?", "emails": "account_id = ?",
	"history": "account_id = ?", "invites": "account_id = ?", "link_changes": "account_id = ?", "links": "account_id = ?",
	"outbox": "account_id = ?", "proofs": "account_id = ?", "quick_connects": "account_id = ?", "quick_devices": "account_id = ?", "local_passwords": "account_id = ?", "server_opens": "account_id = ?", "sessions": "account_id = ?", "invite_profiles": "owner_id = ?", "invite_uses": "account_id = ?", "tokens": "account_id = ? AND used_at IS NULL", "family_people": "account_id = ?", "circle_people": "account_id = ?", "circle_servers": "owner_id = ?", "circle_asks": "account_id = ?", "circle_answers": "account_id = ? AND state = 'waiting'", "link_levels": "account_id = ?", "protections": "server_id IN (SELECT id FROM servers WHERE owner_id = ?)", "pictures": "? IN (account_id, (SELECT owner_id FROM servers WHERE servers.id = pictures.server_id))",
}

// otherTables are the tables that do not belong to a person, each with the reason.
var otherTables = map[string]string{
	"backups": "says when backups were made", "mail_stops": "holds keyed hashes of mailboxes, which name nobody; the export says whether the account's own is stopped",
	"idempotency":  "holds hashes of requests, which name nobody",
	"former_stays": "keeps a link for 30 days after its end, or until its pause ends, which the history tells, so that its owner may prolong it", "libraries": "describes a server", "local_users": "belongs to the media server, which its owner can ask", "server_keys": "holds hashes of secrets",
	"server_checks": "describes a server", "server_checkups": "describes a server", "server_tries": "describes a server", "server_answers": "holds hashes of addresses of a server", "server_lists": "holds random numbers, which say nothing",
	"operator_acts": "says which operator did what; the history tells each account what was done to it", "operator_settings": "describes the service", "setups": "says how far the first run of the service is", "mail_days": "holds numbers of mails", "service_messages": "tells the same to everybody", "circles": "is named in the export of its people", "restores": "names the database", "secret_keys": "names the keys of the service", "spent_marks": "holds hashes of solved captchas", "throttle": "holds counters under hashed names",
}

const stateOfAgent = "not: it is the state of the server's agent, not of the person"

// localPasswords is the verdict on the table local_passwords.
const localPasswords = "not: it lives for ten minutes, and the history tells what came of it"

// exportVerdicts says for each column of a person's tables "as PATH", the place in
// [models.Export] that holds its value, or "not: REASON".
var exportVerdicts = joined(rosterVerdicts, circleVerdicts, map[string]string{
	"accounts.ceiling_age":         "as Ceiling.Age",
	"accounts.ceiling_unrated":     "as Ceiling.Unrated",
	"accounts.confirmed_at":        "as Account.ConfirmedAt",
	"accounts.created_at":          "as Account.CreatedAt",
	"accounts.disabled_at":         "as Account.DisabledAt",
	"accounts.display_name":        "as Account.DisplayName",
	"accounts.email":               "as Account.Email",
	"accounts.email_key":           "not: the same address without case",
	"accounts.guardian_id":         "as GuardianID",
	"accounts.id":                  "as Account.ID",
	"accounts.legacy_md5":          "not: a secret",
	"accounts.legacy_md5_filtered": "not: a secret",
	"accounts.locale":              "as Account.Locale",
	"accounts.lock_version":        "not: an internal counter",
	"accounts.newcomer_of":         "not: an internal number; Account.Newcomer says that there is one",
	"accounts.operator":            "as Account.Operator",
	"accounts.password_changed_at": "as Account.PasswordChangedAt",
	"accounts.password_hash":       "not: a secret",
	"accounts.password_version":    "not: an internal counter",
	"accounts.pin_changed_at":      "as Account.PINChangedAt",
	"accounts.pin_hash":            "not: a secret",
	"accounts.pin_off_at":          "not: Account.PINOff says it",
	"accounts.signed_in_at":        "as FirstSignIn",
	"accounts.picture":             "not: the picture itself is there, see Pictures",
	"accounts.time_zone":           "as Account.TimeZone",
	"accounts.username":            "as Account.Username",
	"accounts.username_key":        "not: the same as Account.Username without case",

	"claim_codes.account_id": "not: it is the account's own id, see Account.ID",
	"claim_codes.code_mac":   "not: a secret",
	"claim_codes.created_at": "as ClaimCodes.CreatedAt",
	"claim_codes.expires_at": "as ClaimCodes.ExpiresAt",
	"claim_codes.used_at":    "not: used codes are not exported",

	"device_codes.account_id":       "not: it is the account's own id, see Account.ID",
	"device_codes.address":          "as Devices.Address",
	"device_codes.client":           "as Devices.Client",
	"device_codes.created_at":       "as Devices.AskedAt",
	"device_codes.device":           "as Devices.Device",
	"device_codes.device_id":        "as Devices.DeviceID",
	"device_codes.device_mac":       "not: a secret",
	"device_codes.door":             "not: only the protocol of the device uses it",
	"device_codes.expires_at":       "as Devices.ExpiresAt",
	"device_codes.id":               "not: an internal number",
	"device_codes.next_poll":        "not: only the protocol of the device uses it",
	"device_codes.password_version": "not: an internal counter",
	"device_codes.poll_every":       "not: only the protocol of the device uses it",
	"device_codes.state":            "as Devices.State",
	"device_codes.user_code_mac":    "not: a secret",

	"email_changes.account_id":    "not: it is the account's own id, see Account.ID",
	"email_changes.changed_at":    "as EmailChanges.ChangedAt",
	"email_changes.created_at":    "as EmailChanges.AskedAt",
	"email_changes.expires_at":    "not: Links holds the links that still work",
	"email_changes.id":            "not: an internal number",
	"email_changes.new_email":     "as EmailChanges.To",
	"email_changes.new_email_key": "not: the same address without case",
	"email_changes.old_email":     "as EmailChanges.From",
	"email_changes.old_email_key": "not: the same address without case",
	"email_changes.state":         "as EmailChanges.State",
	"email_changes.undo_until":    "as EmailChanges.UndoUntil",

	"emails.account_id": "not: it is the account's own id, see Account.ID",
	"emails.email_key":  "as Emails.Address",
	"emails.held_until": "as Emails.HeldUntil",

	"family_people.account_id": "not: it is the account's own id, see Account.ID",
	"family_people.created_at": "as Families.AskedAt",
	"family_people.family_id":  "as Families.FamilyID",
	"family_people.joined_at":  "as Families.JoinedAt",
	"family_people.role":       "as Families.Role",
	"family_people.state":      "as Families.State",

	"history.account_id": "not: it is the account's own id, see Account.ID",
	"history.actor_id":   "not: History.By holds the username",
	"history.address":    "as History.Address",
	"history.created_at": "as History.At",
	"history.device":     "as History.Device",
	"history.id":         "not: an internal number",
	"history.kind":       "as History.Kind",
	"history.subject":    "as History.Subject",

	"invite_servers.ends_at":       "as Invites.Servers.EndsAt",
	"invite_servers.invite_id":     "as Invites.ID",
	"invite_servers.libraries":     "not: Invites.Servers.Libraries holds the names",
	"invite_servers.local_user_id": "as Invites.Servers.LocalUserID",
	"invite_servers.server_id":     "as Invites.Servers.ServerID",

	"invite_uses.account_id": "not: it is the account's own id, see Account.ID",
	"invite_uses.invite_id":  "not: an internal number; Links holds what was accepted",
	"invite_uses.server_id":  "not: Links.ServerID holds it while the link is there",
	"invite_uses.used_at":    "not: Links.AcceptedAt holds it while the link is there, and the history tells it",

	"invites.account_id":  "not: it is the account's own id, see Account.ID",
	"invites.answered_at": "as Invites.AnsweredAt",
	"invites.answered_by": "not: Invites.AnsweredBy holds the username",
	"invites.created_at":  "as Invites.CreatedAt",
	"invites.email":       "not: Invites.To holds it",
	"invites.email_key":   "not: the same address without case",
	"invites.expires_at":  "as Invites.ExpiresAt",
	"invites.for_family":  "as Invites.Family",
	"invites.greeting":    "as Invites.Greeting",
	"invites.id":          "as Invites.ID",
	"invites.link_hash":   "not: a secret",
	"invites.link_secret": "not: a secret",
	"invites.note":        "as Invites.Note",
	"invites.owner_id":    "as Invites.OwnerID",
	"invites.state":       "as Invites.State",
	"invites.type":        "as Invites.Type",
	"invites.typed":       "as Invites.To",
	"invites.used":        "as Invites.Used",
	"invites.uses":        "as Invites.Uses",

	"invite_profiles.id":          "as Profiles.ID",
	"invite_profiles.invite_days": "as Profiles.InviteDays",
	"invite_profiles.libraries":   "not: Profiles.Libraries holds the names",
	"invite_profiles.link_days":   "as Profiles.LinkDays",
	"invite_profiles.name":        "as Profiles.Name",
	"invite_profiles.name_key":    "not: the same name without case",
	"invite_profiles.owner_id":    "not: it is the account's own id, see Account.ID",
	"invite_profiles.server_id":   "as Profiles.ServerID",
	"invite_profiles.uses":        "as Profiles.Uses",

	"link_changes.account_id": "not: it is the account's own id, see Account.ID",
	"link_changes.created_at": "not: the feed belongs to the agent of the server",
	"link_changes.device_id":  "not: Sessions.DeviceID holds it",
	"link_changes.kind":       "not: the feed belongs to the agent of the server",
	"link_changes.link_id":    "not: an internal number",
	"link_changes.seq":        "not: an internal counter",
	"link_changes.session_id": "not: Sessions holds it",
	"link_changes.server_id":  "not: the feed belongs to the agent of the server",

	"local_passwords.account_id": localPasswords, "local_passwords.address": localPasswords, "local_passwords.created_at": localPasswords,
	"local_passwords.device": localPasswords, "local_passwords.expires_at": localPasswords, "local_passwords.id": localPasswords,
	"local_passwords.link_id": localPasswords, "local_passwords.reason": localPasswords, "local_passwords.sealed": localPasswords,
	"local_passwords.server_id": localPasswords, "local_passwords.state": localPasswords,

	"link_levels.account_id":   "not: it is the account's own id, see Account.ID",
	"link_levels.asked_at":     "as Levels.AskedAt",
	"link_levels.asked_client": "as Levels.AskedClient",
	"link_levels.asked_device": "as Levels.AskedDevice",
	"link_levels.closes_at":    "as Levels.ClosesAt",
	"link_levels.everyday":     "not: JSON of Levels.Everyday",
	"link_levels.hold":         "not: JSON of Levels.Hold",
	"link_levels.link_id":      "as Levels.LinkID",
	"link_levels.opened_at":    "as Levels.OpenedAt",
	"link_levels.opened_by":    "not: an internal number; the history tells what guardians did",
	"link_levels.own":          "as Levels.Own",
	"link_levels.pin_required": "as Levels.PINRequired",
	"link_levels.server_id":    "as Levels.ServerID",
	"link_levels.stop_playing": "as Levels.StopPlaying",
	"link_levels.stopped_at":   "as Levels.StoppedAt",
	"link_levels.told_by_hand": stateOfAgent, "link_levels.told_problem": stateOfAgent, "link_levels.told_state": stateOfAgent, "link_levels.unlock_id": "not: an internal number",
	"link_levels.unlocked": "not: JSON of Levels.Unlocked",

	"protections.active": "as Protections.Active", "protections.agent_televisions": "not: the agent reports it, and the pages show it",
	"protections.agent_levels": stateOfAgent, "protections.choices": "not: it describes the media server",
	"protections.pin_required": "as Protections.PINRequired",
	"protections.server_id":    "as Protections.ServerID",
	"protections.unlocked":     "not: JSON of Protections.Unlocked", "protections.everyday": "not: JSON of Protections.Everyday",

	"links.accepted_at": "as ServerLinks.AcceptedAt",
	"links.access_key":  "not: a secret",
	"links.account_id":  "as ServerLinks.AccountID",
	"links.created_at":  "as ServerLinks.CreatedAt",
	"links.ends_at":     "as ServerLinks.EndsAt", "links.paused_at": "as ServerLinks.Pause.Since", "links.paused_until": "as ServerLinks.Pause.Until",
	"links.first_device_at": "as ServerLinks.FirstDeviceAt",
	"links.id":              "as ServerLinks.ID",
	"links.invited_by":      "not: an internal number",
	"links.libraries":       "not: Terms.Libraries holds the names",
	"links.local_user_id":   "not: it belongs to the server",
	"links.requested_by":    "as ServerLinks.RequestedBy",
	"links.server_id":       "as ServerLinks.ServerID",
	"links.state":           "as ServerLinks.State",
	"links.type":            "as ServerLinks.Type",
	"links.waits_for":       stateOfAgent, "links.hand": stateOfAgent, "links.hand_kept": stateOfAgent, "links.hand_reset_at": stateOfAgent, "links.remind_at": "not: it follows from the end",

	"outbox.account_id":  "not: it is the account's own id, see Account.ID",
	"outbox.attempts":    "not: only the worker that sends mail uses it",
	"outbox.created_at":  "as Mails.OwedAt",
	"outbox.due_at":      "not: only the worker that sends mail uses it",
	"outbox.expires_at":  "not: only the worker that sends mail uses it",
	"outbox.facts":       "not: Mails.Facts holds each fact; TestExport looks at one",
	"outbox.id":          "not: an internal number",
	"outbox.key_id":      "not: it names the key of the service",
	"outbox.kind":        "as Mails.Kind",
	"outbox.last_error":  "not: only the worker that sends mail uses it",
	"outbox.lease_owner": "not: only the worker that sends mail uses it",
	"outbox.lease_until": "not: only the worker that sends mail uses it",
	"outbox.locale":      "not: the same as Account.Locale",
	"outbox.recipient":   "not: Mails.To holds it, or the address of the account",
	"outbox.salt":        "not: a secret is made from it",
	"outbox.state":       "as Mails.State",
	"outbox.subject_id":  "not: an internal number",

	"proofs.account_id": "not: it is the account's own id, see Account.ID",
	"proofs.code":       "as Proofs.Code",
	"proofs.created_at": "as Proofs.CreatedAt",
	"proofs.expires_at": "as Proofs.ExpiresAt",
	"proofs.id":         "as Proofs.ID",
	"proofs.reason":     "as Proofs.Reason",
	"proofs.server_id":  "as Proofs.ServerID",
	"proofs.state":      "as Proofs.State",
	"proofs.url":        "as Proofs.URL",

	"pictures.account_id":       "not: it is the account's own id, see Account.ID",
	"pictures.body":             "as Pictures.Body",
	"pictures.content_type":     "as Pictures.ContentType",
	"pictures.created_at":       "as Pictures.CreatedAt",
	"pictures.server_id":        "as Pictures.ServerID",
	"pictures.token":            "not: whoever has it sees the picture, which is there itself",
	"quick_devices.account_id":  "not: it is the account's own id, see Account.ID",
	"quick_devices.certain":     "as QuickDevices.Certain",
	"quick_devices.client":      "as QuickDevices.Client",
	"quick_devices.created_at":  "as QuickDevices.CreatedAt",
	"quick_devices.device_id":   "as QuickDevices.DeviceID",
	"quick_devices.id":          "as QuickDevices.ID",
	"quick_devices.link_id":     "as QuickDevices.LinkID",
	"quick_devices.name":        "as QuickDevices.Name",
	"quick_devices.server_id":   "not: LinkID leads to the server",
	"quick_connects.account_id": "not: it is the account's own id, see Account.ID", "quick_connects.asked_by": "not: it is the owner of the server; the history tells what they did",
	"quick_connects.address":    "as Quick.Address",
	"quick_connects.code":       "not: a secret",
	"quick_connects.created_at": "as Quick.CreatedAt",
	"quick_connects.device":     "as Quick.Device",
	"quick_connects.expires_at": "as Quick.ExpiresAt",
	"quick_connects.id":         "as Quick.ID",
	"quick_connects.link_id":    "as Quick.LinkID",
	"quick_connects.reason":     "as Quick.Reason",
	"quick_connects.server_id":  "as Quick.ServerID",
	"quick_connects.state":      "as Quick.State",

	"server_addresses.by_owner":    "as Servers.Addresses.ByOwner",
	"server_addresses.hidden":      "as Servers.Addresses.Hidden",
	"server_addresses.host":        "as Servers.Addresses.Host",
	"server_addresses.id":          "as Servers.Addresses.ID",
	"server_addresses.kind":        "as Servers.Addresses.Kind",
	"server_addresses.opens":       "not: the agent of the server finds it out",
	"server_addresses.path":        "as Servers.Addresses.Path",
	"server_addresses.port":        "as Servers.Addresses.Port",
	"server_addresses.position":    "as Servers.Addresses.Position",
	"server_addresses.reported_at": "as Servers.Addresses.ReportedAt",
	"server_addresses.scheme":      "as Servers.Addresses.Scheme",
	"server_addresses.server_id":   "as Servers.ID",

	"servers.acked_seq":     "as Servers.AckedSeq",
	"servers.agent_run":     "not: an internal mark of a running program",
	"servers.change_seq":    "as Servers.ChangeSeq",
	"servers.claimed_at":    "as Servers.ClaimedAt",
	"servers.created_at":    "as Servers.CreatedAt",
	"servers.disabled_at":   "as Servers.DisabledAt",
	"servers.id":            "as Servers.ID",
	"servers.key_version":   "not: an internal counter",
	"servers.kind":          "as Servers.Kind",
	"servers.last_seen_at":  "as Servers.LastSeenAt",
	"servers.lock_version":  "not: an internal counter",
	"servers.name":          "as Servers.ReportedName",
	"servers.own_name":      "as Servers.OwnName",
	"servers.picture":       "not: the picture itself is there, see Pictures",
	"servers.owner_id":      "as Servers.OwnerID",
	"servers.quick_connect": "not: the agent reports it, and the pages show it",
	"servers.report_hash":   "as Servers.ReportHash",
	"servers.self_service":  "as Servers.SelfService",
	"servers.device_keys":   "not: what the agent can do", "servers.media": "not: the agent reports it, and the pages show it",
	"servers.password_key":     "not: the public key of the agent",
	"servers.linked_passwords": "as Servers.LinkedPasswords",
	"servers.start_note":       "as Servers.StartNote",
	"servers.system_id":        "as Servers.SystemID",
	"servers.version":          "as Servers.Version",

	"server_opens.account_id": "not: it is the account's own id, see Account.ID",
	"server_opens.challenge":  "not: a random text that counts for a minute",
	"server_opens.code_hash":  "not: a secret",
	"server_opens.expires_at": "not: a minute after the person has pressed Open",
	"server_opens.server_id":  "not: it is kept for a minute alone",
	"server_opens.session_id": "not: it is kept for a minute alone",

	"sessions.account_id":    "not: it is the account's own id, see Account.ID",
	"sessions.address":       "as Sessions.Address",
	"sessions.client":        "as Sessions.Client",
	"sessions.confirmed_at":  "as Sessions.ConfirmedAt",
	"sessions.created_at":    "as Sessions.CreatedAt",
	"sessions.device":        "as Sessions.Device",
	"sessions.device_id":     "as Sessions.DeviceID",
	"sessions.expires_at":    "as Sessions.ExpiresAt",
	"sessions.icon":          "as Sessions.Icon",
	"sessions.by_guardian":   "not: GuardianID says who looks after the account",
	"sessions.household_id":  "not: an internal number of the device's first session",
	"sessions.left_out":      "not: a choice about the tiles of one device, which the device shows",
	"sessions.switched_from": "as Sessions.Switched",
	"sessions.id":            "as Sessions.ID",
	"sessions.kind":          "as Sessions.Kind",
	"sessions.last_seen_at":  "as Sessions.LastSeenAt",
	"sessions.lock_version":  "not: an internal counter",
	"sessions.token_hash":    "not: a secret",

	"tokens.account_id":       "not: it is the account's own id, see Account.ID",
	"tokens.created_at":       "as Links.CreatedAt",
	"tokens.expires_at":       "as Links.ExpiresAt",
	"tokens.hash":             "not: a secret",
	"tokens.password_version": "not: an internal counter",
	"tokens.purpose":          "as Links.Purpose",
	"tokens.subject_id":       "not: an internal number",
	"tokens.used_at":          "not: used links are not exported",
})

// Every column has a verdict, so that a new column is either exported or left out
// for a reason that somebody wrote down.
func TestExportVerdicts(t *testing.T) {
	const file = "models/export_columns_test.go"
	each(t, func(k *kit) {
		known := map[string]bool{}
		for _, table := range ours(k.tables()) {
			if personTables[table] == "" && otherTables[table] == "" {
				k.t.Errorf("table %s is unknown: add it to personTables or otherTables in %s", table, file)
			}
		}
		for _, c := range k.columns() {
			name := c.Table + "." + c.Name
			known[name] = true
			verdict := exportVerdicts[name]
			if personTables[c.Table] != "" && !strings.HasPrefix(verdict, "as ") && !strings.HasPrefix(verdict, "not: ") {
				k.t.Errorf("%s has the verdict %q, want \"as PATH\" or \"not: REASON\": export it in models/export.go or write why not, in exportVerdicts of %s",
					name, verdict, file)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(exportVerdicts)) {
			if !known[name] {
				k.t.Errorf("%s has a verdict in %s, but the database has no such column", name, file)
			}
		}
	})
}

// exportedValues returns the values of an export by their path, such as
// "Servers.Addresses.Port"; a list adds nothing to the path of its elements.
func (k *kit) exportedValues(export models.Export) map[string][]string {
	k.t.Helper()
	text, err := json.Marshal(export) //nolint:musttag // only this test reads it, so the names do not matter
	k.must(err)
	var tree any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // ids do not fit into a float64
	k.must(decoder.Decode(&tree))
	found := map[string][]string{}
	var walk func(path string, value any)
	walk = func(path string, value any) {
		switch value := value.(type) {
		case map[string]any:
			for name, inner := range value {
				walk(strings.TrimPrefix(path+"."+name, "."), inner)
			}
		case []any:
			for _, inner := range value {
				walk(path, inner)
			}
		default:
			found[path] = append(found[path], fmt.Sprint(value))
		}
	}
	walk("", tree)
	return found
}

// exportKeepsVerdicts checks that an export contains what exportVerdicts says. If the
// verdict of a column is "as PATH", each value of the column in the rows of the account
// must be at PATH in the export. The test must fill every column except mayBeEmpty.
func (k *kit) exportKeepsVerdicts(accountID int64, export models.Export, mayBeEmpty ...string) {
	k.t.Helper()
	exported := k.exportedValues(export)
	for _, c := range k.columns() {
		name := c.Table + "." + c.Name
		path, isExported := strings.CutPrefix(exportVerdicts[name], "as ")
		if personTables[c.Table] == "" {
			continue
		}
		filled := false
		for _, row := range k.query("SELECT "+c.Name+" FROM "+c.Table+" WHERE "+personTables[c.Table], accountID) {
			if row[0] == nil {
				continue
			}
			filled = true
			if isExported && !slices.ContainsFunc(exported[path], func(have string) bool { return sameValue(row, have) }) {
				k.t.Errorf("%s is %s, want it among the values of %s in the export: %v", name, row.text(0), path, exported[path])
			}
		}
		if !filled && !slices.Contains(mayBeEmpty, name) {
			k.t.Errorf("the test has no value in %s, want one", name)
		}
	}
}

// sameValue reports whether the only column of a row has the value have, as JSON shows it.
func sameValue(row record, have string) bool {
	if at, ok := row[0].(time.Time); ok {
		return at.UTC().Format(time.RFC3339Nano) == have
	}
	switch text := row.text(0); have { // SQLite and MySQL keep yes and no as numbers
	case "true":
		return text == "1" || text == have
	case "false":
		return text == "0" || text == have
	default:
		return text == have || base64.StdEncoding.EncodeToString([]byte(text)) == have // as JSON shows bytes
	}
}
