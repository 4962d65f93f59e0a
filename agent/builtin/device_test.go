package builtin_test

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

type devicesAnswer struct {
	Items []struct {
		ID, Name, AppName, AppVersion, LastUserName, IconURL string
	}
	TotalRecordCount int
}

// A device that several people share is in the list once, with the person who used it last.
func TestDevices(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	boss, milo := k.add("boss", "x", true), k.add("milo", "x", false)
	token := k.mint(boss)
	k.pass(time.Minute)
	phone, err := k.Mint(t.Context(), milo.ID, mediaserver.Device{Client: "Player", Name: "Phone", ID: "p1", Version: "2.5"})
	if err != nil {
		t.Fatal(err)
	}
	k.pass(time.Minute)
	k.mint(milo) // on the device of boss
	list := func(path string) string {
		answer := decoded[devicesAnswer](t, k.get(path, token))
		var all []string
		for _, d := range answer.Items {
			all = append(all, strings.Join([]string{d.ID, d.Name, d.AppName, d.AppVersion, d.LastUserName, d.IconURL}, "/"))
		}
		if answer.TotalRecordCount != len(all) {
			t.Errorf("%s: count %d, want %d", path, answer.TotalRecordCount, len(all))
		}
		return strings.Join(all, " ")
	}
	for path, want := range map[string]string{
		"/Devices": "d1/TV/App/1.0/milo/ p1/Phone/Player/2.5/milo/", "/Devices?userId=" + boss.ID: "d1/TV/App/1.0/boss/",
	} {
		if got := list(path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	want(t, k.get("/Devices", phone.Value), 403)
	want(t, k.get("/Devices", ""), 401)
	want(t, k.get("/Devices?userId=xyz", token), 404)
}

// The icon is the icon that the app has named last, if an administrator's browser may load
// it.
func TestIconOfADevice(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	token := k.mint(k.add("boss", "x", true))
	for _, c := range []struct{ says, want string }{
		{`{"PlayableMediaTypes":["Audio"]}`, ""},
		{`{"IconUrl":"https://app.test/one.png"}`, "https://app.test/one.png"},
		{`{"PlayableMediaTypes":["Audio"]}`, "https://app.test/one.png"},
		{`{"IconUrl":"javascript:alert(1)"}`, "https://app.test/one.png"},
		{`{"IconUrl":"http://app.test/one.png"}`, "https://app.test/one.png"},
		{`{"IconUrl":"https://user:pw@app.test/one.png"}`, "https://app.test/one.png"},
		{`{"IconUrl":"https:///one.png"}`, "https://app.test/one.png"},
		{`{"IconUrl":"https://app.test/` + strings.Repeat("a", 500) + `"}`, "https://app.test/one.png"},
		{`{"IconUrl":"https://app.test/two.png"}`, "https://app.test/two.png"},
	} {
		want(t, k.post("/Sessions/Capabilities/Full", token, c.says), 204)
		if got := decoded[devicesAnswer](t, k.get("/Devices", token)).Items[0].IconURL; got != c.want {
			t.Errorf("after %.60s: icon %q, want %q", c.says, got, c.want)
		}
	}
	if w := k.get("/Sessions", token); !strings.Contains(w.Body.String(), `"AppIconUrl":"https://app.test/two.png"`) {
		t.Errorf("sessions without the icon: %s", w.Body)
	}
	user, err := k.Users(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	token = k.mint(user[0].LocalUser) // perhaps another app
	if got := decoded[devicesAnswer](t, k.get("/Devices", token)).Items[0].IconURL; got != "" {
		t.Errorf("after a new sign-in: icon %q, want none", got)
	}
}

func TestGoldenDevices(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	boss := k.add("boss", "x", true)
	token := k.mint(boss)
	want(t, k.post("/Sessions/Capabilities/Full", token, `{"IconUrl":"https://app.test/one.png"}`), 204)
	k.golden("devices", "QueryResult_Devices.DeviceInfo", k.get("/Devices", token), map[string]string{boss.ID: "BOSS"})
}
