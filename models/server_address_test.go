package models_test

import (
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

const longPart = "0123456789abcdefghijklmnopqrstuvwxyz0123456789-" // 47 bytes

func TestParseAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"http://203.0.113.9:8096", "http://203.0.113.9:8096"},
		{"HTTP://Media.Example.TEST:8096/", "http://media.example.test:8096"},
		{"https://media.example.test", "https://media.example.test:443"},
		{"http://media", "http://media:80"},
		{"http://[::1]:8096", "http://[::1]:8096"},
		{"http://[2001:DB8::0001]:8096", "http://[2001:db8::1]:8096"},
		{"http://[::ffff:192.0.2.1]:8096", "http://192.0.2.1:8096"},
		{" http://nas_1.local:8096 ", "http://nas_1.local:8096"},
		{"https://media.example.test.", "https://media.example.test:443"},
		{"https://media.example.test.:8920//", "https://media.example.test:8920"},
		{"http://[fe80::1%eth0]:8096", "http://[fe80::1]:8096"},
		{"http://[fe80::1%25eth0]:8096/", "http://[fe80::1]:8096"},
		{"https://media.example.test..", ""},
		{"http://.", ""},
		{"", ""},
		{"media.example.test:8096", ""},
		{"ftp://media.example.test", ""},
		{"javascript:alert(1)", ""},
		{"http://user:secret@media.example.test", ""},
		{"http://@media.example.test/emby", ""},
		{"http://media.example.test:0", ""},
		{"http://media.example.test:65536", ""},
		{"http://media.example.test:-1", ""},
		{"http://", ""},
		{"http:///jellyfin", ""},
		{"http://:8096", ""},
		{"http://a b", ""},
		{"http://a\nb", ""},
		{`http://a"b`, ""},
		{"http://<script>", ""},
		{"http://münchen.test", ""},
		{"http://" + strings.Repeat("a", 64) + ".test", ""},
		{"http://" + strings.Repeat("a.", 200), ""},
		{"http://192.168.1.2:8096:9", ""},
		{"http://media.example.test/%zz", ""},
		{"http://media.example.test/\x00", ""},
	} {
		mistake := "address_invalid"
		if c.want != "" {
			mistake = ""
		}
		if got, code := models.ParseAddress(c.text); got != c.want || code != mistake {
			t.Errorf("%q became %q with the mistake %q, want %q and %q", c.text, got, code, c.want, mistake)
		}
	}
}

// A media server may be below a path. Two texts for the same place become one address,
// and a path that cannot be kept is a mistake of its own.
func TestPathOfAnAddress(t *testing.T) {
	t.Parallel()
	const host = "https://media.example.test"
	for _, c := range []struct{ path, want string }{
		{"/jellyfin", "/jellyfin"},
		{"/jellyfin/", "/jellyfin"},
		{"//jellyfin//", "/jellyfin"},
		{"/media//emby/", "/media/emby"},
		{"/Emby", "/Emby"},
		{"/%6aelly%2dfin~", "/jelly-fin~"},
		{"/a%2b+b", "/a++b"},
		{"/my media", "/my%20media"},
		{"/my%20media", "/my%20media"},
		{"/média", "/m%C3%A9dia"},
		{"/m%c3%a9dia", "/m%C3%A9dia"},
		{"/a;b,c'd", "/a%3Bb%2Cc%27d"},
		{"/a%3bb%2cc%27d", "/a%3Bb%2Cc%27d"},
		{"/100%25", "/100%25"},
		{"/...", "/..."},
		{"/web/jellyfin", "/web/jellyfin"},
		{strings.Repeat("/"+longPart, 4) + "/1234567", strings.Repeat("/"+longPart, 4) + "/1234567"},
		{strings.Repeat("/"+longPart, 4) + "/12345678", ""},
		{strings.Repeat("/%F0%9F%8E%AC", 30), ""},
		{"/jellyfin/web", ""},
		{"/web/index.html", ""},
		{"/Web/", ""},
		{"/jellyfin?x=1", ""},
		{"/jellyfin?", ""},
		{"?", ""},
		{"/jellyfin#!/home", ""},
		{"/jellyfin#", ""},
		{"/..", ""},
		{"/jellyfin/../emby", ""},
		{"/jellyfin/./", ""},
		{"/%2e%2E/emby", ""},
		{"/a%2fb", ""},
		{`/a\b`, ""},
		{"/a%5Cb", ""},
		{"/a%00b", ""},
		{"/a%0d%0ab", ""},
		{"/a%7Fb", ""},
		{"/a%FFb", ""},
		{"/a%E2%80%AEb", ""},
		{"/a%E2%80%8Bb", ""},
	} {
		want, mistake := host+":443"+c.want, ""
		if c.want == "" {
			want, mistake = "", "address_path_invalid"
		}
		got, code := models.ParseAddress(host + c.path)
		if got != want || code != mistake {
			t.Errorf("%q became %q with the mistake %q, want %q and %q", c.path, got, code, want, mistake)
		}
		if again, code := models.ParseAddress(got); mistake == "" && (again != got || code != "") {
			t.Errorf("%q became %q with the mistake %q when it was read again, want the same", got, again, code)
		}
	}
}

