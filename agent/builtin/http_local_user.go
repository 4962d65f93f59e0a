package builtin

import (
	"net/http"
	"strings"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/agent/wire"
	"github.com/latchkey-media/latchkey/internal/embywire"
)

// publicUsers answers with the local users that are neither hidden nor disabled, for a sign-in
// page. The answer does not show who is an administrator, which libraries a local user may
// see, or which account is linked.
func (f *handlers) publicUsers(w http.ResponseWriter, r *wire.Request) error {
	users, err := f.users(r.Context(), "WHERE NOT hidden AND NOT disabled ORDER BY name_key")
	if err != nil {
		return err
	}
	list := make([]userDto, 0, len(users))
	for _, u := range users {
		list = append(list, f.dto(&User{
			LocalUser:   mediaserver.LocalUser{ID: u.ID, Name: u.Name, RemoteAccess: u.RemoteAccess},
			HasPassword: u.HasPassword, PictureTag: u.PictureTag, Policy: newPolicy(&userRow{}, mediaserver.Restriction{AllLibraries: true}),
		}, Connection{}))
	}
	return wire.AnswerJSON(w, http.StatusOK, list)
}

// connected returns the connections by id of local user. While the connections cannot be
// read it returns an empty map, so that people can still sign in.
func (f *handlers) connected(r *wire.Request) map[string]Connection {
	if f.connections == nil {
		return nil
	}
	connections, err := f.connections(r.Context())
	f.linking.note(r.Context(), f.opt.Log, err)
	if err != nil {
		return nil
	}
	return connections
}

// filteredUsers returns all local users that fit the filters of a request.
func (f *handlers) filteredUsers(r *wire.Request) ([]userDto, error) {
	users, err := f.Users(r.Context())
	if err != nil {
		return nil, err
	}
	connections := f.connected(r)
	list := make([]userDto, 0, len(users))
	for i := range users {
		if excludes(r.Params.Get("ishidden"), users[i].Hidden) || excludes(r.Params.Get("isdisabled"), users[i].Disabled) {
			continue
		}
		list = append(list, f.dto(&users[i], connections[users[i].ID]))
	}
	return list, nil
}

// excludes reports whether a filter asks for the opposite of a property of a local user. The
// parameter named is tells whether the local user has the property.
func excludes(filter string, is bool) bool {
	return strings.EqualFold(filter, "true") && !is || strings.EqualFold(filter, "false") && is
}

func (f *handlers) allUsers(w http.ResponseWriter, r *wire.Request, _ *session) error {
	list, err := f.filteredUsers(r)
	if err != nil {
		return err
	}
	return wire.AnswerJSON(w, http.StatusOK, list)
}

func (f *handlers) queryUsers(w http.ResponseWriter, r *wire.Request, _ *session) error {
	list, err := f.filteredUsers(r)
	if err != nil {
		return err
	}
	return wire.AnswerJSON(w, http.StatusOK, usersDto{list, len(list)})
}

func (f *handlers) me(w http.ResponseWriter, r *wire.Request, who *session) error {
	if who.user == "" {
		return errKeyHasNoUser
	}
	return f.answerUser(w, r, who.user)
}

func (f *handlers) user(w http.ResponseWriter, r *wire.Request, _ *session) error {
	return f.answerUser(w, r, embywire.ID(r.PathValue("id")))
}

func (f *handlers) answerUser(w http.ResponseWriter, r *wire.Request, id string) error {
	user, err := f.User(r.Context(), id)
	if err != nil {
		return err
	}
	return wire.AnswerJSON(w, http.StatusOK, f.dto(&user, f.connected(r)[user.ID]))
}
