package jellyfin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
)

// Members of a policy.
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

// policy is what a local user may, as it was read: every member in its place, byte
// for byte, also those that no version known here has. Jellyfin takes it as a whole
// only: what is left out goes back to its default.
type policy struct {
	members []member
}

type member struct {
	name string
	raw  json.RawMessage
}

var errPolicy = errors.New("jellyfin: no policy")

// parsePolicy reads an object.
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
		m.name, _ = name.(string) // inside of an object nothing else comes here
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

// encode writes the object again.
func (p *policy) encode() []byte {
	var out bytes.Buffer
	for i, m := range p.members {
		if i == 0 {
			out.WriteByte('{')
		} else {
			out.WriteByte(',')
		}
		name, _ := json.Marshal(m.name) // a string always can
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

// read decodes a member that has to be there.
func (p *policy) read(name string, into any) error {
	m := p.find(name)
	if m == nil || !present(m.raw) || json.Unmarshal(m.raw, into) != nil {
		return errPolicy
	}
	return nil
}

// set changes a member that has to be there: one that is not would be none of that
// version's, and be ignored.
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

// restrict sets what may be seen.
func (p *policy) restrict(all bool, folders []string) error {
	return errors.Join(p.set(enableAllFolders, all), p.set(enabledFolders, folders))
}

// guest makes the policy of somebody who is no administrator that of a guest. The members that only some versions have
// are changed where they are.
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

// isGuest checks that the server keeps what was written.
func (p *policy) isGuest(all bool) bool {
	var administrator, disabled, hidden, everything bool
	err := errors.Join(p.read(isAdministrator, &administrator), p.read(isDisabled, &disabled),
		p.read(isHidden, &hidden), p.read(enableAllFolders, &everything))
	return err == nil && !administrator && !disabled && hidden && everything == all
}

// changePolicy reads the policy of a local user that is no administrator, changes
// it and writes it, when it has changed.
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
		return strange(doing, "its policy lacks what this needs: see whether there is a newer Latchkey")
	}
	after := p.encode()
	if bytes.Equal(before, after) {
		return nil
	}
	err = s.admin(ctx, call{doing: doing, method: http.MethodPost, path: "/Users/" + user.ID + "/Policy", body: after})
	if statusOf(err) == http.StatusNotFound {
		return s.confirmGone(ctx, doing, user.ID, err)
	}
	return err
}
