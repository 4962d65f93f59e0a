package handlers_test

import (
	"net/http"
	"testing"
)

// A server cannot be opened if the person has no local user there who may use the server. Then
// the row of the server says why, and has no button, which would lead to a refusal.
func TestServersWithoutUsableLocalUserHaveNoOpenButton(t *testing.T) {
	t.Parallel()
	s, ann, bob, den := owners(t)
	den.joins(ann, bob, map[string]any{"local_user_id": ann.localUsers(den.id)["u1"]})
	b := s.browser(t)
	b.signIn(person{"bob", "bob@example.org", goodPassword})
	open := "/servers/" + den.id + "/open"
	for said, users := range map[string][]map[string]any{
		"":                  {{"id": "u1", "name": "mira"}},
		"is disabled there": {{"id": "u1", "name": "mira", "disabled": true}},
		"was deleted there": {{"id": "u2", "name": "boss"}},
	} {
		now := facts("den")
		now["local_users"] = users
		den.is(den.report(now), http.StatusOK, nil)
		if said == "" {
			b.says("/servers", open)
		} else {
			b.says("/servers", said, "but not", open)
		}
	}

	// A guest whom the agent has not created yet.
	ann.signedUp("carla")
	guest := ann.invite(offer("carla", "guest", den.id, nil))
	carla := s.program(t).as(ann.token("carla"))
	carla.done(carla.put(http.MethodPost, "/invites/"+guest+"/accept", nil))
	b = s.browser(t)
	b.signIn(person{"carla", "carla@example.org", goodPassword})
	b.says("/servers", "is being created", "but not", open)
}
