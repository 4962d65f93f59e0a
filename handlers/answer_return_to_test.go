package handlers

import (
	"net/url"
	"strings"
	"testing"
)

func TestReturnTo(t *testing.T) {
	t.Parallel()
	tests := []struct{ wish, want string }{
		{"/account/password", "/account/password"},
		{"/account?x=1&y=%2F", "/account?x=1&y=%2F"},
		{"/account#part", "/account"},
		{"/", "/"},
		{"", home},
		{"account", home},
		{"//evil.example", home},
		{"///evil.example", home},
		{"/\\evil.example", home},
		{"\\\\evil.example", home},
		{"https:evil.example", home},
		{"https://evil.example/", home},
		{"http://good@evil.example", home},
		{"javascript:alert(1)", home},
		{"/%2f%2fevil.example", home},
		{"/%2Fevil.example", home},
		{"/%5cevil.example", home},
		{"/%09/evil.example", home},
		{"/\t/evil.example", home},
		{"\t//evil.example", home},
		{"/\n/evil.example", home},
		{" /account", home},
		{"/account/..//evil.example", home},
		{"/account/%2e%2e/%2fevil.example", home},
		{"/a/../b", home},
		{"/acc\x00ount", home},
		{"/accöunt", home},
		{"/" + strings.Repeat("a", 600), home},
		{"https://id.example.org.evil.example/account", home},
	}
	for _, tt := range tests {
		if got := returnTo(tt.wish); got != tt.want {
			t.Errorf("returnTo(%q) = %q, want %q", tt.wish, got, tt.want)
		}
	}
}

func FuzzReturnTo(f *testing.F) {
	for _, seed := range []string{"/account", "//x", "/\\x", "/%2f%2fx", "/a?b=c#d", "http://x", "/\t/x", "/;//x", "/?//x", "/%2e%2e//x"} {
		f.Add(seed)
	}
	base, err := url.Parse("https://id.example.org/signin")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, wish string) {
		got := returnTo(wish)
		// Browsers read the address in this way: backslashes become slashes,
		// and tabs and line ends are dropped.
		read := strings.NewReplacer("\\", "/", "\t", "", "\n", "", "\r", "").Replace(got)
		u, err := base.Parse(read)
		if err != nil || u.Host != base.Host || u.Scheme != base.Scheme || u.User != nil || strings.HasPrefix(u.Path, "//") {
			t.Errorf("returnTo(%q) = %q leads to %v (%v), want host %v, scheme %v, no user, not beginning with %q", wish, got, u, err, base.Host, base.Scheme, "//")
		}
		if again := returnTo(got); again != got {
			t.Errorf("returnTo(%q) = %q, and of that %q, want %v", wish, got, again, got)
		}
	})
}

func TestPageOf(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/account": "/account", "/account/sessions/end": "/account/sessions", "/signout": home,
		"/servers": "/servers", "/servers/leave": "/servers", "/servers/new": "/servers/new", "/servers/claim": "/servers/new",
		"/servers/12": "/servers/12", "/servers/12/open": "/servers/12/open", "/servers/12/remove": "/servers/12/settings",
		"/servers/12/addresses/move": "/servers/12/settings", "/invitations/accept": "/invitations", "/link/deny": "/link",
		"/link/quick-connect": "/link", "/link/quick-connect/12": "/link/quick-connect/12", "/link/quick-connect/12/state": "/link/quick-connect/12",
	} {
		if got := pageOf(path); got != want {
			t.Errorf("pageOf(%q) = %q, want %q", path, got, want)
		}
	}
}
