package jellyfin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

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

// policy holds the permissions of a local user, as they were read. It keeps every member
// byte for byte and in the same order, also members that the agent does not know, because
// Jellyfin sets missing members to their defaults.
type policy struct {
	members []member
}

type member struct {
	name string
	raw  json.RawMessage
}

var errPolicy = errors.New("jellyfin: the policy cannot be read or changed")

// parsePolicy reads a JSON object. It refuses an empty object, and an object that has a
// member twice.
func parsePolicy(raw []byte) (policy, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return policy{}, errPolicy
	}
	var p policy
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return policy{}, errPolicy
		}
		m := member{}
		m.name, _ = name.(string) // names of members are always strings
		if p.find(m.name) != nil || decoder.Decode(&m.raw) != nil {
			return policy{}, errPolicy
		}
		p.members = append(p.members, m)
	}
	if end, err := decoder.Token(); err != nil || end != json.Delim('}') || len(p.members) == 0 {
		return policy{}, errPolicy
	}
	return p, nil
}

// encode returns the JSON object.
func (p *policy) encode() []byte {
	var out bytes.Buffer
	for i, m := range p.members {
		if i == 0 {
			out.WriteByte('{')
		} else {
			out.WriteByte(',')
		}
		name, _ := json.Marshal(m.name) // never fails for a string
		out.Write(name)
		out.WriteByte(':')
		out.Write(m.raw)
	}
	out.WriteByte('}')
	return out.Bytes()
}

func (p *policy) find(name string) *member {
	for i := range p.members {
		if p.members[i].name == name {
			return &p.members[i]
		}
	}
	return nil
}

// read decodes a member. It returns errPolicy if the member is missing.
func (p *policy) read(name string, into any) error {
	m := p.find(name)
	if m == nil || !mediacall.Present(m.raw) || json.Unmarshal(m.raw, into) != nil {
		return errPolicy
	}
	return nil
}

// hasHours reports whether the local user is let in at some hours only.
func (p *policy) hasHours() bool {
	var hours []json.RawMessage
	return p.read(accessSchedules, &hours) == nil && len(hours) > 0
}

// takesAnyDevice reports whether the local user may use every device.
func (p *policy) takesAnyDevice() bool {
	var all bool
	return p.read("EnableAllDevices", &all) == nil && all
}

// explain returns the error of a device that is not let in, with the reason that the policy
// shows. Jellyfin itself names no reason.
func (p *policy) explain(err error, deviceID string) error {
	var all bool
	var devices []string
	var sessions int
	why := err
	switch {
	case p.read("EnableAllDevices", &all) == nil && !all && p.read("EnabledDevices", &devices) == nil && !slices.Contains(devices, deviceID):
		why = mediaserver.ErrDeviceNotAllowed
	case p.read("MaxActiveSessions", &sessions) == nil && sessions > 0:
		why = mediaserver.ErrTooManySessions
	default:
		return err
	}
	return &failure{Product: product, Doing: "making a token", Status: mediacall.StatusOf(err), Why: why.Error(), Err: why}
}

// set changes a member. It returns errPolicy if the member is missing: then this version of
// Jellyfin does not have that member, and would ignore it.
func (p *policy) set(name string, value any) error {
	m := p.find(name)
	if m == nil {
		return errPolicy
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return errPolicy
	}
	m.raw = raw
	return nil
}

// restrict sets which libraries the local user may see.
func (p *policy) restrict(all bool, folders []string) error {
	return errors.Join(p.set(enableAllFolders, all), p.set(enabledFolders, folders))
}

// sees returns which libraries the local user may see, or nil if the policy does not say
// that.
func (p *policy) sees() *mediaserver.Restriction {
	to := &mediaserver.Restriction{}
	var folders []string
	if p.read(enableAllFolders, &to.AllLibraries) != nil || !to.AllLibraries && p.read(enabledFolders, &folders) != nil {
		return nil
	}
	for _, folder := range folders {
		if id, ok := mediacall.ID(folder); ok {
			to.Libraries = append(to.Libraries, id)
		}
	}
	return to
}

// guest turns the policy of a local user who is not an administrator into the policy of a
// guest. Members that only some versions have are changed if they are present.
func (p *policy) guest(all bool, folders []string) error {
	err := errors.Join(
		p.restrict(all, folders),
		p.set(isDisabled, false), p.set(isHidden, true),
		p.set(enableRemoteAccess, true),
		p.set("EnableContentDeletion", false), p.set("EnableContentDeletionFromFolders", []string{}),
		p.set("EnableRemoteControlOfOtherUsers", false), p.set("EnableSharedDeviceControl", false),
		p.set("EnableLiveTvManagement", false), p.set(enableLiveTVAccess, all),
		p.set(enableAllChannels, all), p.set(enabledChannels, []string{}),
	)
	for _, name := range []string{"EnableCollectionManagement", "EnableSubtitleManagement", "EnableLyricManagement", "EnablePublicSharing"} {
		if p.find(name) != nil {
			err = errors.Join(err, p.set(name, false))
		}
	}
	return err
}

// isGuest reports whether the policy is the policy of a guest.
func (p *policy) isGuest(all bool) bool {
	var administrator, disabled, hidden, everything bool
	err := errors.Join(p.read(isAdministrator, &administrator), p.read(isDisabled, &disabled),
		p.read(isHidden, &hidden), p.read(enableAllFolders, &everything))
	return err == nil && !administrator && !disabled && hidden && everything == all
}

// changePolicy reads the policy of a local user, changes it, and writes the policy if the
// change made a difference. It returns ErrNotFound, or ErrNotAllowed for an administrator.
func (s *Server) changePolicy(ctx context.Context, doing, id string, change func(*policy) error) error {
	s.policies.Lock()
	defer s.policies.Unlock()
	user, p, err := s.readUserPolicy(ctx, id)
	if err != nil {
		return err
	}
	if user.Administrator {
		return errAdministrator(doing)
	}
	before := p.encode()
	if err := change(&p); err != nil {
		return implausible(doing, lacking)
	}
	after := p.encode()
	if bytes.Equal(before, after) {
		return nil
	}
	return s.writePolicy(ctx, doing, user.ID, after)
}

// lacking is the text of the error for a version of Jellyfin whose policies lack a member that has to be changed.
const lacking = "its policy lacks a member that this needs: check whether a newer Latchkey is available"

// writePolicy replaces the policy of a local user. It returns ErrNotFound.
func (s *Server) writePolicy(ctx context.Context, doing, id string, whole []byte) error {
	err := s.admin(ctx, call{Doing: doing, Method: http.MethodPost, Path: "/Users/" + id + "/Policy", Body: whole})
	if mediacall.StatusOf(err) == http.StatusNotFound {
		return s.confirmGone(ctx, doing, id, err)
	}
	return err
}
