package client

// Library is a library of a media server.
type Library struct {
	ID   string `json:"id"` // its id on the media server
	Name string `json:"name"`
}
