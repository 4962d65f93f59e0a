package client

import (
	"context"
	"net/http"
)

// LocalUserRef names a local user. In answers to owners, ID is the service's id; in
// answers to agents, it is the media server's id.
type LocalUserRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// LocalUser is a local user that a server reported.
type LocalUser struct {
	ID            ID     `json:"id"`          // in the service
	ExternalID    string `json:"external_id"` // on the media server
	Name          string `json:"name"`
	Disabled      bool   `json:"disabled"`
	Administrator bool   `json:"administrator"`
	NotAllowed    bool   `json:"not_allowed"` // the agent lets nobody in as this local user until its admin allows that
	LinkedTo      string `json:"linked_to"`   // a username; "" if the local user is not linked
}

type localUserList struct {
	LocalUsers []LocalUser `json:"local_users"`
}

func (l *localUserList) whole() bool { return l.LocalUsers != nil }

// LocalUsers returns the local users of a server.
func (p *People) LocalUsers(ctx context.Context, serverID ID) ([]LocalUser, error) {
	var out localUserList
	err := p.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/servers/{id}/local-users", values: []string{string(serverID)}, want: http.StatusOK, again: always,
	}, &out)
	return out.LocalUsers, err
}
