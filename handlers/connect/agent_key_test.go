package connect_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// TestAgentsKeyIsRefused sends requests of the Emby Connect protocol with the server key
// of an agent, as a thief of the key might do. The key is meant for /api/v1, which never
// shows an access key. In this protocol it must neither read nor set an access key,
// whether the path is written in capitals or not.
func TestAgentsKeyIsRefused(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, refuseAgentsKey)
}

func refuseAgentsKey(t *testing.T, database string) {
	const chosen = "92946949b56f4c5e831d072ba4929de0"
	s := newSiteOn(t, database, nil)
	s.person("alice", alicesPassword)
	alice, token := s.signIn("alice", alicesPassword)
	agent, err := s.store.Registrations.Register(t.Context(), models.Registration{Name: "Den", SystemID: "a6e27", Kind: models.ServerAgent}, home)
	s.must(err)
	asked, err := s.store.Agents.AskFor(t.Context(), agent.Server, models.AskLink{Username: "alice"})
	s.must(err)
	s.must(s.store.Links.Accept(t.Context(), models.ParseID(alice), asked.ID, home))
	servers := func() string {
		return s.do("GET /service/servers?userId=" + alice + "\nX-Connect-UserToken: " + token).is(http.StatusOK).body
	}
	before := servers()
	id := models.FormatID(agent.Server.ID)
	header := "\nX-Connect-Token: " + agent.Key
	post := "\nContent-Type: application/x-www-form-urlencoded\n\n"
	for _, request := range []string{
		"GET /service/ServerAuthorizations?serverId=" + id + header + "\n\n",
		"GET /SERVICE/serverAUTHORIZATIONS" + header + "\n\n",
		"POST /service/ServerAuthorizations" + header + post + "serverId=" + id + "&userId=" + alice + "&userType=Linked&accessToken=" + chosen,
		"DELETE /service/ServerAuthorizations?serverId=" + id + "&userId=" + alice + header + "\n\n",
		"POST /service/Servers?id=" + id + header + post + "name=Den&systemId=a6e27",
		"POST /service/Servers?id=1" + header + post + "name=Den&systemId=a6e27",
		"GET /service/user?nameOrEmail=alice" + header + "\n\n",
	} {
		if a := s.do(request); a.status != http.StatusForbidden || a.body != "" {
			t.Errorf("%.60q: status %d with the body %q, want 403 without a body", request, a.status, a.body)
		}
	}
	if after := servers(); after != before || strings.Contains(after, chosen) {
		t.Errorf("alice's servers are %s, want them as before: %s", after, before)
	}
}
