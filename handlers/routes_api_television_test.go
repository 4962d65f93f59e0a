package handlers_test

import (
	"net/http"
	"testing"
)

// television makes ann type the digits of a television for a person of her server.
func (f *apiFixture) television(t *testing.T, ann *program) {
	t.Helper()
	server := f.as(f.first.key)
	server.is(server.api(http.MethodPut, "/api/v1/server/report", map[string]any{
		"name": "first", "system_id": "5ed0b3f6", "quick_connect": true, "televisions": "linked",
	}), http.StatusOK, nil)
	var made struct {
		ID string `json:"id"`
	}
	path := "/api/v1/servers/" + f.first.id + "/people/" + f.accepted + "/television"
	ann.is(ann.api(http.MethodPost, path, map[string]any{"code": "246802"}), http.StatusCreated, &made)
	f.ids["/api/v1/servers/{id}/televisions/{television_id}"] = made.ID
}
