package models

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// History is the area that reads the events of an account for its owner.
type History struct{ *core }

// EventKind names a security event; locales have its text, a whole sentence that says
// who did what, as event.KIND.
type EventKind string

// The kinds of events.
const (
	EventSignedUp            EventKind = "signed_up"
	EventConfirmed           EventKind = "confirmed"
	EventSignedIn            EventKind = "signed_in"
	EventSignedOut           EventKind = "signed_out"
	EventSignedOutEverywhere EventKind = "signed_out_everywhere"
	EventPasswordChanged     EventKind = "password_changed"
	EventPasswordResetAsked  EventKind = "password_reset_asked"
	EventPasswordReset       EventKind = "password_reset"
	EventEmailChangeAsked    EventKind = "email_change_asked"
	EventEmailChanged        EventKind = "email_changed"
	EventEmailUndone         EventKind = "email_undone"
	EventPINSet              EventKind = "pin_set"
	EventPINChanged          EventKind = "pin_changed"
	EventPINRemoved          EventKind = "pin_removed"
	EventPINOff              EventKind = "pin_off"
	EventSwitchedTo          EventKind = "switched_to" // the person was chosen on a shared device
	EventSessionEnded        EventKind = "session_ended"
	EventSessionSurplus      EventKind = "session_surplus" // ended because there were too many
	EventProfileChanged      EventKind = "profile_changed"
	EventInviteMailsStopped  EventKind = "invite_mails_stopped"
	EventInviteMailsAllowed  EventKind = "invite_mails_allowed"
	EventDisabled            EventKind = "disabled"
	EventEnabled             EventKind = "enabled"
	EventExported            EventKind = "exported"
	EventServerClaimed       EventKind = "server_claimed"
	EventServerKeyRotated    EventKind = "server_key_rotated"
	EventServerHandedOver    EventKind = "server_handed_over"
	EventServerReceived      EventKind = "server_received" // for the new owner
	EventServerRemoved       EventKind = "server_removed"  // by its owner
	EventServerDisabled      EventKind = "server_disabled"
	EventServerEnabled       EventKind = "server_enabled"
	EventLinkAsked           EventKind = "link_asked"
	EventLinkAccepted        EventKind = "link_accepted"
	EventLinkLeft            EventKind = "link_left"    // by the person
	EventLinkRemoved         EventKind = "link_removed" // by the server or its owner
	EventLinkKeySet          EventKind = "link_key_set" // by the server, for a link that existed
	EventDeviceApproved      EventKind = "device_approved"
	EventDeviceDenied        EventKind = "device_denied"
	EventQuickConnected      EventKind = "quick_connected"
	EventTelevision          EventKind = "television"     // the owner of a server signed one in for the person
	EventLocalPassword       EventKind = "local_password" // of the person's local user
	EventMemberAdded         EventKind = "member_added"   // the account, by a guardian
	EventLetGoAsked          EventKind = "let_go_asked"   // by a guardian
	EventLetGoTakenBack      EventKind = "let_go_back"    // by a guardian
	EventLetGo               EventKind = "let_go"         // nobody is a guardian of the account any longer
	EventMemberHandedOn      EventKind = "member_handed"  // to the second guardian, because the first has deleted their account
	EventFamilyJoined        EventKind = "family_joined"
	EventFamilyLeft          EventKind = "family_left"
	EventFamilyRemoved       EventKind = "family_removed" // by a guardian
	EventProtectionSet       EventKind = "protection_set" // by the owner of a server
	EventHoldSet             EventKind = "hold_set"       // what lies behind the PIN at a server was changed
	EventCeilingSet          EventKind = "ceiling_set"    // by a guardian
	EventCeilingRemoved      EventKind = "ceiling_removed"
	EventUnlocked            EventKind = "unlocked"
	EventLocked              EventKind = "locked"
	EventStayPaused          EventKind = "stay_paused"   // by the owner of a server
	EventStayResumed         EventKind = "stay_resumed"  // by the owner, or because its time was over
	EventStayChanged         EventKind = "stay_changed"  // its end, by the owner
	EventStayExtended        EventKind = "stay_extended" // for the owner: from a mail, perhaps without signing in
	EventInviteSent          EventKind = "invite_sent"
	EventImported            EventKind = "imported" // an owner has invited many people at once
	EventInviteWithdrawn     EventKind = "invite_withdrawn"
	EventInviteDeclined      EventKind = "invite_declined"
	EventCircleJoined        EventKind = "circle_joined"     // the account belongs to the people of a circle
	EventCircleLeft          EventKind = "circle_left"       // by the person
	EventCircleAdmitted      EventKind = "circle_admitted"   // by the owner of a server, who was asked first
	EventCircleAsked         EventKind = "circle_asked"      // the account has asked another owner
	EventCircleServerIn      EventKind = "circle_server_in"  // by the owner
	EventCircleServerOut     EventKind = "circle_server_out" // by the owner
	EventCircleRefused       EventKind = "circle_refused"    // by the owner: a person at a server
	EventOperatorOn          EventKind = "operator_on"
	EventOperatorOff         EventKind = "operator_off"
	EventRestored            EventKind = "restored" // the service, from a backup
	EventOperatorConfirmed   EventKind = "operator_confirmed"
	EventOperatorReset       EventKind = "operator_reset"      // sent a link for a new password
	EventOperatorSignedOut   EventKind = "operator_signed_out" // ended all sessions
	EventOperatorUnlocked    EventKind = "operator_unlocked"   // lifted what slowed sign-ins down
	EventWebhookMade         EventKind = "webhook_made"
	EventWebhookChanged      EventKind = "webhook_changed"
	EventWebhookDeleted      EventKind = "webhook_deleted"

	EventServerRemovedByOperator EventKind = "server_removed_by_operator"

	EventServerKeyRenewed     EventKind = "server_key_renewed"      // by the server itself, with its key
	EventServerKeysEnded      EventKind = "server_keys_ended"       // by the owner
	EventServerFormerKeyEnded EventKind = "server_former_key_ended" // by itself: see [ServerKeys.Flush]
	// EventServerLibraryReplaced means that another library has taken the place of a library
	// that was gone. Its subject has the names of both libraries and of the server, as in
	// "Films → Movies (Den)".
	EventServerLibraryReplaced EventKind = "server_library_replaced"
	EventServerLinkKeySet      EventKind = "server_link_key_set" // by a server, with its key: the access key of a person's link
)

