package handlers_test

import (
	"net/http"
	"strings"
	"testing"
)

// The agent names the device that a code has signed in; the person sees it and signs it out,
// by the API and on the page. Nobody else can.
func TestQuickDevice(t *testing.T) {
	t.Parallel()
	_, ann, bob, den := owners(t)
	den.joins(ann, bob, map[string]any{"local_user_id": ann.localUsers(den.id)["u1"]})
	den.canQuick("den", true)
	var asked struct{ ID string }
	bob.is(bob.put("POST", "/quick-connects", map[string]any{"server_id": den.id, "code": "123456"}), http.StatusCreated, &asked)
	device := map[string]any{"device_id": "tv-1", "device": "Television <3", "client": "Films", "certain": false}
	arrive := "/api/v1/server/quick-connects/" + asked.ID + "/device"
	den.wrong(den.api(http.MethodPut, arrive, map[string]any{"device_id": "", "device": "", "client": "", "certain": true}), 422, "device_id", "device_id_invalid")
	den.done(den.api(http.MethodPut, arrive, device))
	var list struct {
		Devices []struct {
			ID, Server, Device, Client string
			Certain                    bool
		}
	}
	bob.is(bob.get("/quick-connects/devices"), http.StatusOK, &list)
	if len(list.Devices) != 1 || list.Devices[0].Device != "Television <3" || list.Devices[0].Server != "den" || list.Devices[0].Client != "Films" || list.Devices[0].Certain {
		t.Fatalf("got the devices %+v, want the one of the agent", list.Devices)
	}
	one := "/quick-connects/devices/" + list.Devices[0].ID
	ann.refused(ann.put(http.MethodDelete, one, nil), http.StatusNotFound, "not_found")
	last := den.last()
	bob.done(bob.put(http.MethodDelete, one, nil))
	bob.refused(bob.put(http.MethodDelete, one, nil), http.StatusNotFound, "not_found")
	if got := den.last(); got != last+1 {
		t.Errorf("last change %v, want %v", got, last+1)
	}
	if got := bob.get("/quick-connects/devices").body; got != `{"devices":[]}` {
		t.Errorf("devices %s, want none", got)
	}
	if got := bob.get("/quick-connects/devices").body; strings.Contains(got, "Television") {
		t.Errorf("devices %s, want none", got)
	}
}
