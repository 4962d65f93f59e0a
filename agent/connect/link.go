package connect

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
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

// link asks the account of a username to be linked with a local user. A link of the local
// user to another account is replaced, as the media server of 2017 did
// (docs/emby-connect.md §5).
func (s *server) link(w http.ResponseWriter, r *wire.Request) error {
	id, err := localUserID(r)
	if err != nil {
		return err
	}
	username := strings.TrimSpace(r.Params.Get("connectusername"))
	if username == "" {
		return wire.Refuse(http.StatusBadRequest, "ConnectUsername is missing.")
	}
	answer, err := s.agent.Links.Replace(r.Context(), id, username)
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

// pendingGuest is a guest who has not accepted a link or an invite yet.
type pendingGuest struct {
	ConnectUserID    string   `json:"ConnectUserId"` // "" for an invite: it may be to an address without an account
	UserName         string   `json:"UserName"`      // for an invite what was typed, a username or an email address
	ImageURL         string   `json:"ImageUrl"`
	ID               string   `json:"Id"`
	EnabledLibraries []string `json:"EnabledLibraries"`
	EnableLiveTv     bool     `json:"EnableLiveTv"`
	EnabledChannels  []string `json:"EnabledChannels"`
}

// pending lists the guests who have not accepted yet: their links, and the invites of the
// server's owner. If the service does not return the invites, pending answers with an error
// and not with a shorter list.
func (s *server) pending(w http.ResponseWriter, r *wire.Request) error {
	links, err := s.agent.Links.Pending(r.Context())
	if err != nil {
		return refuse(err)
	}
	invites, err := s.agent.Invites.Pending(r.Context())
	if err != nil {
		return refuse(err)
	}
	return wire.AnswerJSON(w, http.StatusOK, pendingGuests(links, invites))
}

// pendingGuests returns the links and invites of type guest. It never returns nil,
// so that JSON shows an empty list.
func pendingGuests(links []agent.Link, invites []agent.Invite) []pendingGuest {
	list := []pendingGuest{}
	for _, link := range links {
		if link.Type == client.Guest {
			list = append(list, pendingGuest{
				ConnectUserID: link.AccountID, UserName: link.Username, ID: link.ID,
				EnabledLibraries: append([]string{}, link.Libraries...), EnabledChannels: []string{},
			})
		}
	}
	for _, invite := range invites {
		if invite.Type == client.Guest {
			list = append(list, pendingGuest{
				UserName: invite.To, ID: invite.ID, EnabledLibraries: append([]string{}, invite.Libraries...), EnabledChannels: []string{},
			})
		}
	}
	return list
}

// cancel ends a link or an invite that [server.pending] lists. It does not end accepted
// links, so that nobody ends one by accident: the request that ends an accepted link names
// the local user.
func (s *server) cancel(w http.ResponseWriter, r *wire.Request) error {
	id := r.Params.Get("id")
	links, err := s.agent.Links.Pending(r.Context())
	if err != nil {
		return refuse(err)
	}
	if slices.ContainsFunc(links, func(link agent.Link) bool { return link.ID == id }) {
		err = s.agent.Links.End(r.Context(), id)
	} else {
		err = s.agent.Invites.Withdraw(r.Context(), id)
	}
	if err != nil && !errors.Is(err, agent.ErrNotLinked) {
		return refuse(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
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

// chosenLibraries returns the ids of the list, or nil if the app does not send it. An empty
// list is refused, because it must never be mistaken for all libraries.
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
