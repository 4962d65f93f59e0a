package agent

import (
	"context"
	"slices"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// The greatest numbers of libraries that a report names as seen: for one local user, which is what the service takes,
// and for all of them, so that the report does not become too large.
const (
	seenMost    = 200
	seenMostAll = 20_000
)

// sights tell which libraries linked local users see at the media server, before any level takes some away.
type sights struct {
	linked map[string]bool
	bounds map[string]mediaserver.Limits      // of local users with a level: what an administrator has given them
	guests map[string]mediaserver.Restriction // of guests who are let in: what they were given
	limits map[string]mediaserver.Limits      // of all local users, from a media server that does not list them with the local users
	left   int                                // how many libraries may still be named
}

// sights reads what the agent's file knows, after the local users were listed: for a local user who gets a level in
// between, the bound counts. The media server is asked only if a linked local user came without the libraries.
func (r *reports) sights(ctx context.Context, links []linkRow, users []mediaserver.LocalUser) (*sights, error) {
	out := &sights{linked: map[string]bool{}, bounds: map[string]mediaserver.Limits{}, guests: map[string]mediaserver.Restriction{}, left: seenMostAll}
	for i := range links {
		out.linked[links[i].LocalUserID] = links[i].LocalUserID != ""
	}
	rows, err := levelRows(r.store.read(ctx))
	if err != nil {
		return nil, r.explainFile(ctx, err)
	}
	for i := range rows {
		if bound, known := readLimits(rows[i].Bound); known {
			out.bounds[rows[i].LocalUserID] = bound
		}
	}
	guests, err := readGuests(r.store.read(ctx), "left_alone = '' AND unsure = 0")
	if err != nil {
		return nil, r.explainFile(ctx, err)
	}
	for i := range guests {
		if to, letIn := restrictionOf(guests[i].Applied); letIn {
			out.guests[guests[i].LocalUserID] = mediaserver.Restriction{AllLibraries: to.All, Libraries: to.Libraries}
		}
	}
	if !slices.ContainsFunc(users, func(u mediaserver.LocalUser) bool { return out.linked[u.ID] && u.Sees == nil }) {
		return out, nil
	}
	within, cancel := context.WithTimeout(ctx, r.pace.media)
	defer cancel()
	out.limits, _ = r.opt.MediaServer.AllLimits(within) // without them the report tells less, and is sent all the same
	return out, nil
}

// of returns the libraries that a local user sees, or nil for a local user about whom the service need not know: one
// without a link, one as whom nobody is let in, or one whose policy no level changes.
func (s *sights) of(u mediaserver.LocalUser, notAllowed bool) *client.SeenLibraries {
	if !s.linked[u.ID] || u.Administrator || u.Disabled || notAllowed {
		return nil
	}
	to, known := s.restriction(u)
	switch {
	case !known:
		return nil
	case to.AllLibraries:
		return &client.SeenLibraries{All: true}
	}
	ids := sorted(to.Libraries)
	ids = ids[:min(len(ids), seenMost, s.left)]
	s.left -= len(ids)
	return &client.SeenLibraries{Libraries: append([]string{}, ids...)}
}

// restriction returns what a local user sees without a level, and whether that is known.
func (s *sights) restriction(u mediaserver.LocalUser) (to mediaserver.Restriction, known bool) {
	if bound, is := s.bounds[u.ID]; is {
		return bound.Restriction, true
	}
	if u.Sees != nil {
		to, known = *u.Sees, true
	} else if limits, is := s.limits[u.ID]; is {
		to, known = limits.Restriction, true
	}
	given, guest := s.guests[u.ID]
	switch {
	case !guest:
		return to, known
	case !known || to.AllLibraries:
		return given, true
	case given.AllLibraries:
		return to, true
	}
	return mediaserver.Restriction{Libraries: slices.DeleteFunc(slices.Clone(to.Libraries), func(id string) bool { return !slices.Contains(given.Libraries, id) })}, true
}
