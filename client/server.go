package client

import (
	"context"
	"net/http"
)

// Servers has the operations for the media servers that a person may use, and for the media
// servers that the person owns.
type Servers struct{ core *core }

// Server is a server that the person may use.
type Server struct {
	ID        ID        `json:"id"`
	LinkID    ID        `json:"link_id"`
	Name      string    `json:"name"`
	SystemID  string    `json:"system_id"` // the id that the media server has for itself
	Kind      string    `json:"kind"`      // emby or agent
	Version   string    `json:"version"`
	Picture   string    `json:"picture"`    // as in [Account]
	Type      string    `json:"type"`       // the type of the link: Linked or Guest
	AccessKey string    `json:"access_key"` // a secret, for this server alone
	Addresses []Address `json:"addresses"`  // try them in this order
}

// ServerList holds the servers that the person may use, and a tag that changes
// whenever they change.
type ServerList struct {
	Servers []Server `json:"servers"`
	Tag     string   `json:"-"` // for ListIfChanged
}

func (l *ServerList) whole() bool { return l.Servers != nil }

// List returns the servers that the person may use. It returns all of them or an error, never a
// part.
func (s *Servers) List(ctx context.Context) (ServerList, error) {
	list, _, err := s.ListIfChanged(ctx, "")
	return list, err
}

// ListIfChanged returns the list if its tag differs from the given one, and reports whether it
// differs. An unchanged list costs almost nothing.
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
