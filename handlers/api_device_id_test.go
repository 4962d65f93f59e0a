package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/internal/embywire"
)

// Every way to sign a device in allows the same length for its id, counted in bytes, and
// refuses a longer id. If one of them cut the id and another kept it, the service would
// see two devices, and the local access tokens of the device would not end with its
// session. TestBodies in agent/wire tests the same limit at the agent.
func TestDeviceIDsHaveOneLength(t *testing.T) {
	t.Parallel()
	s := busySite(t)
	s.browser(t).join("ann")
	longest := strings.Repeat("é", embywire.DeviceIDMax/2) + "x"
	for name, door := range map[string]struct {
		path    string
		send    func(p *program, path, id string) answer
		refused int
	}{
		"sign-in": {"/api/v1/sessions", func(p *program, path, id string) answer {
			return p.api(http.MethodPost, path, map[string]string{"name_or_email": "ann", "password": goodPassword, "device_id": id})
		}, http.StatusUnprocessableEntity},
		"device code": {"/api/v1/device-codes", func(p *program, path, id string) answer {
			return p.api(http.MethodPost, path, map[string]string{"device_id": id})
		}, http.StatusUnprocessableEntity},
		"device code by a form": {"/api/v1/device-codes", func(p *program, path, id string) answer {
			return p.form(http.MethodPost, path, url.Values{"client_id": {"TV"}, "device_id": {id}})
		}, http.StatusBadRequest},
		"PIN": {"/service/pin", func(p *program, path, id string) answer {
			return p.form(http.MethodPost, path, url.Values{"deviceId": {id}})
		}, http.StatusBadRequest},
		"Emby sign-in": {"/service/user/authenticate", func(p *program, path, id string) answer {
			return p.with("X-Emby-Device-Id", id).form(http.MethodPost, path, url.Values{"nameOrEmail": {"ann"}, "rawpw": {goodPassword}})
		}, http.StatusBadRequest},
	} {
		if a := door.send(s.program(t), door.path, longest); a.status >= http.StatusMultipleChoices {
			t.Errorf("%s: status %d for %d bytes, want success: %s", name, a.status, len(longest), a.body)
		}
		if a := door.send(s.program(t), door.path, longest+"y"); a.status != door.refused {
			t.Errorf("%s: status %d for %d bytes, want %d: %s", name, a.status, len(longest)+1, door.refused, a.body)
		}
	}
}
