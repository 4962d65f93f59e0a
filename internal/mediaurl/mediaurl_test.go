package mediaurl_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/internal/mediaurl"
)

// read returns an address in its one form, or "" and an error.
func read(text string) (string, error) {
	u, err := mediaurl.Parse(text)
	if err != nil {
		return "", err
	}
	return u.String(), nil
}

const longPart = "0123456789abcdefghijklmnopqrstuvwxyz0123456789-" // 47 bytes

func TestParse(t *testing.T) {
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
		var mistake error
		if c.want == "" {
			mistake = mediaurl.ErrAddress
		}
		if got, err := read(c.text); got != c.want || !errors.Is(err, mistake) {
			t.Errorf("%q became %q with the error %v, want %q and %v", c.text, got, err, c.want, mistake)
		}
	}
}

// A media server may be below a path. Two texts for the same place become one address. A path that
// cannot be used has an error of its own.
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
		want, mistake := host+":443"+c.want, error(nil)
		if c.want == "" {
			want, mistake = "", mediaurl.ErrPath
		}
		got, err := read(host + c.path)
		if got != want || !errors.Is(err, mistake) {
			t.Errorf("%q became %q with the error %v, want %q and %v", c.path, got, err, want, mistake)
		}
		if again, err := read(got); mistake == nil && (again != got || err != nil) {
			t.Errorf("%q became %q with the error %v when it was read again, want the same", got, again, err)
		}
	}
}

func TestPathBehindAnIPv6Zone(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"http://[fe80::1%25eth0]:8096/jelly%20fin": "http://[fe80::1]:8096/jelly%20fin",
		"http://[fe80::1]:8096/jelly%20[x]":        "http://[fe80::1]:8096/jelly%20%5Bx%5D",
	} {
		if got, err := read(text); got != want || err != nil {
			t.Errorf("%q became %q with the error %v, want %q", text, got, err, want)
		}
	}
}

// People leave out the port if it is the usual one.
func TestShort(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://Media.example.test.:443/jellyfin/": "https://media.example.test/jellyfin",
		"http://media.example.test:80":              "http://media.example.test",
		"http://media.example.test:443":             "http://media.example.test:443",
		"https://[2001:DB8::1]":                     "https://[2001:db8::1]",
		"http://192.168.1.2:8096":                   "http://192.168.1.2:8096",
	} {
		if u, err := mediaurl.Parse(text); err != nil || u.Short() != want {
			t.Errorf("%q became %q with the error %v, want %q", text, u.Short(), err, want)
		}
	}
}

// To build the text of an address takes one allocation: the text itself.
func TestTextOfAnAddressIsOneAllocation(t *testing.T) {
	u := mediaurl.URL{Scheme: "https", Host: "2001:db8::1", Port: 8920, Path: "/media/jellyfin"}
	const want = "https://[2001:db8::1]:8920/media/jellyfin"
	var got string
	if n := testing.AllocsPerRun(100, func() { got = u.String() }); n > 1 || got != want {
		t.Errorf("%q took %v allocations, want %q and 1", got, n, want)
	}
}
