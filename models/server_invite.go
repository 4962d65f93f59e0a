package models

import (
	"context"
	"errors"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// ServerInvite is an invite that is made at a server, for this server alone.
// LocalUserID and the libraries are the server's own ids.
type ServerInvite struct {
	To, Type, Note string
	LocalUserID    string    // "" for none
	Libraries      []Library // nil if the server decides
	EndsAt         time.Time // zero for no end
	Link           bool      // as in [NewInvite], and so are the members below
	Family         bool
	Greeting       string
	Uses           int
	ExpiresAt      time.Time
	Profile        string
	IdempotencyKey string // "" for none
}

// InviteHere makes an invite in the name of the server's owner, under the owner's
// rules and limits. It returns [ErrServerUnclaimed] for a server without an owner,
// [ErrAccountDisabled] when its owner is disabled, errors about the fields to, type,
// note, local_user, libraries, ends_at, family, greeting, uses, expires_at, profile and
// idempotency_key, or the other errors of [Invites.Create].
func (a *Agents) InviteHere(ctx context.Context, this Server, in ServerInvite, caller Caller) (Invite, error) {
	if this.OwnerID == 0 {
		return Invite{}, ErrServerUnclaimed
	}
	localUserID, err := a.namedLocalUser(ctx, a.read(ctx), this.ID, in.LocalUserID)
	if err != nil {
		return Invite{}, err
	}
	offer := InviteServer{ServerID: this.ID, Libraries: in.Libraries, EndsAt: in.EndsAt}
	if localUserID != nil {
		offer.LocalUserID = *localUserID
	}
	made, err := a.invites.createIn(ctx, "invite of server "+FormatID(this.ID), this.OwnerID, NewInvite{
		To: in.To, Type: in.Type, Note: in.Note, Link: in.Link, Family: in.Family, Greeting: in.Greeting, Uses: in.Uses, ExpiresAt: in.ExpiresAt, Profile: in.Profile,
		Servers: []InviteServer{offer}, IdempotencyKey: in.IdempotencyKey,
	}, caller)
	if err != nil && KindOf(err) == KindNotFound {
		return Invite{}, ErrAccountDisabled.because(err)
	}
	if known, ok := errors.AsType[*Error](err); ok {
		return Invite{}, atServer(known)
	}
	return made, err
}

// InvitesTo lists the open invites that offer a server, the newest first, whether the owner
// or the server itself made them. Each invite lists this server alone, because a server
// must not learn which other servers its owner has. A server without an owner has no
// invites. It returns [ErrNotFound] for a server that was removed meanwhile.
func (a *Agents) InvitesTo(ctx context.Context, this Server) ([]Invite, error) {
	if this.OwnerID == 0 {
		return []Invite{}, nil
	}
	list, err := a.invites.OfServer(ctx, this.OwnerID, this.ID)
	for i := range list {
		list[i].Servers = slices.DeleteFunc(list[i].Servers, func(s InviteServer) bool { return s.ServerID != this.ID })
	}
	return list, err
}

// WithdrawInvite withdraws the offer of this server from an open invite. If the invite
// offers other servers, they still wait. It returns [ErrNotFound] when there is no such
// offer.
func (a *Agents) WithdrawInvite(ctx context.Context, this Server, inviteID int64, caller Caller) error {
	return a.tx(ctx, "withdraw an invite", func(tx *gorm.DB) error {
		if err := lockOwnServer(tx, this.OwnerID, this.ID); err != nil {
			return err
		}
		mine, err := database.G[inviteRow](tx).Where("id = ? AND owner_id = ?", inviteID, this.OwnerID).Count(ctx, "*")
		if err != nil {
			return err
		}
		if mine == 0 {
			return ErrNotFound
		}
		if err := a.closeOffer(tx, inviteID, this.ID, InviteWithdrawn, 0); err != nil {
			return err
		}
		return a.recordAbout(ctx, tx, this.OwnerID, EventInviteWithdrawn, this.Name, caller)
	})
}

// atServer returns a copy of e with the field names that servers use.
func atServer(e *Error) *Error {
	named := *e
	named.Fields = slices.Clone(e.Fields)
	for i, f := range named.Fields {
		if f.Field == "local_user_id" {
			named.Fields[i].Field = "local_user"
		}
	}
	return &named
}
