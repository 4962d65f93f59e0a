package embywire_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/internal/embywire"
	"github.com/latchkey-media/latchkey/internal/waittest"
)

// identityOf reads the identity of a request that is written as it is sent: method
// and path, then headers.
func identityOf(t *testing.T, request string) embywire.Identity {
	t.Helper()
	lines := strings.Split(request, "\n")
	method, target, _ := strings.Cut(lines[0], " ")
	r := httptest.NewRequestWithContext(t.Context(), method, target, http.NoBody)
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		r.Header.Add(name, strings.TrimSpace(value))
	}
	params, err := embywire.Read(r, embywire.Options{MaxBody: 1 << 10})
	if err != nil {
		t.Fatal(err)
	}
	return embywire.ReadIdentity(r.Header, params)
}

func TestReadIdentity(t *testing.T) {
	t.Parallel()
	type identity = embywire.Identity
	const query = "X-Emby-Client=Harness%20App&X-Emby-Device-Name=Bob%27s%20TV%20%C3%A9&X-Emby-Device-Id=dev-modern-1&X-Emby-Client-Version=1.2.3"
	harness := identity{Client: "Harness App", Device: "Bob's TV é", DeviceID: "dev-modern-1", Version: "1.2.3"}
	with := func(id identity, token string) identity {
		id.Token = token
		return id
	}
	kodi := identity{Client: "Emby for Kodi Next Gen", Device: "Living Room", DeviceID: "k-1", Version: "9.4.20"}
	for name, c := range map[string]struct {
		request string
		want    identity
	}{
		"JS20, exchange": {
			"GET /emby/Connect/Exchange?format=json&ConnectUserId=1001\nX-Emby-Token: exch-alice-0001\nX-Emby-Client: Harness App\n" +
				"X-Emby-Device-Name: Bob's%20TV%20%C3%A9\nX-Emby-Device-Id: dev-modern-1\nX-Emby-Client-Version: 1.2.3\naccept: application/json",
			with(harness, "exch-alice-0001"),
		},
		"JS20, System/Info":         {"GET /emby/System/Info\nX-MediaBrowser-Token: 7b5c", identity{Token: "7b5c"}},
		"JS20 and WEB48, elsewhere": {"POST /emby/Sessions/Logout?" + query + "&X-Emby-Token=98f7", with(harness, "98f7")},
		"WEB48, exchange": {
			"GET /emby/connect/exchange?connectuserid=1001&" + query + "&X-Emby-Token=key&X-Emby-Language=de", with(harness, "key"),
		},
		"JS20, older server": {
			"POST /Users/AuthenticateByName\nX-Emby-Authorization: " +
				`Emby UserId="0a0a", Client="Harness App", Device="Bob's%20TV%20%C3%A9", DeviceId="dev-modern-1", Version="1.2.3"`,
			identity{"0a0a", "Harness App", "Bob's TV é", "dev-modern-1", "1.2.3", ""},
		},
		"JS17": {
			"GET /emby/Connect/Exchange?ConnectUserId=1001\nX-MediaBrowser-Token: key\nX-Emby-Authorization: " +
				`MediaBrowser Client="Harness App", Device="Bob's TV é", DeviceId="dev-modern-1", Version="1.2.3"`,
			with(harness, "key"),
		},
		"JS17, Latin-1": {
			"GET /\nX-Emby-Authorization: MediaBrowser Client=\"Harness App\", Device=\"Bob's TV \xe9\", DeviceId=\"dev-modern-1\", Version=\"1.2.3\"", harness,
		},
		"JS15 and ROKU":     {"GET /mediabrowser/Connect/Exchange?format=json&ConnectUserId=1001\nX-MediaBrowser-Token: key", identity{Token: "key"}},
		"KODI":              {"GET /emby/Connect/Exchange?ConnectUserId=1\nX-Emby-Token: key\nAuthorization: Emby Client=Emby for Kodi Next Gen,Device=Living Room,DeviceId=k-1,Version=9.4.20", with(kodi, "key")},
		"KODI, with a user": {"GET /\nAuthorization: Emby UserId=\"0a\", Client=Emby for Kodi Next Gen,Device=Living Room,DeviceId=k-1,Version=9.4.20, Token=t", identity{"0a", kodi.Client, kodi.Device, "k-1", "9.4.20", "t"}},
		"NET and JAVA": {
			"GET /mediabrowser/users/0a\nAuthorization: MediaBrowser Client=\"Emby for Android\", DeviceId=\"a\", Device=\"Pixel\", Version=\"2.6\"\nX-MediaBrowser-Token: t",
			identity{"", "Emby for Android", "Pixel", "a", "2.6", "t"},
		},
		"Jellyfin SDK": {
			"GET /\nAuthorization: MediaBrowser Client=\"My%20App\", Device=\"Ph%22one\", DeviceId=\"d\", Version=\"1\", Token=\"t\"",
			identity{"", "My App", `Ph"one`, "d", "1", "t"},
		},
		"token alone":                 {"GET /\nAuthorization: MediaBrowser Token=abc", identity{Token: "abc"}},
		"api_key":                     {"GET /?api_key=k", identity{Token: "k"}},
		"ApiKey":                      {"GET /?ApiKey=k", identity{Token: "k"}},
		"API_KEY, any case":           {"GET /?API_KEY=k", identity{Token: "k"}},
		"query X-MediaBrowser-Token":  {"GET /?x-mediabrowser-token=k", identity{Token: "k"}},
		"query X-Emby-Authorization":  {"GET /?X-Emby-Authorization=Emby%20DeviceId%3D%22d%22%2C%20Token%3D%22k%22", identity{DeviceID: "d", Token: "k"}},
		"user in a header":            {"GET /\nX-Emby-User-Id: 0a", identity{UserID: "0a"}},
		"authorization token first":   {"GET /?api_key=5&X-Emby-Token=6\nAuthorization: Emby Token=2\nX-Emby-Authorization: Emby Token=1\nX-Emby-Token: 3\nX-MediaBrowser-Token: 4", identity{Token: "1"}},
		"then the other header":       {"GET /?api_key=5&X-Emby-Token=6\nAuthorization: Emby Token=2\nX-Emby-Token: 3\nX-MediaBrowser-Token: 4", identity{Token: "2"}},
		"then X-Emby-Token":           {"GET /?api_key=5&X-Emby-Token=6\nX-Emby-Token: 3\nX-MediaBrowser-Token: 4", identity{Token: "3"}},
		"then X-MediaBrowser-Token":   {"GET /?api_key=5&X-Emby-Token=6\nX-MediaBrowser-Token: 4", identity{Token: "4"}},
		"then api_key":                {"GET /?X-Emby-Token=6&api_key=5", identity{Token: "5"}},
		"header before query":         {"GET /?X-Emby-Client=b\nX-Emby-Client: a", identity{Client: "a"}},
		"authorization before fields": {"GET /\nX-Emby-Client: b\nAuthorization: Emby Client=a", identity{Client: "a"}},
		"X-Emby-Authorization wins":   {"GET /\nAuthorization: Emby Client=b, Device=c\nX-Emby-Authorization: Emby Client=a", identity{Client: "a", Device: "c"}},
		"any case":                    {"GET /\nAuthorization: MEDIABROWSER cLIENT=\"a\", DEVICEID=\"d\"", identity{Client: "a", DeviceID: "d"}},
		"no blank after the comma":    {"GET /\nAuthorization: Emby Client=\"a\",Device=\"b\",DeviceId=\"c\"", identity{Client: "a", Device: "b", DeviceID: "c"}},
		"blanks everywhere":           {"GET /\nAuthorization:  Emby   Client = \"a\" ,  Device=  b  ,DeviceId=c  ", identity{Client: "a", Device: "b", DeviceID: "c"}},
		"unquoted and quoted":         {"GET /\nAuthorization: Emby Client=a b, Device=\"c, d\", DeviceId=e", identity{Client: "a b", Device: "c, d", DeviceID: "e"}},
		"comma inside, unquoted":      {"GET /\nAuthorization: Emby Device=Bob, his TV, DeviceId=e", identity{Device: "Bob, his TV", DeviceID: "e"}},
		"comma at the end":            {"GET /\nAuthorization: Emby Device=Bob,", identity{Device: "Bob"}},
		"= inside":                    {"GET /\nAuthorization: Emby Token=\"a=b==\", Device=c=d", identity{Token: "a=b==", Device: "c=d"}},
		"quote inside, escaped":       {"GET /\nAuthorization: Emby Device=\"12\\\" \\\\ TV\", DeviceId=\"d\"", identity{Device: `12" \ TV`, DeviceID: "d"}},
		"quote inside, bare":          {"GET /\nAuthorization: Emby Device=\"12\" TV\", DeviceId=\"d\"", identity{Device: "12", DeviceID: "d"}},
		"never closed":                {"GET /\nAuthorization: Emby Client=\"a\", Device=\"b", identity{Client: "a", Device: "b"}},
		"empty, then given":           {"GET /\nX-Emby-Client: b\nAuthorization: Emby UserId=\"\", Client=\"\", DeviceId=\"d\"", identity{Client: "b", DeviceID: "d"}},
		"unknown pairs":               {"GET /\nAuthorization: Emby Foo=1, Client=a, Language=de, Device=b", identity{Client: "a", Device: "b"}},
		"twice":                       {"GET /\nAuthorization: Emby Client=a, Client=b", identity{Client: "a"}},
		"bad percent stays":           {"GET /\nAuthorization: Emby Device=\"100% TV\"", identity{Device: "100% TV"}},
		"another scheme":              {"GET /\nAuthorization: Bearer Token=abc", identity{}},
		"Basic":                       {"GET /\nAuthorization: Basic dXNlcjpwYXNz", identity{}},
		"any case, the other":         {"GET /\nAuthorization: eMBY Client=a", identity{Client: "a"}},
		"a byte longer than any":      {"GET /\nX-Emby-Client: " + strings.Repeat("a", 513), identity{Client: strings.Repeat("a", 512)}},
		"no half letter at the end":   {"GET /\nX-Emby-Client: a" + strings.Repeat("é", 300), identity{Client: "a" + strings.Repeat("é", 255)}},
		"line ends of other kinds":    {"GET /\nX-Emby-Client: a%e2%80%a8b%e2%80%a9c%c2%85d", identity{Client: "abcd"}},
		"scheme alone":                {"GET /\nAuthorization: Emby", identity{}},
		"scheme is a part of a word":  {"GET /\nAuthorization: EmbyX Token=a", identity{}},
		"garbage":                     {"GET /\nAuthorization: Emby ,,,===\"\"\",", identity{}},
		"controls, escaped":           {"GET /\nX-Emby-Device-Name: a%0d%0ab%00%1b[31mc%e2%80%aed", identity{Device: "ab[31mcd"}},
		"plus is no blank in headers": {"GET /\nX-Emby-Device-Name: a+b", identity{Device: "a+b"}},
		"nothing":                     {"GET /", identity{}},
		"two headers, the first":      {"GET /\nX-Emby-Token: a\nX-Emby-Token: b", identity{Token: "a"}},
		"what is longer than any":     {"GET /\nX-Emby-Client: " + strings.Repeat("é", 5000), identity{Client: strings.Repeat("é", 256)}},
		"escaped, longer than any":    {"GET /\nX-Emby-Client: " + strings.Repeat("%C3%A9", 300), identity{Client: strings.Repeat("é", 256)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, identityOf(t, c.request)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// Reading a header of the largest size that a server accepts must not take much longer than reading
// others.
func TestReadIdentityIsQuick(t *testing.T) {
	t.Parallel()
	header := http.Header{}
	header.Set("Authorization", "Emby Device="+strings.Repeat(", a", 1<<20)+"=")
	header.Set("X-Emby-Authorization", "Emby "+strings.Repeat(`a="`, 1<<20))
	done := make(chan struct{})
	go func() {
		embywire.ReadIdentity(header, nil)
		close(done)
	}()
	if !waittest.Done(done) { // if the cost grew with the square of the size, this would take hours
		t.Error("reading goes on and on, want it to end")
	}
}

// An identity always consists of texts that can be shown and stored, and an identity that
// a client writes correctly is read without changes.
func FuzzReadIdentity(f *testing.F) {
	for _, seed := range [][3]string{
		{`Emby Client=Emby for Kodi Next Gen,Device=Living Room,DeviceId=k-1,Version=9.4.20`, "", ""},
		{`MediaBrowser Client="a, b", Device="c\"d", Token="%41%zz"`, "é%ff", "X-Emby-Token=1&api_key=%00"},
		{"Emby Device=\"\xe9", "%e2%80%ae", "X-Emby-Device-Name=%25%30%61"},
		{`emby ====,,,"""`, strings.Repeat("%", 600), "&&=&"},
		{"Emby Token=" + strings.Repeat("é", 300), "\u2028", "API_KEY=" + strings.Repeat("é", 300)},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, authorization, field, query string) {
		r := &http.Request{Method: http.MethodGet, Header: http.Header{"Authorization": {authorization}, "X-Emby-Device-Name": {field}, "X-Emby-Token": {field}}}
		r = r.WithContext(t.Context())
		r.URL = httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody).URL
		r.URL.RawQuery = query
		id := embywire.ReadIdentity(r.Header, embywire.ReadQuery(r))
		for _, value := range []string{id.UserID, id.Client, id.Device, id.DeviceID, id.Version, id.Token} {
			if len(value) > 512 || !utf8.ValidString(value) || strings.TrimSpace(value) != value || strings.ContainsFunc(value, unicode.IsControl) {
				t.Errorf("got the value %q, want one without controls and short enough", value)
			}
		}
		if again := embywire.ReadIdentity(r.Header, embywire.ReadQuery(r)); again != id {
			t.Errorf("%+v, then %+v, want %v", id, again, id)
		}
		written := http.Header{"Authorization": {`Emby Client="` + quoted(id.Client) + `", Device="` + quoted(id.Device) + `",DeviceId="` + quoted(id.DeviceID) + `"`}}
		got := embywire.ReadIdentity(written, nil)
		if want := (embywire.Identity{Client: id.Client, Device: id.Device, DeviceID: id.DeviceID}); got != want {
			t.Errorf("%+v was read as %+v", want, got)
		}
	})
}

// quoted escapes a value as clients that use percent-encoding do.
func quoted(value string) string {
	return strings.NewReplacer("%", "%25", `"`, "%22", `\`, "%5C").Replace(value)
}
