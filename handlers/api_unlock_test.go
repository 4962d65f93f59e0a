package handlers_test

import (
	"net/http"
	"testing"
)

// unlock makes ann put something behind her PIN at a server, and unlock it.
func (f *apiFixture) unlock(t *testing.T, ann *program) {
	t.Helper()
	const pin = "8305"
	var list struct {
		Unlocks []struct {
			ServerID string `json:"server_id"`
			ID       string
		}
	}
	f.read(ann, "/api/v1/unlocks", &list)
	if len(list.Unlocks) == 0 {
		t.Fatal("ann may use no server, want one")
	}
	server := list.Unlocks[0].ServerID
	ann.is(ann.api(http.MethodPut, "/api/v1/account/pin", map[string]any{"pin": pin}), http.StatusNoContent, nil)
	hold := map[string]any{"hold": map[string]any{"may_not": []string{"edit"}}}
	ann.is(ann.api(http.MethodPut, "/api/v1/holds/"+server, hold), http.StatusNoContent, nil)
	ann.is(ann.api(http.MethodPost, "/api/v1/unlocks", map[string]any{"server_ids": []string{server}, "pin": pin, "minutes": 60}), http.StatusCreated, &list)
	f.ids["/api/v1/holds/{id}"], f.ids["/api/v1/unlocks/{id}"] = server, list.Unlocks[0].ID
}
