package connect

import (
	"cmp"
	"errors"
	"net/http"
	"strings"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/wire"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/embywire"
)

// linkResult is the answer to an administrator's app about a link or an invite.
type linkResult struct {
	IsPending           bool   `json:"IsPending"`
	IsNewUserInvitation bool   `json:"IsNewUserInvitation"`
	GuestDisplayName    string `json:"GuestDisplayName"`
}

// link asks the account of a username to be linked with a local user.
func (s *server) link(w http.ResponseWriter, r *wire.Request) error {
	id, err := localUserID(r)
	if err != nil {
		return err
	}
	username := strings.TrimSpace(r.Params.Get("connectusername"))
	if username == "" {
		return wire.Refuse(http.StatusBadRequest, "ConnectUsername is missing.")
	}
	answer, err := s.agent.Links.Ask(r.Context(), id, username, "")
	switch {
	case errors.Is(err, agent.ErrLocalUserRefused): // not 401: the app would sign its administrator out
		return wire.Refuse(http.StatusForbidden, "Administrators cannot be linked here: allow-admins is off at this server's agent.")
	case err != nil:
		return refuse(err)
	}
	return wire.AnswerJSON(w, http.StatusOK, linkResult{IsPending: answer.Pending, GuestDisplayName: cmp.Or(answer.Link.Username, username)})
}

// unlink ends the link of a local user. It also succeeds for a local user without
// a link, because an app may ask twice.
func (s *server) unlink(w http.ResponseWriter, r *wire.Request) error {
	id, err := localUserID(r)
	if err != nil {
		return err
	}
	if err := s.agent.Links.EndOf(r.Context(), id); err != nil && !errors.Is(err, agent.ErrNotLinked) {
		return refuse(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// localUserID returns the id of the local user in the path.
func localUserID(r *wire.Request) (string, error) {
	id := embywire.ID(r.PathValue("Id"))
	if id == "" {
		return "", wire.Refuse(http.StatusNotFound, "This server has no such local user.")
	}
	return id, nil
}

// pendingLink is a link that its person has not accepted yet.
type pendingLink struct {
	ConnectUserID    string   `json:"ConnectUserId"`
	UserName         string   `json:"UserName"`
	ImageURL         string   `json:"ImageUrl"`
	ID               string   `json:"Id"`
	EnabledLibraries []string `json:"EnabledLibraries"`
	EnableLiveTv     bool     `json:"EnableLiveTv"`
	EnabledChannels  []string `json:"EnabledChannels"`
}

// pending lists the links of guests that are not accepted yet.
func (s *server) pending(w http.ResponseWriter, r *wire.Request) error {
	links, err := s.agent.Links.Pending(r.Context())
	if err != nil {
		return refuse(err)
	}
	return wire.AnswerJSON(w, http.StatusOK, guestsOf(links))
}

// guestsOf returns the links of type guest. It never returns nil, so that JSON
// shows an empty list.
func guestsOf(links []agent.Link) []pendingLink {
	list := []pendingLink{}
	for _, link := range links {
		if link.Type == client.Guest {
			list = append(list, pendingLink{
				ConnectUserID: link.AccountID, UserName: link.Username, ID: link.ID,
				EnabledLibraries: append([]string{}, link.Libraries...), EnabledChannels: []string{},
			})
		}
	}
	return list
}

// cancel ends a link that [server.pending] lists. An accepted link cannot be
// ended here, only by its local user, so that nobody ends one by accident.
func (s *server) cancel(w http.ResponseWriter, r *wire.Request) error {
	links, err := s.agent.Links.Pending(r.Context())
	if err != nil {
		return refuse(err)
	}
	for _, link := range links {
		if link.ID != r.Params.Get("id") {
			continue
		}
		if err := s.agent.Links.End(r.Context(), link.ID); err != nil && !errors.Is(err, agent.ErrNotLinked) {
			return refuse(err)
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return refuse(agent.ErrNotLinked)
}

// invite invites a guest by username or by email address.
func (s *server) invite(w http.ResponseWriter, r *wire.Request) error {
	to := strings.TrimSpace(r.Params.Get("connectusername"))
	if to == "" {
		return wire.Refuse(http.StatusBadRequest, "ConnectUsername is missing.")
	}
	libraries, err := chosenLibraries(r.Params)
	if err != nil {
		return err
	}
	answer, err := s.agent.Invites.Create(r.Context(), agent.InviteAsk{To: to, Libraries: libraries})
	if err != nil {
		return refuse(err)
	}
	return wire.AnswerJSON(w, http.StatusOK, linkResult{
		IsPending: true, IsNewUserInvitation: strings.Contains(to, "@"), GuestDisplayName: cmp.Or(answer.To, to),
	})
}

// chosenLibraries returns the ids of the list, or nil if the app does not send
// it. An empty list is refused, because it must not come to mean all libraries.
func chosenLibraries(params embywire.Params) ([]string, error) {
	list, sent := params["enabledlibraries"]
	if !sent {
		return nil, nil
	}
	var ids []string
	for id := range strings.SplitSeq(list, ",") {
		if id = strings.TrimSpace(id); id != "" {
			ids = append(ids, cmp.Or(embywire.ID(id), id))
		}
	}
	if len(ids) == 0 {
		return nil, wire.Refuse(http.StatusBadRequest, "Choose at least one library.")
	}
	return ids, nil
}
