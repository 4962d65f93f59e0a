package models

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"gorm.io/gorm"
)

// Library is a part of the media on a server, as its agent reported it.
type Library struct {
	ExternalID string // the server's own id
	Name       string
}

// libraryRow is a row of libraries.
type libraryRow struct {
	ID         int64
	ServerID   int64
	ExternalID string
	Name       string
}

// TableName is libraries.
func (libraryRow) TableName() string { return "libraries" }

// packLibraries returns a choice of libraries as it is stored: a JSON list of their
// ids, or nil to leave the choice to the server.
func packLibraries(libraries []Library) (*string, error) {
	if libraries == nil {
		return nil, nil
	}
	ids := make([]string, len(libraries))
	for i, l := range libraries {
		ids[i] = l.ExternalID
	}
	packed, err := json.Marshal(ids)
	if err != nil {
		return nil, fmt.Errorf("libraries: %w", err)
	}
	text := string(packed)
	return &text, nil
}

// libraryNames holds the names of libraries by server id and by the library's own id.
type libraryNames map[int64]map[string]string

// namesOfLibraries reads the names of all libraries of some servers.
func (c *core) namesOfLibraries(ctx context.Context, db *gorm.DB, serverIDs ...int64) (libraryNames, error) {
	names := libraryNames{}
	if len(serverIDs) == 0 {
		return names, nil
	}
	rows, err := gorm.G[libraryRow](db).Where("server_id IN ?", serverIDs).Find(ctx)
	if err != nil {
		return nil, explained("read the libraries", err)
	}
	for _, r := range rows {
		if names[r.ServerID] == nil {
			names[r.ServerID] = map[string]string{}
		}
		names[r.ServerID][r.ExternalID] = r.Name
	}
	return names, nil
}

// unpack reads a stored choice of libraries. A library that the server no longer has
// gets its id as its name.
func (n libraryNames) unpack(serverID int64, packed *string) ([]Library, error) {
	if packed == nil {
		return nil, nil
	}
	var ids []string
	if err := json.Unmarshal([]byte(*packed), &ids); err != nil {
		return nil, fmt.Errorf("libraries: %w", err)
	}
	libraries := make([]Library, len(ids))
	for i, id := range ids {
		libraries[i] = Library{ExternalID: id, Name: id}
		if name := n[serverID][id]; name != "" {
			libraries[i].Name = name
		}
	}
	return libraries, nil
}

// allOf returns each of libraries once, and reports whether the server has all of
// them.
func (n libraryNames) allOf(serverID int64, libraries []Library) ([]Library, bool) {
	if libraries == nil {
		return nil, true
	}
	chosen := make([]Library, 0, len(libraries))
	for _, l := range libraries {
		name, known := n[serverID][l.ExternalID]
		if !known {
			return nil, false
		}
		if one := (Library{ExternalID: l.ExternalID, Name: name}); !slices.Contains(chosen, one) {
			chosen = append(chosen, one)
		}
	}
	return chosen, true
}

// Libraries lists the libraries of an owner's server by name. It returns
// [ErrNotFound].
func (s *Servers) Libraries(ctx context.Context, ownerID, serverID int64) ([]Library, error) {
	if _, err := s.ownedServer(ctx, s.read(ctx), ownerID, serverID); err != nil {
		return nil, err
	}
	rows, err := gorm.G[libraryRow](s.read(ctx)).Where("server_id = ?", serverID).Order("name, id").Find(ctx)
	if err != nil {
		return nil, explained("list the libraries", err)
	}
	libraries := make([]Library, len(rows))
	for i, r := range rows {
		libraries[i] = Library{ExternalID: r.ExternalID, Name: r.Name}
	}
	return libraries, nil
}
