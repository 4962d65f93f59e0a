package emby

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/latchkey-media/latchkey/agent/mediacall"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// Names of members of a policy.
const (
	isAdministrator    = "IsAdministrator"
	isDisabled         = "IsDisabled"
	isHidden           = "IsHidden"
	enableRemoteAccess = "EnableRemoteAccess"
	enableAllFolders   = "EnableAllFolders"
	enabledFolders     = "EnabledFolders"
	enableAllChannels  = "EnableAllChannels"
	enabledChannels    = "EnabledChannels"
	enableLiveTVAccess = "EnableLiveTvAccess"
)

// policy holds the permissions of a local user, as they were read. It keeps every member as it was, also
// members that the agent does not know, because Emby sets missing members to their defaults.
type policy map[string]json.RawMessage

var errPolicy = errors.New("emby: the policy cannot be read or changed")

// parsePolicy reads a JSON object. It refuses an empty one.
func parsePolicy(raw []byte) (policy, error) {
	var p policy
	if json.Unmarshal(raw, &p) != nil || len(p) == 0 {
		return nil, errPolicy
	}
	return p, nil
}

func (p policy) encode() []byte {
	raw, err := json.Marshal(p)
	if err != nil {
		return nil // never: each member was read from JSON or written by set
	}
	return raw
}

// read decodes a member. It returns errPolicy if the member is missing.
func (p policy) read(name string, into any) error {
	if raw, ok := p[name]; !ok || !mediacall.Present(raw) || json.Unmarshal(raw, into) != nil {
		return errPolicy
	}
	return nil
}

// optional decodes a member, and leaves into as it is if the member is missing or null.
func (p policy) optional(name string, into any) error {
	if raw, ok := p[name]; !ok || !mediacall.Present(raw) {
		return nil
	}
	return p.read(name, into)
}

// set changes a member. It returns errPolicy if the member is missing: then this version of Emby does
// not have that member, and would ignore it.
func (p policy) set(name string, value any) error {
	if _, ok := p[name]; !ok {
		return errPolicy
	}
	return p.put(name, value)
}

// put changes a member, and adds it if it is missing.
func (p policy) put(name string, value any) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return errPolicy
	}
	p[name] = raw
	return nil
}

// hasHours reports whether the local user is let in at some hours only.
func (p policy) hasHours() bool {
	var hours []json.RawMessage
	return p.read(accessSchedules, &hours) == nil && len(hours) > 0
}

// restrict sets which libraries the local user may see.
func (p policy) restrict(all bool, folders []string) error {
	return errors.Join(p.set(enableAllFolders, all), p.set(enabledFolders, folders))
}

// sees returns which libraries the local user may see, or nil if the policy does not say that.
func (p policy) sees() *mediaserver.Restriction {
	to := &mediaserver.Restriction{}
	var folders []string
	if p.read(enableAllFolders, &to.AllLibraries) != nil || !to.AllLibraries && p.read(enabledFolders, &folders) != nil {
		return nil
	}
	to.Libraries = normalIDs(folders)
	return to
}

// guest turns the policy of a local user who is not an administrator into the policy of a guest. The
// members of the last list are changed if this version has them.
func (p policy) guest(all bool, folders []string) error {
	err := errors.Join(
		p.restrict(all, folders),
		p.set(isDisabled, false), p.set(isHidden, true),
		p.set(enableRemoteAccess, true),
		p.set(enableContentDeletion, false), p.set(deletionFolders, []string{}),
		p.set(remoteControl, false), p.set(sharedControl, false),
		p.set("EnableLiveTvManagement", false), p.set(enableLiveTVAccess, all),
		p.set(enableAllChannels, all), p.set(enabledChannels, []string{}),
	)
	for name, value := range map[string]bool{
		"IsHiddenRemotely": true, "EnablePublicSharing": false, subtitleManagement: false, "AllowCameraUpload": false, "AllowTagOrRating": false,
		"AllowSharingPersonalItems": false,
	} {
		if _, ok := p[name]; ok {
			err = errors.Join(err, p.set(name, value))
		}
	}
	return err
}

// isGuest reports whether the policy is the policy of a guest.
func (p policy) isGuest(all bool) bool {
	var administrator, disabled, hidden, everything bool
	err := errors.Join(p.read(isAdministrator, &administrator), p.read(isDisabled, &disabled),
		p.read(isHidden, &hidden), p.read(enableAllFolders, &everything))
	return err == nil && !administrator && !disabled && hidden && everything == all
}

// changePolicy reads the policy of a local user, changes it, and writes the policy if the change made a
// difference. It returns ErrNotFound, or ErrNotAllowed for an administrator.
func (s *Server) changePolicy(ctx context.Context, doing, id string, change func(policy) error) error {
	s.policies.Lock()
	defer s.policies.Unlock()
	user, p, err := s.readChangeable(ctx, doing, id)
	if err != nil {
		return err
	}
	before := p.encode()
	if err := change(p); err != nil {
		return implausible(doing, lacking)
	}
	after := p.encode()
	if bytes.Equal(before, after) {
		return nil
	}
	return s.writePolicy(ctx, doing, user.ID, after)
}

// lacking is the text of the error for a version of Emby whose policies lack a member that has to be changed.
const lacking = "the policy of the local user lacks something that the agent has to change: check whether a newer Latchkey is available"

func (s *Server) writePolicy(ctx context.Context, doing, id string, body []byte) error {
	err := s.admin(ctx, call{Doing: doing, Method: http.MethodPost, Path: "/Users/" + id + "/Policy", Body: body})
	if mediacall.StatusOf(err) == http.StatusNotFound {
		return s.confirmGone(ctx, doing, id, err)
	}
	return err
}

// normalIDs returns the valid ids of a list in the form of normalID.
func normalIDs(ids []string) []string {
	var list []string
	for _, given := range ids {
		if id, ok := mediacall.ID(given); ok {
			list = append(list, id)
		}
	}
	return list
}
