package builtin

import (
	"net/http"
	"strings"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/agent/wire"
	"github.com/latchkey-media/latchkey/internal/embywire"
)

// publicUsers are those that a sign-in page shows, and of them what it needs: not
// who looks after the server, what they may see, or whose accounts they are.
func (f *face) publicUsers(w http.ResponseWriter, r *wire.Request) error {
	users, err := f.users(r.Context(), "WHERE NOT hidden AND NOT disabled ORDER BY name_key")
	if err != nil {
		return err
	}
	list := make([]userDto, 0, len(users))
	for _, u := range users {
		list = append(list, f.dto(&User{
			LocalUser:   mediaserver.LocalUser{ID: u.ID, Name: u.Name, RemoteAccess: u.RemoteAccess},
			HasPassword: u.HasPassword, PictureTag: u.PictureTag, Restriction: mediaserver.Restriction{AllLibraries: true},
		}, Connection{}))
	}
	return wire.AnswerJSON(w, http.StatusOK, list)
}

// connected are the connections, none while they cannot be read: nobody is kept
// out for that.
func (f *face) connected(r *wire.Request) map[string]Connection {
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

// listed are all local users that fit the filters of a request.
func (f *face) listed(r *wire.Request) ([]userDto, error) {
	users, err := f.Users(r.Context())
	if err != nil {
		return nil, err
	}
	connections := f.connected(r)
	list := make([]userDto, 0, len(users))
	for i := range users {
		if unlike(r.Params.Get("ishidden"), users[i].Hidden) || unlike(r.Params.Get("isdisabled"), users[i].Disabled) {
			continue
		}
		list = append(list, f.dto(&users[i], connections[users[i].ID]))
	}
	return list, nil
}

// unlike reports whether a filter is set and wants the other.
func unlike(filter string, is bool) bool {
	return strings.EqualFold(filter, "true") && !is || strings.EqualFold(filter, "false") && is
}

func (f *face) allUsers(w http.ResponseWriter, r *wire.Request, _ *session) error {
	list, err := f.listed(r)
	if err != nil {
		return err
	}
	return wire.AnswerJSON(w, http.StatusOK, list)
}

func (f *face) queryUsers(w http.ResponseWriter, r *wire.Request, _ *session) error {
	list, err := f.listed(r)
	if err != nil {
		return err
	}
	return wire.AnswerJSON(w, http.StatusOK, usersDto{list, len(list)})
}

func (f *face) me(w http.ResponseWriter, r *wire.Request, who *session) error {
	return f.answerUser(w, r, who.user)
}

func (f *face) user(w http.ResponseWriter, r *wire.Request, _ *session) error {
	return f.answerUser(w, r, embywire.ID(r.PathValue("id")))
}

func (f *face) answerUser(w http.ResponseWriter, r *wire.Request, id string) error {
	user, err := f.User(r.Context(), id)
	if err != nil {
		return err
	}
	return wire.AnswerJSON(w, http.StatusOK, f.dto(&user, f.connected(r)[user.ID]))
}
