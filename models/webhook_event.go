package models

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// HappenedKind names an event of which webhooks tell. Locales have its name on pages as webhook.event.KIND, and the
// sentence of its messages as webhook.text.KIND.
type HappenedKind string

// The kinds of events.
const (
	HappenedSignedUp       HappenedKind = "account.signed_up"
	HappenedConfirmed      HappenedKind = "account.confirmed"
	HappenedDeleted        HappenedKind = "account.deleted"
	HappenedLinkAsked      HappenedKind = "link.asked"
	HappenedLinkAccepted   HappenedKind = "link.accepted"
	HappenedLinkDeclined   HappenedKind = "link.declined"
	HappenedLinkRemoved    HappenedKind = "link.removed" // by the person or the server
	HappenedLinkEnded      HappenedKind = "link.ended"   // because its time was over
	HappenedInviteSent     HappenedKind = "invite.sent"
	HappenedInviteAccepted HappenedKind = "invite.accepted"
	HappenedInviteDeclined HappenedKind = "invite.declined"
	HappenedRegistered     HappenedKind = "server.registered"
	HappenedOwnerChanged   HappenedKind = "server.owner_changed" // for the owner who had it, or the first one
	HappenedReceived       HappenedKind = "server.received"      // for the new owner
	HappenedServerRemoved  HappenedKind = "server.removed"
	HappenedAway           HappenedKind = "server.away" // its agent has been silent for [AwayAfter]
	HappenedBack           HappenedKind = "server.back"
	HappenedMailGivenUp    HappenedKind = "mail.given_up"
	HappenedTest           HappenedKind = "webhook.test" // to one webhook, by its owner; nobody chooses it
)

// HappenedKinds returns the kinds that the operators can choose, or those that an owner of servers can choose.
func HappenedKinds(operators bool) []HappenedKind {
	if operators {
		return []HappenedKind{
			HappenedSignedUp, HappenedConfirmed, HappenedDeleted,
			HappenedRegistered, HappenedOwnerChanged, HappenedServerRemoved, HappenedAway, HappenedBack, HappenedMailGivenUp,
		}
	}
	return []HappenedKind{
		HappenedLinkAsked, HappenedLinkAccepted, HappenedLinkDeclined, HappenedLinkRemoved, HappenedLinkEnded,
		HappenedInviteSent, HappenedInviteAccepted, HappenedInviteDeclined,
		HappenedRegistered, HappenedOwnerChanged, HappenedReceived, HappenedServerRemoved, HappenedAway, HappenedBack,
	}
}

// HappenedFacts say what an event is about. They hold nothing that the reader of the message may not see anyway. The
// names of their members are those of the messages, so they must not change.
type HappenedFacts struct {
	Server  *HappenedServer  `json:"server,omitempty"`
	Account *HappenedAccount `json:"account,omitempty"` // whom it concerns; nil if the reader must not learn that
	Invite  *HappenedInvite  `json:"invite,omitempty"`
	Mail    *HappenedMail    `json:"mail,omitempty"`
	By      string           `json:"by,omitempty"` // of a link that was removed: person or server
}

// The values of By in [HappenedFacts].
const (
	byPerson = "person"
	byServer = "server"
)

// HappenedServer is the server of an event.
type HappenedServer struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// HappenedAccount is the person of an event.
type HappenedAccount struct {
	ID          string `json:"id"`
	Username    string `json:"username,omitempty"` // "" for an account that was deleted
	DisplayName string `json:"display_name,omitempty"`
}

// HappenedInvite is the invite of an event.
type HappenedInvite struct {
	ID string `json:"id"`
	To string `json:"to"` // the names of the servers, or of the circle
}

// HappenedMail is the mail of an event: never its address or text.
type HappenedMail struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
}

// webhookEventRow is a row of webhook_events: something has happened, and the webhooks have not been asked yet who wants
// to hear of it.
type webhookEventRow struct {
	ID        int64
	Kind      HappenedKind
	OwnerID   int64 // of the server; 0 for an event of the operators alone
	AccountID int64 // the person in Facts, with whose account the row is deleted; 0 for nobody
	Facts     string
	CreatedAt time.Time
}

// TableName returns the name of the table, webhook_events.
func (webhookEventRow) TableName() string { return "webhook_events" }

// happened is an event to be written.
type happened struct {
	kind    HappenedKind
	ownerID int64      // of the server, or 0
	server  *serverRow // nil for none
	person  *accountRow
	facts   HappenedFacts // the rest
}

// happen writes an event, in the transaction of what has happened. The worker hands it to the webhooks later.
func (c *core) happen(ctx context.Context, tx *gorm.DB, what happened) error {
	row := webhookEventRow{Kind: what.kind, OwnerID: what.ownerID, CreatedAt: c.Now()}
	if what.server != nil {
		this := what.server.server()
		what.facts.Server = &HappenedServer{ID: FormatID(this.ID), Name: this.Name}
		row.OwnerID = cmp.Or(what.ownerID, what.server.OwnerID)
	}
	if what.person != nil {
		row.AccountID = what.person.ID
		what.facts.Account = &HappenedAccount{ID: FormatID(what.person.ID), Username: what.person.Username, DisplayName: what.person.DisplayName}
	}
	if row.OwnerID == 0 && !slices.Contains(HappenedKinds(true), row.Kind) {
		return nil // nobody can want to hear of it
	}
	if row.Kind == HappenedDeleted { // nothing may name an account that was deleted
		row.AccountID, what.facts.Account = 0, &HappenedAccount{ID: what.facts.Account.ID}
	}
	text, err := json.Marshal(what.facts)
	if err != nil {
		return fmt.Errorf("write the facts of an event: %w", err)
	}
	row.Facts = string(text)
	if row.ID, err = c.newID(); err != nil {
		return err
	}
	return database.G[webhookEventRow](tx).Create(ctx, &row)
}

// happenAtLink writes an event about a link for the owner of its server. It writes nothing about a link of the owner. The
// parameter by is as in [HappenedFacts].
func (c *core) happenAtLink(ctx context.Context, tx *gorm.DB, kind HappenedKind, link *linkRow, server *serverRow, by string) error {
	if server.OwnerID == 0 || server.OwnerID == link.AccountID {
		return nil
	}
	person, err := c.accountByID(ctx, tx, link.AccountID)
	if KindOf(err) == KindNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if kind != HappenedLinkAccepted {
		person.DisplayName = visibleName(link.State, person.Username, person.DisplayName)
	}
	return c.happen(ctx, tx, happened{kind: kind, server: server, person: &person, facts: HappenedFacts{By: by}})
}

// happenToInvite writes an event about an invite for its owner. The person may be nil, if the owner must not learn who it
// is. to is as in [HappenedInvite].
func (c *core) happenToInvite(ctx context.Context, tx *gorm.DB, kind HappenedKind, invite *inviteRow, person *accountRow, to string) error {
	if person != nil && kind != HappenedInviteAccepted { // until then an owner knows the username alone
		known := *person
		known.DisplayName = known.Username
		person = &known
	}
	return c.happen(ctx, tx, happened{
		kind: kind, ownerID: invite.OwnerID, person: person, facts: HappenedFacts{Invite: &HappenedInvite{ID: FormatID(invite.ID), To: to}},
	})
}
