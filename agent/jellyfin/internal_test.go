package jellyfin

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	if _, err := New(Options{URL: "http://media.example", APIKey: " "}); err == nil {
		t.Error("no error for a blank key, want one")
	}
}

func TestAuthorization(t *testing.T) {
	t.Parallel()
	got := identity(mediaserver.Device{Client: "Jellyfin Android", Name: `Anna's "TV", +1 ü`, ID: "a+b=c/d", Version: "2.6.2"})
	want := `MediaBrowser Client="Jellyfin%20Android", Device="Anna%27s%20%22TV%22%2C%20%2B1%20%C3%BC", DeviceId="a%2Bb%3Dc%2Fd", Version="2.6.2"`
	if got != want {
		t.Errorf("header\n%s\nwant\n%s", got, want)
	}
	if got := authorization(pair{"Token", "a\r\nX: b"}); got != `MediaBrowser Token="a%0D%0AX%3A%20b"` {
		t.Errorf("header %s, want line breaks encoded", got)
	}
}

func TestPolicyKeepsEveryByte(t *testing.T) {
	t.Parallel()
	raw := `{"Z":1.0,"IsHidden":false,"a b":[1e3, "<&>" ,null],"A":"ü\u00fc","EnableAllFolders":true,"":{}}`
	p, err := parsePolicy([]byte(" " + raw + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(p.encode()); got != raw {
		t.Errorf("policy\n%s\nwant\n%s", got, raw)
	}
	if err := p.set("EnableAllFolders", false); err != nil {
		t.Fatal(err)
	}
	if got := string(p.encode()); got != strings.Replace(raw, `"EnableAllFolders":true`, `"EnableAllFolders":false`, 1) {
		t.Errorf("policy %s, want one changed member", got)
	}
	if p.set("enableallfolders", false) == nil || p.set("NotThere", false) == nil {
		t.Error("a missing member was set, want an error")
	}
	for _, bad := range []string{"", "null", "[]", `"x"`, "{", "{}", `{"a":1`, `{"a":1,}`, `{"a":1,"a":2}`, `{"a":}`, `{1:2}`} {
		if _, err := parsePolicy([]byte(bad)); err == nil {
			t.Errorf("%q was read as a policy, want an error", bad)
		}
	}
}

func TestParseVersion(t *testing.T) {
	t.Parallel()
	type version struct {
		Major, Minor int
		OK           bool
	}
	for text, want := range map[string]version{
		"10.11.11": {10, 11, true}, "12.0.0-rc5": {12, 0, true}, "10.9": {10, 9, true}, "12.1-rc1": {12, 1, true},
		"12": {}, "": {}, "x.y": {}, "-1.0": {}, "10.-1": {}, "99999999999999999999.1": {},
	} {
		major, minor, ok := parseVersion(text)
		if diff := cmp.Diff(want, version{major, minor, ok}); diff != "" {
			t.Errorf("version %q (-want +got): %s", text, diff)
		}
	}
}

// Decoding never panics, whatever the server answers, and never gives a local user without an
// id or a name. A policy is written exactly as it was read.
func FuzzUsers(f *testing.F) {
	policy := `{"IsAdministrator":false,"IsDisabled":false,"IsHidden":true,"EnableRemoteAccess":true,"EnableAllFolders":true,"EnabledFolders":[]}`
	f.Add([]byte(`[{"Id":"0123456789abcdef0123456789abcdef","Name":"a","Policy":` + policy + `}]`))
	f.Add([]byte(`[{"Id":"01234567-89ab-cdef-0123-456789ABCDEF","Name":"a","Policy":{"IsHidden":1}}]`))
	f.Add([]byte(`[null,{},[]]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var users []userDto
		if json.Unmarshal(raw, &users) != nil {
			return
		}
		for _, u := range users {
			user, p, err := u.localUser("reading")
			if err != nil {
				continue
			}
			if len(user.ID) != 32 || strings.Trim(user.ID, "0123456789abcdef") != "" || user.Name == "" {
				t.Errorf("local user %+v, want an id and a name", user)
			}
			var before, after any
			if json.Unmarshal(u.Policy, &before) != nil || json.Unmarshal(p.encode(), &after) != nil || !cmp.Equal(before, after) {
				t.Errorf("policy %s was written as %s", u.Policy, p.encode())
			}
			again, err := parsePolicy(p.encode())
			if err != nil || !bytes.Equal(again.encode(), p.encode()) {
				t.Errorf("policy %s cannot be read again: %v", p.encode(), err)
			}
		}
	})
}

// Whatever the names of a device are, they become one header of printable characters.
func FuzzIdentity(f *testing.F) {
	f.Add("Jellyfin", "TV", "id", "1.0")
	f.Add("a\"b", "c,d", "e=f\r\n", "\xff+ ")
	f.Fuzz(func(t *testing.T, client, name, id, version string) {
		header := identity(mediaserver.Device{Client: client, Name: name, ID: id, Version: version})
		if strings.ContainsFunc(header, func(r rune) bool { return r < ' ' || r > '~' }) || strings.Count(header, `"`) != 8 || strings.Count(header, ", ") != 3 {
			t.Errorf("header %q, want four quoted values of printable characters", header)
		}
		if got := []rune(nameFor(name)); len(got) == 0 || len(got) > 64 || strings.TrimSpace(string(got)) != string(got) {
			t.Errorf("name %q, want 1 to 64 characters without blanks at its ends", string(got))
		}
	})
}
