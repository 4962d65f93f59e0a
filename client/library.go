package client

// Library is a library of a media server.
type Library struct {
	ID   string `json:"id"` // what the media server calls it
	Name string `json:"name"`
}
