package connect_test

import (
	"net/http"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// An agent's server key opens /api/v1, which never shows access keys. Here it reads
// no access key and sets none.
func TestAgentsKeyIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.site
	agent, err := s.store.Registrations.Register(t.Context(), models.Registration{Name: "Den", SystemID: "a6e27", Kind: models.ServerAgent}, home)
	s.must(err)
	id := models.FormatID(agent.Server.ID)
	header := "\nX-Connect-Token: " + agent.Key
	for _, request := range []string{
		"GET /service/ServerAuthorizations?serverId=" + id + header + "\n\n",
		"POST /service/ServerAuthorizations" + header + post + "serverId=" + id + "&userId=1&userType=Linked&accessToken=92946949b56f4c5e831d072ba4929de0",
		"DELETE /service/ServerAuthorizations?serverId=" + id + "&userId=1" + header + "\n\n",
		"POST /service/Servers?id=" + id + header + post + "name=Den&systemId=a6e27",
		"GET /service/user?nameOrEmail=alice" + header + "\n\n",
	} {
		if a := s.do(request); a.status != http.StatusForbidden || a.body != "" {
			t.Errorf("%.60q: status %d with the body %q, want 403 without a body", request, a.status, a.body)
		}
	}
}