func TestPathBehindAnIPv6Zone(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"http://[fe80::1%25eth0]:8096/jelly%20fin": "http://[fe80::1]:8096/jelly%20fin",
		"http://[fe80::1]:8096/jelly%20[x]":        "http://[fe80::1]:8096/jelly%20%5Bx%5D",
	} {
		if got, code := models.ParseAddress(text); got != want || code != "" {
			t.Errorf("%q became %q with the mistake %q, want %q", text, got, code, want)
		}
	}
}

// Addresses that differ in nothing but their path are two addresses. The path is kept in
// every list that programs and people read, and a report changes it.
func TestPathsOfAServer(t *testing.T) {
	const root, emby, jellyfin = "http://192.168.1.2:8096", "https://media.example.test:443/emby", "https://media.example.test:443/jellyfin"
	eachServer(t, func(k *kit) {
		ctx := k.t.Context()
		owner := k.account()
		m := k.agent(owner)
		in := report()
		in.WAN = []string{"https://MEDIA.example.test.//jellyfin/", "https://media.example.test/emby", "https://media.example.test:443/jellyfin"}
		k.report(m, in)
		want := root + " " + jellyfin + " " + emby
		if got := urls(k.detail(owner, m).Addresses); got != want {
			k.t.Errorf("the owner sees the addresses %s, want %s", got, want)
		}
		if got := k.located(k.linked(m), models.LinkAccepted); len(got) != 1 || urls(got[0].Addresses) != want {
			k.t.Errorf("a person's servers are %+v, want one at %s", got, want)
		}
		state, err := k.Agents.State(ctx, k.again(m).Server)
		k.must(err)
		if got := urls(state.Addresses); got != want {
			k.t.Errorf("the agent reads the addresses %s, want %s", got, want)
		}
		k.isKind(k.addAddress(owner, m, "https://media.example.test./emby//"), models.KindConflict)
		k.hasField(k.addAddress(owner, m, "https://media.example.test/a/../b"), "address", "address_path_invalid")
		in.WAN = []string{"https://media.example.test"}
		k.report(m, in)
		if got, want := urls(k.detail(owner, m).Addresses), root+" https://media.example.test:443"; got != want {
			k.t.Errorf("after a report without paths the addresses are %s, want %s", got, want)
		}
		in.WAN = []string{"https://media.example.test/emby?x"}
		_, err = k.Agents.Report(ctx, k.again(m).Server, in)
		k.hasField(err, "addresses", "address_path_invalid")
	})
}

// Building the text of an address allocates that text alone.
func TestTextOfAnAddressIsOneAllocation(t *testing.T) {
	a := models.Address{Scheme: "https", Host: "2001:db8::1", Port: 8920, Path: "/media/jellyfin"}
	const want = "https://[2001:db8::1]:8920/media/jellyfin"
	var got string
	if n := testing.AllocsPerRun(100, func() { got = a.URL() }); n > 1 || got != want {
		t.Errorf("%q took %v allocations, want %q and 1", got, n, want)
	}
}