// EventKinds returns all kinds, for the test that compares the constants and the
// locales.
func EventKinds() []EventKind {
	return []EventKind{
		EventSignedUp, EventConfirmed, EventSignedIn, EventSignedOut, EventSignedOutEverywhere,
		EventPasswordChanged, EventPasswordResetAsked, EventPasswordReset, EventEmailChangeAsked, EventEmailChanged,
		EventEmailUndone, EventPINSet, EventPINChanged, EventPINRemoved, EventPINOff, EventSwitchedTo, EventSessionEnded, EventSessionSurplus,
		EventProfileChanged, EventInviteMailsStopped, EventInviteMailsAllowed, EventDisabled, EventEnabled, EventExported, EventServerClaimed, EventServerKeyRotated,
		EventServerKeyRenewed, EventServerKeysEnded, EventServerFormerKeyEnded, EventServerLibraryReplaced,
		EventServerHandedOver, EventServerReceived, EventServerRemoved, EventServerRemovedByOperator, EventServerDisabled, EventServerEnabled,
		EventLinkAsked, EventLinkAccepted, EventLinkLeft, EventLinkRemoved, EventLinkKeySet, EventServerLinkKeySet, EventDeviceApproved, EventDeviceDenied,
		EventCircleJoined, EventCircleLeft, EventCircleAdmitted, EventCircleAsked, EventCircleServerIn, EventCircleServerOut, EventCircleRefused,
		EventQuickConnected, EventTelevision, EventLocalPassword, EventInviteSent, EventImported, EventInviteWithdrawn, EventInviteDeclined, EventOperatorOn, EventOperatorOff,
		EventOperatorConfirmed, EventOperatorReset, EventOperatorSignedOut, EventOperatorUnlocked,
		EventRestored, EventMemberAdded, EventLetGoAsked, EventLetGoTakenBack, EventLetGo, EventMemberHandedOn, EventFamilyJoined, EventFamilyLeft, EventFamilyRemoved,
		EventProtectionSet, EventHoldSet, EventCeilingSet, EventCeilingRemoved, EventUnlocked, EventLocked,
		EventStayPaused, EventStayResumed, EventStayChanged, EventStayExtended,
		EventWebhookMade, EventWebhookChanged, EventWebhookDeleted,
	}
}

// Event is something that happened to an account. At is UTC.
type Event struct {
	Kind            EventKind
	Subject         string // what it was about, by its name at that time; "" for nothing, and for events of older versions
	Address, Device string // of the browser or app that caused it
	ByGuardian      bool   // a guardian did it for the account
	By              string // the username of that guardian; "" for one who has no account any longer
	At              time.Time
}

// HasSubject reports whether an event of this kind is about one thing that has a name: a
// server, a device, a session or an address. Locales then have event.KIND.of,
// too, a sentence with the name.
func (k EventKind) HasSubject() bool {
	switch k {
	case EventConfirmed, EventEmailChangeAsked, EventEmailChanged, EventEmailUndone,
		EventSessionEnded, EventSessionSurplus, EventDeviceApproved, EventDeviceDenied, EventQuickConnected, EventTelevision, EventLocalPassword,
		EventServerClaimed, EventServerKeyRotated, EventServerKeyRenewed, EventServerKeysEnded, EventServerFormerKeyEnded, EventServerLibraryReplaced,
		EventServerHandedOver, EventServerReceived, EventServerRemoved, EventServerRemovedByOperator, EventServerDisabled, EventServerEnabled,
		EventLinkAsked, EventLinkAccepted, EventLinkLeft, EventLinkRemoved, EventLinkKeySet, EventServerLinkKeySet,
		EventInviteSent, EventImported, EventInviteWithdrawn, EventInviteDeclined, EventLetGoAsked, EventLetGoTakenBack, EventLetGo,
		EventProtectionSet, EventHoldSet, EventUnlocked, EventLocked,
		EventStayPaused, EventStayResumed, EventStayChanged, EventStayExtended,
		EventWebhookMade, EventWebhookChanged, EventWebhookDeleted,
		EventCircleJoined, EventCircleLeft, EventCircleAdmitted, EventCircleAsked, EventCircleServerIn, EventCircleServerOut, EventCircleRefused:
		return true
	default:
		return false
	}
}

