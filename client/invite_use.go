package client

import (
	"context"
	"iter"
	"net/url"
	"time"
)

// SentInvite is an invite as its owner sees it.
type SentInvite struct {
	Invite

	AnsweredAt time.Time   `json:"answered_at,omitzero"` // zero while nobody has answered or withdrawn it
	UsedBy     []InviteUse `json:"used_by"`              // the people who have accepted it, the first one first
}

// InviteUse is a person who has accepted an invite.
type InviteUse struct {
	Username string    `json:"username"`
	UsedAt   time.Time `json:"used_at"`
}

// Sent iterates over the invites that the owner has sent, the newest first.
func (i *Invites) Sent(ctx context.Context) iter.Seq2[SentInvite, error] { return all(ctx, i.SentPage) }

// SentPage returns one page of the sent invites.
func (i *Invites) SentPage(ctx context.Context, ask PageAsk) (Page[SentInvite], error) {
	return fetchPage[SentInvite](ctx, i.core, ask, "/api/v1/invites", nil)
}

// OfServer iterates over the invites to a server of the owner, the newest first. If ended is
// false, these are the invites that can be accepted there, and otherwise all others.
func (i *Invites) OfServer(ctx context.Context, serverID ID, ended bool) iter.Seq2[SentInvite, error] {
	return all(ctx, func(ctx context.Context, ask PageAsk) (Page[SentInvite], error) {
		return i.OfServerPage(ctx, serverID, ended, ask)
	})
}

// OfServerPage returns one page of the invites to a server.
func (i *Invites) OfServerPage(ctx context.Context, serverID ID, ended bool, ask PageAsk) (Page[SentInvite], error) {
	query := url.Values{}
	if ended {
		query.Set("ended", "true")
	}
	return fetchPage[SentInvite](ctx, i.core, ask, "/api/v1/servers/{id}/invites", query, string(serverID))
}
