package agent

import (
	"context"
	"slices"
	"strings"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// restriction returns what the guest of a link may see: the libraries of the link. If the
// link says nothing about libraries, the agent's settings decide.
func (gs *guests) restriction(ctx context.Context, link *linkRow) (mediaserver.Restriction, error) {
	if ids := link.libraries(); ids != nil {
		slices.Sort(ids)
		return mediaserver.Restriction{Libraries: ids}, nil
	}
	if gs.opt.Policy.GuestLibraries == nil {
		return mediaserver.Restriction{AllLibraries: true}, nil
	}
	libraries, err := gs.media.knownLibraries(ctx)
	if err != nil {
		return mediaserver.Restriction{}, err
	}
	ids, unknown := chooseLibraries(libraries, gs.opt.Policy.GuestLibraries)
	if len(unknown) > 0 {
		gs.trouble.begin(ctx, troubleLibraries, unknownText(unknown, libraries, ids))
	} else {
		gs.trouble.end(ctx, troubleLibraries)
	}
	return mediaserver.Restriction{Libraries: ids}, nil
}

// unknownText returns the text of the trouble about entries of GuestLibraries that name no
// library. The text also lists the libraries that no entry names, because one of these may
// be a renamed library: the media server regards it as a new library, and only the admin
// knows that it is an old one.
func unknownText(unknown []string, libraries []mediaserver.Library, chosen []string) string {
	var others []string
	for _, l := range libraries {
		if !slices.Contains(chosen, l.ID) {
			others = append(others, readable(l.Name))
		}
	}
	text := "guest-libraries names libraries that the media server does not have: " + readable(some(unknown)) + ". "
	if len(others) == 0 {
		return text + "Correct it in the agent's settings"
	}
	return text + "If one was renamed, it may be one of these now: " + some(others) + ". Correct it in the agent's settings"
}

// chooseLibraries returns the ids of the libraries whose id or name is in wanted, and
// the entries of wanted that match no library.
func chooseLibraries(libraries []mediaserver.Library, wanted []string) (ids, unknown []string) {
	ids = []string{}
	for _, want := range wanted {
		found := false
		for _, l := range libraries {
			if l.ID == want || strings.EqualFold(l.Name, want) {
				ids, found = append(ids, l.ID), true
			}
		}
		if !found {
			unknown = append(unknown, want)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), unknown
}

// knownLibraries returns the libraries of the media server, as it last listed
// them. It asks the media server the first time.
func (m *MediaServer) knownLibraries(ctx context.Context) ([]mediaserver.Library, error) {
	m.mu.Lock()
	known := m.libraries
	m.mu.Unlock()
	if known != nil {
		return known, nil
	}
	within, cancel := context.WithTimeout(ctx, m.pace.media)
	defer cancel()
	libraries, err := m.opt.MediaServer.Libraries(within)
	if err != nil {
		return nil, m.explain(ctx, err)
	}
	m.keepLibraries(libraries)
	return libraries, nil
}

// keepLibraries remembers the libraries that the media server has just listed.
func (m *MediaServer) keepLibraries(libraries []mediaserver.Library) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.libraries = slices.Clone(libraries); m.libraries == nil {
		m.libraries = []mediaserver.Library{}
	}
}
