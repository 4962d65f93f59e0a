package client

import (
	"context"
	"net/http"
)

// InvitePerson is somebody who may get a link by an invite for the whole family.
type InvitePerson struct {
	ID          ID     `json:"id"`
	Username    string `json:"username"`
	DisplayName string `json:"display_name"`
	Picture     string `json:"picture"` // as in [Account]
	Own         bool   `json:"own"`     // the account that asks
	HasAll      bool   `json:"has_all"` // may use all servers of the invite already
}

type invitePeople struct {
	People []InvitePerson `json:"people"`
}

func (l *invitePeople) whole() bool { return l.People != nil }

// Family returns who may get a link by an invite that waits for an answer of the person: the account itself
// first and, if the invite is for the whole family and the account is a guardian, the members. It may return
// [ErrNotFound].
func (i *Invites) Family(ctx context.Context, id ID) ([]InvitePerson, error) {
	var out invitePeople
	err := i.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/invites/{id}/family", values: []string{string(id)}, want: http.StatusOK, again: always,
	}, &out)
	return out.People, err
}

type acceptForFamily struct {
	AccountIDs []ID `json:"account_ids"`
}

// AcceptForFamily accepts an invite, with all its servers, for each of the chosen accounts at once. It may
// return an error about the field account_ids, [ErrAlreadyMember] or [ErrNotFound].
func (i *Invites) AcceptForFamily(ctx context.Context, id ID, chosen []ID) error {
	if chosen == nil {
		chosen = []ID{} // the service says that somebody has to be chosen
	}
	return i.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/invites/{id}/family/accept", values: []string{string(id)}, body: acceptForFamily{chosen}, want: http.StatusNoContent,
	})
}
