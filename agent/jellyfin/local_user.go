package jellyfin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/latchkey-media/latchkey/agent/mediacall"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// userDto has the members of a local user that the agent reads.
type userDto struct {
	ID               string          `json:"Id"`
	Name             string          `json:"Name"`
	LastLoginDate    json.RawMessage `json:"LastLoginDate"` // 10.11 leaves it out even after a sign-in
	LastActivityDate json.RawMessage `json:"LastActivityDate"`
	Policy           json.RawMessage `json:"Policy"`
}

// used reports whether somebody has signed in as the local user.
func (u userDto) used() bool {
	return mediacall.Present(u.LastLoginDate) || mediacall.Present(u.LastActivityDate)
}

// localUser returns the local user in the agent's form, and the whole policy of the local
// user.
func (u userDto) localUser(doing string) (mediaserver.LocalUser, policy, error) {
	id, ok := mediacall.ID(u.ID)
	if !ok || u.Name == "" {
		return mediaserver.LocalUser{}, policy{}, implausible(doing, "a local user has no id or no name")
	}
	p, err := parsePolicy(u.Policy)
	if err != nil {
		return mediaserver.LocalUser{}, policy{}, implausible(doing, "a local user has no policy that can be read")
	}
	user := mediaserver.LocalUser{ID: id, Name: u.Name}
	for _, flag := range []struct {
		name string
		into *bool
	}{
		{isAdministrator, &user.Administrator},
		{isDisabled, &user.Disabled},
		{isHidden, &user.Hidden},
		{enableRemoteAccess, &user.RemoteAccess},
	} {
		if err := p.read(flag.name, flag.into); err != nil {
			return mediaserver.LocalUser{}, policy{}, implausible(doing, "a local user has a policy without "+flag.name)
		}
	}
	return user, p, nil
}

// LocalUsers returns all local users, or an error if one of them cannot be read.
func (s *Server) LocalUsers(ctx context.Context) ([]mediaserver.LocalUser, error) {
	users, err := s.listUsers(ctx)
	if err != nil {
		return nil, err
	}
	list, most := make([]mediaserver.LocalUser, 0, len(users)), make([]int, 0, len(users))
	for _, u := range users {
		user, p, err := u.localUser(listing)
		if err != nil {
			return nil, err
		}
		user.Sees, user.Door = p.sees(), u.door(&p)
		list = append(list, user)
		most = append(most, p.sessionsMost())
	}
	s.fillFull(ctx, list, most)
	return list, nil
}

const listing = "reading the local users"

func (s *Server) listUsers(ctx context.Context) ([]userDto, error) {
	var users []userDto
	if err := s.admin(ctx, call{Doing: listing, Method: http.MethodGet, Path: "/Users", Into: &users}); err != nil {
		return nil, err
	}
	if len(users) == 0 {
		return nil, implausible(listing, "the list is empty, without even an administrator")
	}
	return users, nil
}

// LocalUser returns one local user. It returns ErrNotFound.
func (s *Server) LocalUser(ctx context.Context, id string) (mediaserver.LocalUser, error) {
	user, _, err := s.readUserPolicy(ctx, id)
	return user, err
}

// readUser reads a local user. It returns ErrNotAllowed if the local user is disabled.
func (s *Server) readUser(ctx context.Context, id string) (mediaserver.LocalUser, error) {
	user, _, err := s.readEnabled(ctx, id)
	return user, err
}

// readEnabled reads a local user and their policy. It returns ErrNotAllowed if the local
// user is disabled.
func (s *Server) readEnabled(ctx context.Context, id string) (mediaserver.LocalUser, policy, error) {
	const doing = "reading a local user"
	user, p, err := s.readUserPolicy(ctx, id)
	if err == nil && user.Disabled {
		err = &failure{Product: product, Doing: doing, Err: mediaserver.ErrNotAllowed, Why: mediaserver.ErrNotAllowed.Error() + ": the local user is disabled"}
	}
	return user, p, err
}

// readUserPolicy reads a local user and its policy.
func (s *Server) readUserPolicy(ctx context.Context, id string) (mediaserver.LocalUser, policy, error) {
	const doing = "reading a local user"
	wanted, ok := mediacall.ID(id)
	if !ok {
		return mediaserver.LocalUser{}, policy{}, notFound(doing)
	}
	var dto userDto
	err := s.admin(ctx, call{Doing: doing, Method: http.MethodGet, Path: "/Users/" + wanted, Into: &dto})
	if mediacall.StatusOf(err) == http.StatusNotFound {
		return mediaserver.LocalUser{}, policy{}, s.confirmGone(ctx, doing, wanted, err)
	}
	if err != nil {
		return mediaserver.LocalUser{}, policy{}, err
	}
	user, p, err := dto.localUser(doing)
	if err == nil && user.ID != wanted {
		err = implausible(doing, "it answers with another local user")
	}
	return user, p, err
}

