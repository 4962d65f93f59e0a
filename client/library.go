package client

import (
	"context"
	"net/http"
	"time"
)

// Library is a library of a media server.
type Library struct {
	ID     string    `json:"id"`               // its id on the media server
	Name   string    `json:"name"`             // the last name, if the library is gone
	GoneAt time.Time `json:"gone_at,omitzero"` // since when the media server does not have the library; zero while it has it
}

// GoneLibrary is a library that a server no longer has, and that links or open invites name.
type GoneLibrary struct {
	Library
	Likely []Library `json:"likely"` // libraries that may be the same one under a new name, the likeliest first
}

type goneLibraryList struct {
	Libraries []GoneLibrary `json:"libraries"`
}

func (l *goneLibraryList) whole() bool { return l.Libraries != nil }

// GoneLibraries returns the libraries that a server no longer has, and that links or open invites
// name. A media server may give a renamed library a new id. Then the library is gone under its old
// id.
func (s *Servers) GoneLibraries(ctx context.Context, id ID) ([]GoneLibrary, error) {
	var out goneLibraryList
	err := s.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/servers/{id}/libraries/gone", values: []string{string(id)}, want: http.StatusOK, again: always,
	}, &out)
	return out.Libraries, err
}

type replaceLibrary struct {
	Gone string `json:"gone"`
	By   string `json:"by"`
}

// ReplaceLibrary replaces a library that is gone by another library of the server, in all links and
// open invites that name it. The parameter gone is the id of the old library at the media server, and
// the parameter by is the id of the new one. It may return [ErrLibraryBack] if the server has the old
// library again, [ErrLibraryGone] if the server does not have the new library, and
// [ErrLibraryUnnamed] if no link and no open invite names the old library.
func (s *Servers) ReplaceLibrary(ctx context.Context, id ID, gone, by string) error {
	return s.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/servers/{id}/libraries/replace", values: []string{string(id)},
		body: replaceLibrary{gone, by}, want: http.StatusNoContent,
	})
}
