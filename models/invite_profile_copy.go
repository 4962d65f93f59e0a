package models

import (
	"context"
	"slices"
	"strings"
)

// InviteProfileCopy is a profile that was copied to another server.
type InviteProfileCopy struct {
	Profile InviteProfile // at the other server
	Missing []Library     // of the first server; the other one has no library with such a name
}

// Copy saves a profile of one server for another server of the same owner, under the same name and with the
// same choices. Each server has libraries of its own, so the libraries are found by their names, in any
// letter case; what the other server does not have is left out and returned. It returns [ErrNotFound] if one
// of the two servers belongs to another owner or the profile does not exist, and errors about the fields
// server_id, if nothing of what the profile shows is there or if both servers are the same, and name.
func (p *InviteProfiles) Copy(ctx context.Context, ownerID, serverID, profileID, toServerID int64) (InviteProfileCopy, error) {
	list, err := p.List(ctx, ownerID, serverID)
	if err != nil {
		return InviteProfileCopy{}, err
	}
	at := slices.IndexFunc(list, func(one InviteProfile) bool { return one.ID == profileID })
	if at < 0 {
		return InviteProfileCopy{}, ErrNotFound
	}
	if serverID == toServerID {
		return InviteProfileCopy{}, fieldError(KindInvalid, "server_id", "profile_same_server")
	}
	if _, err := p.ownedServer(ctx, p.read(ctx), ownerID, toServerID); err != nil {
		return InviteProfileCopy{}, err
	}
	names, err := p.namesOfLibraries(ctx, p.read(ctx), toServerID)
	if err != nil {
		return InviteProfileCopy{}, err
	}
	copied := list[at]
	copied.ID, copied.ServerID = 0, toServerID
	found, missing := names.sameNames(toServerID, copied.Libraries)
	if copied.Libraries != nil && len(found) == 0 {
		// Without libraries the server would decide, and show perhaps everything.
		return InviteProfileCopy{}, fieldError(KindInvalid, "server_id", "profile_nothing_there")
	}
	copied.Libraries = found
	made, err := p.Make(ctx, ownerID, copied)
	return InviteProfileCopy{Profile: made, Missing: missing}, err
}

// sameNames returns the libraries of a server that have the names of other libraries, and those other
// libraries whose names the server does not have. It returns nil for nil. Of several libraries with the same
// name it returns the one with the smallest id, so that the answer is always the same.
func (n libraryNames) sameNames(serverID int64, libraries []Library) (found, missing []Library) {
	if libraries == nil {
		return nil, nil
	}
	found = []Library{}
	for _, wanted := range libraries {
		var same []Library
		for _, one := range n[serverID] {
			if one.GoneAt.IsZero() && strings.EqualFold(strings.TrimSpace(one.Name), strings.TrimSpace(wanted.Name)) {
				same = append(same, one)
			}
		}
		if len(same) == 0 {
			missing = append(missing, wanted)
			continue
		}
		found = append(found, slices.MinFunc(same, func(a, b Library) int { return strings.Compare(a.ExternalID, b.ExternalID) }))
	}
	return found, missing
}
