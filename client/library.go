package client

import "time"

// Library is a library of a media server.
type Library struct {
	ID     string    `json:"id"`               // its id on the media server
	Name   string    `json:"name"`             // the last one, if it is gone
	GoneAt time.Time `json:"gone_at,omitzero"` // since when the media server no longer has it; zero while it does
}
