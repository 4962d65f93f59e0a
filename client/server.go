package client

import (
	"context"
	"net/http"
)

// Servers is about media servers: those that somebody may use, and those that
// they run.
type Servers struct{ core *core }

// Server is a server that somebody may use.
type Server struct {
	ID        ID        `json:"id"`
	LinkID    ID        `json:"link_id"`
	Name      string    `json:"name"`
	SystemID  string    `json:"system_id"` // what the media server calls its id
	Kind      string    `json:"kind"`      // emby or agent
	Version   string    `json:"version"`
	Type      string    `json:"type"`       // of the link: Linked or Guest
	AccessKey string    `json:"access_key"` // for this server alone: show it to nobody else
	Addresses []Address `json:"addresses"`  // in the order in which to try them
}

// ServerList is what somebody may use, and a tag that changes with it.
type ServerList struct {
	Servers []Server `json:"servers"`
	Tag     string   `json:"-"` // for ListIfChanged
}

func (l *ServerList) whole() bool { return l.Servers != nil }

// List returns the servers that who asks may use. An error is never a short
// list.
func (s *Servers) List(ctx context.Context) (ServerList, error) {
	list, _, err := s.ListIfChanged(ctx, "")
	return list, err
}

// ListIfChanged returns the list unless it is still the one with that tag, which
// costs next to nothing. It reports whether it returns one.
func (s *Servers) ListIfChanged(ctx context.Context, tag string) (list ServerList, changed bool, err error) {
	k := call{method: http.MethodGet, path: "/api/v1/servers", want: http.StatusOK, again: always}
	if tag != "" {
		k.header = http.Header{"If-None-Match": {tag}}
	}
	a, err := s.core.do(ctx, k)
	if err != nil {
		return ServerList{}, false, err
	}
	if a.status == http.StatusNotModified {
		return ServerList{}, false, nil
	}
	if err := decode(k, a, &list); err != nil {
		return ServerList{}, false, err
	}
	list.Tag = a.header.Get("ETag")
	return list, true, nil
}