// confirmGone checks an answer with the status 404, because a misconfigured proxy answers
// 404, too. It returns ErrNotFound if the local user is missing in the list of all local
// users, too. Otherwise it returns the error of the answer.
func (s *Server) confirmGone(ctx context.Context, doing, id string, answer error) error {
	users, err := s.LocalUsers(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(users, func(u mediaserver.LocalUser) bool { return u.ID == id }) {
		return answer
	}
	return notFound(doing)
}

func notFound(doing string) error {
	return &failure{Product: product, Doing: doing, Err: mediaserver.ErrNotFound, Why: mediaserver.ErrNotFound.Error()}
}

// Libraries returns all libraries. It asks only for folders that are not hidden, because
// Jellyfin then leaves out the folder of playlists, which is not a library.
func (s *Server) Libraries(ctx context.Context) ([]mediaserver.Library, error) {
	const doing = "reading the libraries"
	var answer libraries
	if err := s.admin(ctx, call{Doing: doing, Method: http.MethodGet, Path: "/Library/MediaFolders", Query: url.Values{"isHidden": {"false"}}, Into: &answer}); err != nil {
		return nil, err
	}
	if answer.Items == nil {
		return nil, implausible(doing, "the answer has no list")
	}
	list := make([]mediaserver.Library, 0, len(answer.Items))
	for _, item := range answer.Items {
		id, ok := mediacall.ID(item.ID)
		if !ok {
			return nil, implausible(doing, "a library has no id")
		}
		list = append(list, mediaserver.Library{ID: id, Name: item.Name, Kind: item.CollectionType})
	}
	return list, nil
}

type libraries struct {
	Items []struct {
		ID   string `json:"Id"`
		Name string `json:"Name"`

		CollectionType string `json:"CollectionType"` // such as movies; null for a library of mixed films and series
	} `json:"Items"`
}

// GivePassword gives a local user another password, and Jellyfin ends all of their tokens. It
// returns ErrNotFound, or ErrNotAllowed for an administrator. An empty password is an error:
// Jellyfin would let in everybody who knows the name.
func (s *Server) GivePassword(ctx context.Context, id, password string) error {
	const doing = "giving a local user a password"
	if password == "" {
		return &failure{Product: product, Doing: doing, Err: mediaserver.ErrNotAllowed, Why: mediaserver.ErrNotAllowed.Error() + ": the password is empty"}
	}
	user, _, err := s.readUserPolicy(ctx, id)
	if err != nil {
		return err
	}
	if user.Administrator {
		return errAdministrator(doing)
	}
	body, err := json.Marshal(map[string]string{"NewPw": password})
	if err != nil {
		return fmt.Errorf(prefix+"%s: %w", doing, err)
	}
	err = s.admin(ctx, call{Doing: doing, Method: http.MethodPost, Path: "/Users/Password", Query: url.Values{"userId": {user.ID}}, Body: body})
	if mediacall.StatusOf(err) == http.StatusNotFound {
		return s.confirmGone(ctx, doing, user.ID, err)
	}
	return err
}

// SetDisabled disables a local user, which ends all of its tokens, or enables it again. It
// returns ErrNotFound, or ErrNotAllowed for an administrator.
func (s *Server) SetDisabled(ctx context.Context, id string, disabled bool) error {
	doing := "enabling a local user"
	if disabled {
		doing = "disabling a local user"
	}
	return s.changePolicy(ctx, doing, id, func(p *policy) error { return p.set(isDisabled, disabled) })
}

// Restrict changes what a guest may see, and nothing else. It returns ErrNotFound,
// or ErrNotAllowed for an administrator.
func (s *Server) Restrict(ctx context.Context, id string, to mediaserver.Restriction) error {
	folders, err := s.folders(ctx, to)
	if err != nil {
		return err
	}
	return s.changePolicy(ctx, "restricting a local user", id, func(p *policy) error { return p.restrict(to.AllLibraries, folders) })
}

// folders returns those ids of a restriction that belong to a library. The list is never
// nil.
func (s *Server) folders(ctx context.Context, to mediaserver.Restriction) ([]string, error) {
	folders := []string{}
	if to.AllLibraries || len(to.Libraries) == 0 {
		return folders, nil
	}
	known, err := s.Libraries(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range to.Libraries {
		id, ok := mediacall.ID(name)
		if ok && !slices.Contains(folders, id) && slices.ContainsFunc(known, func(l mediaserver.Library) bool { return l.ID == id }) {
			folders = append(folders, id)
		}
	}
	return folders, nil
}

// Delete deletes a local user, with the list of what they have watched. It returns ErrNotFound,
// or ErrNotAllowed for an administrator.
func (s *Server) Delete(ctx context.Context, id string) error {
	const doing = "deleting a local user"
	user, _, err := s.readUserPolicy(ctx, id)
	if err != nil {
		return err
	}
	if user.Administrator {
		return errAdministrator(doing)
	}
	err = s.admin(ctx, call{Doing: doing, Method: http.MethodDelete, Path: "/Users/" + user.ID})
	if mediacall.StatusOf(err) == http.StatusNotFound {
		return s.confirmGone(ctx, doing, user.ID, err)
	}
	return err
}

func errAdministrator(doing string) error {
	return &failure{Product: product, Doing: doing, Err: mediaserver.ErrNotAllowed, Why: fmt.Sprintf("%v: the local user is an administrator", mediaserver.ErrNotAllowed)}
}
