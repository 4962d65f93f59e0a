package handlers

import (
	"net/http"

	"github.com/latchkey-media/latchkey/models"
)

// unlockPath is the address of the page on which people unlock. Agents name it to devices that they refuse.
const unlockPath = "/unlock"

// The addresses of the page /who.
const (
	householdPath       = "/who"
	householdPersonPath = householdPath + "/:id"
)

// openToSwitched reports whether a switched session, which a PIN alone may have opened, may
// make a request. Everything else is refused where its token is looked up, see
// [models.OpenToSwitched]: it lists servers and comes in there, switches, and signs the device
// out. On the Emby wire, connect marks the same three requests by itself.
func openToSwitched(method, route string) bool {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	const v1 = apiPrefix + "/v1"
	switch method + " " + route {
	case "GET " + v1 + "/servers", "GET " + v1 + "/household",
		"POST " + v1 + "/sessions/current/switch", "DELETE " + v1 + "/sessions/current",
		"GET " + householdPath, "GET " + householdPersonPath, "POST " + householdPersonPath,
		"POST " + householdPath + "/join", // the password is the proof
		"GET /servers", "GET /servers/:id/open", "POST /servers/:id/open", "GET /servers/:id/authorize",
		"POST /signout":
		return true
	default:
		return false
	}
}

// switchedValue answers for the key [models.OpenToSwitched] in the context of a request.
func (v *visit) switchedValue(key any) (value any, known bool) {
	if key == (models.OpenToSwitched{}) {
		return openToSwitched(v.method, v.route), true
	}
	return nil, false
}
