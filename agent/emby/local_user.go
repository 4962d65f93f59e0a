package emby

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/latchkey-media/latchkey/agent/mediacall"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// userDto has the members of a local user that the agent reads.
type userDto struct {
	ID     string          `json:"Id"`
	Name   string          `json:"Name"`
	Policy json.RawMessage `json:"Policy"`
}

// localUser returns the local user in the agent's form, and the whole policy of the local user.
func (u userDto) localUser(doing string) (mediaserver.LocalUser, policy, error) {
	id, ok := mediacall.ID(u.ID)
	if !ok || u.Name == "" {
		return mediaserver.LocalUser{}, nil, implausible(doing, "a local user has no id or no name")
	}
	p, err := parsePolicy(u.Policy)
	if err != nil {
		return mediaserver.LocalUser{}, nil, implausible(doing, "a local user has no policy that can be read")
	}
	user := mediaserver.LocalUser{ID: id, Name: u.Name}
	for name, into := range map[string]*bool{
		isAdministrator: &user.Administrator, isDisabled: &user.Disabled, isHidden: &user.Hidden, enableRemoteAccess: &user.RemoteAccess,
	} {
		if p.read(name, into) != nil {
			return mediaserver.LocalUser{}, nil, implausible(doing, "a local user has a policy without "+name)
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
	list := make([]mediaserver.LocalUser, 0, len(users))
	for _, u := range users {
		user, p, err := u.localUser(listing)
		if err != nil {
			return nil, err
		}
		user.Sees = p.sees()
		list = append(list, user)
	}
	return list, nil
}

const listing = "reading the local users"

func (s *Server) listUsers(ctx context.Context) ([]userDto, error) {
	var answer struct {
		Items []userDto `json:"Items"`
		Total int       `json:"TotalRecordCount"`
	}
	if err := s.admin(ctx, call{Doing: listing, Method: http.MethodGet, Path: "/Users/Query", Into: &answer}); err != nil {
		return nil, err
	}
	if len(answer.Items) == 0 {
		return nil, implausible(listing, "the list is empty, without even an administrator")
	}
	if answer.Total > len(answer.Items) {
		return nil, implausible(listing, "the list is not complete")
	}
	return answer.Items, nil
}

const readingOne = "reading a local user"

// LocalUser returns one local user. It returns ErrNotFound.
func (s *Server) LocalUser(ctx context.Context, id string) (mediaserver.LocalUser, error) {
	user, _, err := s.readUser(ctx, id)
	return user, err
}

// readUser reads a local user and their policy.
func (s *Server) readUser(ctx context.Context, id string) (mediaserver.LocalUser, policy, error) {
	wanted, ok := mediacall.ID(id)
	if !ok {
		return mediaserver.LocalUser{}, nil, refused(readingOne, mediaserver.ErrNotFound, "")
	}
	var dto userDto
	err := s.admin(ctx, call{Doing: readingOne, Method: http.MethodGet, Path: "/Users/" + wanted, Into: &dto})
	if mediacall.StatusOf(err) == http.StatusNotFound {
		return mediaserver.LocalUser{}, nil, s.confirmGone(ctx, readingOne, wanted, err)
	}
	if err != nil {
		return mediaserver.LocalUser{}, nil, err
	}
	user, p, err := dto.localUser(readingOne)
	if err == nil && user.ID != wanted {
		err = implausible(readingOne, "it answers with another local user")
	}
	return user, p, err
}

// readChangeable reads a local user whom the agent may change. It returns ErrNotFound, or ErrNotAllowed
// for an administrator.
func (s *Server) readChangeable(ctx context.Context, doing, id string) (mediaserver.LocalUser, policy, error) {
	user, p, err := s.readUser(ctx, id)
	if err == nil && user.Administrator {
		err = refused(doing, mediaserver.ErrNotAllowed, "the local user is an administrator")
	}
	return user, p, err
}

// confirmGone checks an answer with the status 404, because a misconfigured proxy answers 404, too. It
// returns ErrNotFound if the local user is missing in the list of all local users, too. Otherwise it
// returns the error of the answer.
func (s *Server) confirmGone(ctx context.Context, doing, id string, answer error) error {
	users, err := s.LocalUsers(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(users, func(u mediaserver.LocalUser) bool { return u.ID == id }) {
		return answer
	}
	return refused(doing, mediaserver.ErrNotFound, "")
}

// Libraries returns all libraries. Their ids are those by which policies name them.
func (s *Server) Libraries(ctx context.Context) ([]mediaserver.Library, error) {
	const doing = "reading the libraries"
	var answer struct {
		Items []struct {
			GUID string `json:"Guid"`
			Name string `json:"Name"`
			Kind string `json:"CollectionType"` // such as movies; left out for a library of mixed films and series
		} `json:"Items"`
	}
	if err := s.admin(ctx, call{Doing: doing, Method: http.MethodGet, Path: "/Library/MediaFolders", Into: &answer}); err != nil {
		return nil, err
	}
	if answer.Items == nil {
		return nil, implausible(doing, "the answer has no list")
	}
	list := make([]mediaserver.Library, 0, len(answer.Items))
	for _, item := range answer.Items {
		id, ok := mediacall.ID(item.GUID)
		if !ok {
			return nil, implausible(doing, "a library has no id")
		}
		list = append(list, mediaserver.Library{ID: id, Name: item.Name, Kind: item.Kind})
	}
	return list, nil
}

// GivePassword gives a local user another password, and signs them out everywhere. It returns
// ErrNotFound, or ErrNotAllowed for an administrator. An empty password is an error: Emby would let in
// everybody who knows the name.
func (s *Server) GivePassword(ctx context.Context, id, password string) error {
	const doing = "giving a local user a password"
	if password == "" {
		return refused(doing, mediaserver.ErrNotAllowed, "the password is empty")
	}
	user, _, err := s.readChangeable(ctx, doing, id)
	if err != nil {
		return err
	}
	if err := s.setPassword(ctx, doing, user.ID, password); err != nil {
		return err
	}
	return s.signOut(ctx, user.ID)
}

func (s *Server) setPassword(ctx context.Context, doing, id, password string) error {
	body, err := json.Marshal(map[string]any{"Id": id, "NewPw": password, "ResetPassword": false})
	if err != nil {
		return fmt.Errorf(prefix+"%s: %w", doing, err)
	}
	err = s.admin(ctx, call{Doing: doing, Method: http.MethodPost, Path: "/Users/" + id + "/Password", Body: body})
	if mediacall.StatusOf(err) == http.StatusNotFound {
		return s.confirmGone(ctx, doing, id, err)
	}
	return err
}

// SetDisabled shuts out a local user and signs them out everywhere, or lets them in again. It returns
// ErrNotFound, or ErrNotAllowed for an administrator.
func (s *Server) SetDisabled(ctx context.Context, id string, disabled bool) error {
	doing := "enabling a local user"
	if disabled {
		doing = "disabling a local user"
	}
	err := s.changePolicy(ctx, doing, id, func(p policy) error { return p.set(isDisabled, disabled) })
	if err != nil || !disabled {
		return err
	}
	return s.signOut(ctx, id)
}

// Restrict changes what a guest may see, and nothing else. It returns ErrNotFound, or ErrNotAllowed for
// an administrator.
func (s *Server) Restrict(ctx context.Context, id string, to mediaserver.Restriction) error {
	folders, err := s.folders(ctx, to)
	if err != nil {
		return err
	}
	return s.changePolicy(ctx, "restricting a local user", id, func(p policy) error { return p.restrict(to.AllLibraries, folders) })
}

// folders returns those ids of a restriction that belong to a library. The list is never nil.
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

// Delete deletes a local user, with the list of what they have watched. It returns ErrNotFound, or
// ErrNotAllowed for an administrator.
func (s *Server) Delete(ctx context.Context, id string) error {
	const doing = "deleting a local user"
	user, _, err := s.readChangeable(ctx, doing, id)
	if err != nil {
		return err
	}
	if err := s.signOut(ctx, user.ID); err != nil && !errors.Is(err, mediaserver.ErrNotFound) {
		return err
	}
	err = s.admin(ctx, call{Doing: doing, Method: http.MethodDelete, Path: "/Users/" + user.ID})
	if mediacall.StatusOf(err) == http.StatusNotFound {
		return s.confirmGone(ctx, doing, user.ID, err)
	}
	return err
}
