package handlers_test

import (
	"net/http"
	"testing"
)

// circle makes ann put her server into a circle, and ask carol for another one.
func (f *apiFixture) circle(t *testing.T, ann *program) {
	t.Helper()
	var made struct{ ID string }
	ann.is(ann.api(http.MethodPost, "/api/v1/circles", map[string]any{
		"name": "Friends", "server_id": f.first.id, "terms": map[string]any{"people": 20},
	}), http.StatusCreated, &made)
	ann.is(ann.api(http.MethodPost, "/api/v1/circles/"+made.ID+"/owners", map[string]any{"username": "carol"}), http.StatusNoContent, nil)
	const circle = "/api/v1/circles/{id}"
	f.ids[circle] = made.ID
	f.ids[circle+"/servers/{server_id}"] = f.first.id
	f.ids[circle+"/owners/{account_id}"] = f.annID
	f.ids[circle+"/servers/{server_id}/people/{account_id}"] = f.annID
}
