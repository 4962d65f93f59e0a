package client

import (
	"context"
	"net/http"
)

// InviteProfile is a ready set of choices for the invites to a server, which [NewInvite] and
// [AskInvite] name by its id or its name.
type InviteProfile struct {
	ID         ID        `json:"id"`
	Name       string    `json:"name"`
	Libraries  []Library `json:"libraries"`   // nil if the server decides
	Uses       int       `json:"uses"`        // how many people may accept an invite
	InviteDays int       `json:"invite_days"` // the number of days in which an invite can be accepted
	LinkDays   int       `json:"link_days"`   // after how many days a link ends; 0 for no end
}

func (p *InviteProfile) whole() bool { return p.ID != "" }

type inviteProfileList struct {
	Profiles []InviteProfile `json:"profiles"`
}

func (l *inviteProfileList) whole() bool { return l.Profiles != nil }

// Profiles returns the profiles that the owner has saved for a server, by name.
func (i *Invites) Profiles(ctx context.Context, serverID ID) ([]InviteProfile, error) {
	var out inviteProfileList
	err := i.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/servers/{id}/invite-profiles", values: []string{string(serverID)}, want: http.StatusOK, again: always,
	}, &out)
	return out.Profiles, err
}

// InviteProfileChoices are the choices of a profile to save.
type InviteProfileChoices struct {
	Name       string   `json:"name"`
	Libraries  []string `json:"libraries,omitzero"`    // their ids on the media server; nil if the server decides
	Uses       int      `json:"uses,omitempty"`        // 0 for one
	InviteDays int      `json:"invite_days,omitempty"` // 0 for 14
	LinkDays   int      `json:"link_days,omitempty"`   // 0 for no end
}

// MakeProfile saves a new profile for a server of the owner.
func (i *Invites) MakeProfile(ctx context.Context, serverID ID, in InviteProfileChoices) (InviteProfile, error) {
	var out InviteProfile
	err := i.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/servers/{id}/invite-profiles", values: []string{string(serverID)}, body: in, want: http.StatusCreated,
	}, &out)
	return out, err
}

// ChangeProfile replaces all choices of a profile.
func (i *Invites) ChangeProfile(ctx context.Context, serverID, profileID ID, in InviteProfileChoices) (InviteProfile, error) {
	var out InviteProfile
	err := i.core.fetch(ctx, call{
		method: http.MethodPut, path: "/api/v1/servers/{id}/invite-profiles/{profile_id}", values: []string{string(serverID), string(profileID)}, body: in,
		want: http.StatusOK,
	}, &out)
	return out, err
}

// DeleteProfile deletes a profile. Invites that were made with it stay as they are.
func (i *Invites) DeleteProfile(ctx context.Context, serverID, profileID ID) error {
	return i.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/servers/{id}/invite-profiles/{profile_id}", values: []string{string(serverID), string(profileID)},
		want: http.StatusNoContent, again: untilGone,
	})
}

// InviteProfileCopy is a profile that was copied to another server.
type InviteProfileCopy struct {
	Profile InviteProfile `json:"profile"` // at the other server
	Missing []Library     `json:"missing"` // libraries of the first server, by whose names the other one has none
}

func (p *InviteProfileCopy) whole() bool { return p.Profile.whole() && p.Missing != nil }

// CopyProfile saves a profile of one server for another server of the owner, too. Libraries are found by their
// names.
func (i *Invites) CopyProfile(ctx context.Context, serverID, profileID, toServerID ID) (InviteProfileCopy, error) {
	var out InviteProfileCopy
	err := i.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/servers/{id}/invite-profiles/{profile_id}/copy", values: []string{string(serverID), string(profileID)},
		body: struct {
			ServerID ID `json:"server_id"`
		}{toServerID}, want: http.StatusCreated,
	}, &out)
	return out, err
}