// ByGuardian reports whether a guardian can cause an event of this kind in the history of a member.
// Locales then have event.KIND.by, too, a sentence with the name of the guardian and the subject.
func (k EventKind) ByGuardian() bool {
	switch k {
	case EventPasswordChanged, EventPINSet, EventPINChanged, EventPINRemoved, EventSessionEnded, EventSignedOutEverywhere,
		EventLinkAccepted, EventLinkLeft, EventInviteDeclined, EventMemberAdded, EventMemberHandedOn, EventLetGoAsked, EventLetGoTakenBack, EventProfileChanged,
		EventFamilyRemoved, EventHoldSet, EventCeilingSet, EventCeilingRemoved, EventUnlocked, EventLocked, EventCircleJoined:
		return true
	default:
		return false
	}
}

// historyRow is a row of history.
type historyRow struct {
	ID        int64
	AccountID int64
	Kind      EventKind
	Address   string
	Device    string
	Subject   string
	CreatedAt time.Time
	ActorID   int64 // the guardian who did it, -1 for a guardian who has no account any longer, or 0 for the person
}

func (r *historyRow) event() Event {
	return Event{Kind: r.Kind, Subject: r.Subject, Address: r.Address, Device: r.Device, At: r.CreatedAt.UTC()}
}

// TableName returns the name of the table, history.
func (historyRow) TableName() string { return "history" }

// recordEvent writes an event without a subject into the history of an account, in the
// transaction of the change that the event is about.
func (c *core) recordEvent(ctx context.Context, tx *gorm.DB, accountID int64, kind EventKind, caller Caller) error {
	return c.recordAbout(ctx, tx, accountID, kind, "", caller)
}

// recordAbout does the same as [core.recordEvent] for an event that has a subject. The
// subject is a name as people know it, cut to 80 characters, or an address as [maskEmail]
// shows it, because the event may outlive the thing that it is about. The subject is never
// the name of another person, because that person may delete their account: so an invite is
// named by its servers.
func (c *core) recordAbout(ctx context.Context, tx *gorm.DB, accountID int64, kind EventKind, subject string, caller Caller) error {
	row, err := c.event(accountID, kind, subject, caller)
	if err != nil {
		return err
	}
	return database.G[historyRow](tx).Create(ctx, &row)
}

// recordEvents writes the same event, which no caller caused, into the history of each
// account, many rows at a time. subject is as in [core.recordAbout].
func (c *core) recordEvents(ctx context.Context, tx *gorm.DB, accounts []accountRow, kind EventKind, subject string) error {
	rows := make([]historyRow, len(accounts))
	for i := range accounts {
		var err error
		if rows[i], err = c.event(accounts[i].ID, kind, subject, Caller{}); err != nil {
			return err
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return database.G[historyRow](tx).CreateInBatches(ctx, &rows, rowsAtOnce)
}

// event returns the row of an event, with a new id and the present time.
func (c *core) event(accountID int64, kind EventKind, subject string, caller Caller) (historyRow, error) {
	id, err := c.newID()
	return historyRow{
		ID: id, AccountID: accountID, Kind: kind, Address: caller.Address, Device: caller.Device, Subject: shortName(subject), CreatedAt: c.Now(), ActorID: caller.By,
	}, err
}

// List returns the latest events of an account, at most n, the newest first.
func (h *History) List(ctx context.Context, accountID int64, n int) ([]Event, error) {
	rows, err := database.G[historyRow](h.read(ctx)).Where("account_id = ? AND created_at > ?", accountID, h.Now().Add(-h.opt.Lives.History)).Order("id DESC").Limit(n).Find(ctx)
	if err != nil {
		return nil, explained("read the history", err)
	}
	return h.events(ctx, h.read(ctx), rows)
}

// events returns the events of rows, with the names of the guardians who caused some of them.
func (c *core) events(ctx context.Context, db *gorm.DB, rows []historyRow) ([]Event, error) {
	names := map[int64]string{}
	var ids []int64
	for _, r := range rows {
		if r.ActorID != 0 && !slices.Contains(ids, r.ActorID) {
			ids = append(ids, r.ActorID)
		}
	}
	if len(ids) > 0 {
		actors, err := database.G[accountRow](db).Select("id", "username").Where("id IN ?", ids).Find(ctx)
		if err != nil {
			return nil, explained("read who did it", err)
		}
		for _, a := range actors {
			names[a.ID] = a.Username
		}
	}
	events := make([]Event, len(rows))
	for i, r := range rows {
		events[i] = r.event()
		events[i].ByGuardian, events[i].By = r.ActorID != 0, names[r.ActorID]
	}
	return events, nil
}
