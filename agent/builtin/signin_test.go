package builtin_test

import (
	"crypto/md5"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const pw = "p@ss w/&ré!$+"

func sha(text string) string { sum := sha1.Sum([]byte(text)); return hex.EncodeToString(sum[:]) }

func md(text string) string { sum := md5.Sum([]byte(text)); return hex.EncodeToString(sum[:]) }

type signedIn struct {
	User struct {
		ID   string `json:"Id"`
		Name string
	}
	SessionInfo struct {
		ID                 string `json:"Id"`
		UserID             string `json:"UserId"`
		DeviceID           string `json:"DeviceId"`
		DeviceName         string
		Client             string
		ApplicationVersion string
		RemoteEndPoint     string
	}
	AccessToken string
	ServerID    string `json:"ServerId"`
}

// members returns a JSON object with the given names and values, which alternate.
func members(pairs ...string) string {
	m := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	text, _ := json.Marshal(m)
	return string(text)
}

func fields(pairs ...string) string {
	var parts []string
	for i := 0; i+1 < len(pairs); i += 2 {
		parts = append(parts, pairs[i]+"="+url.QueryEscape(pairs[i+1]))
	}
	return strings.Join(parts, "&")
}

// Each form of a sign-in in docs/emby-connect.md §4.4 succeeds with the right password
// only.
func TestSignInShapes(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	user := k.add("Alice Local", pw, false)
	byID := "/Users/" + user.ID + "/Authenticate"
	const byName = "/Users/AuthenticateByName"
	for name, shape := range map[string]func(name, password string) (path, contentType, body string){
		"JS20, JSON":  func(n, p string) (string, string, string) { return byName, jsonType, members("Username", n, "Pw", p) },
		"WEB48, form": func(n, p string) (string, string, string) { return byName, formType, fields("Username", n, "Pw", p) },
		"blanks as %20": func(n, p string) (string, string, string) {
			return byName, formType, strings.ReplaceAll(fields("Username", n, "Pw", p), "+", "%20")
		},
		"JAVA, form": func(n, p string) (string, string, string) {
			return byName, formType, fields("username", n, "pw", p, "password", sha(p), "passwordMd5", md(p)) + "&"
		},
		"JAVA, only SHA": func(n, p string) (string, string, string) {
			return byName, formType, fields("username", n, "password", sha(p), "passwordMd5", md(p))
		},
		"JS17, JSON": func(n, p string) (string, string, string) {
			return byName, jsonType, members("Password", sha(p), "PasswordMd5", md(p), "Username", n)
		},
		"JS15, JSON": func(n, p string) (string, string, string) {
			return byName, jsonType, members("password", sha(p), "Username", n)
		},
		"upper-case SHA": func(n, p string) (string, string, string) {
			return byName, jsonType, members("Password", strings.ToUpper(sha(p)), "Username", n)
		},
		"KODI, query": func(n, p string) (string, string, string) {
			return byName + "?" + fields("username", n, "pw", p), jsonType, ""
		},
		"multipart": func(n, p string) (string, string, string) {
			return byName, "multipart/form-data; boundary=x", multipart("Username", n, "Pw", p)
		},
		"OAPI, by id": func(_, p string) (string, string, string) { return byID, jsonType, members("Pw", p) },
		"SRV, by id":  func(_, p string) (string, string, string) { return byID, formType, fields("Password", sha(p)) },
		"dashes in id": func(_, p string) (string, string, string) {
			id := user.ID
			return "/users/" + id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + strings.ToUpper(id[20:]) + "/authenticate", jsonType, members("Pw", p)
		},
	} {
		for _, prefix := range []string{"", "/emby", "/mediabrowser", "/Emby", "/emby/emby"} {
			for _, letters := range []func(string) string{func(s string) string { return s }, strings.ToLower} {
				t.Run(name+prefix, func(t *testing.T) {
					try := func(n, p string) int {
						path, contentType, body := shape(n, p)
						before, query, found := strings.Cut(path, "?")
						path = prefix + letters(before)
						if found {
							path += "?" + query + "&format=json"
						}
						w := k.do(ask{method: "POST", path: path, body: body, header: map[string]string{
							"Content-Type": contentType, "X-Emby-Authorization": `MediaBrowser Client="App", Device="TV", DeviceId="d1", Version="1"`,
						}})
						if w.Code == http.StatusOK {
							got := decoded[signedIn](t, w)
							if got.User.ID != user.ID || got.User.Name != "Alice Local" || got.SessionInfo.UserID != user.ID || got.ServerID == "" {
								t.Errorf("signed in as %+v, want Alice Local with the id %s", got, user.ID)
							}
							if !k.good(got.AccessToken) || len(got.AccessToken) != 32 {
								t.Errorf("the token %q is not valid", got.AccessToken)
							}
						}
						return w.Code
					}
					if got := try("ALICE local", pw); got != http.StatusOK {
						t.Errorf("the right password: status %d, want 200", got)
					}
					if got := try("alice local", pw+"x"); got != http.StatusUnauthorized {
						t.Errorf("a wrong password: status %d, want 401", got)
					}
					if got := try("alice local", pw); got != http.StatusOK {
						t.Errorf("the right password again: status %d, want 200", got)
					}
				})
			}
		}
	}
}

func multipart(pairs ...string) string {
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		fmt.Fprintf(&b, "--x\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", pairs[i], pairs[i+1])
	}
	return b.String() + "--x--\r\n"
}

// The session shows what a client says about itself, in each of the ways of
// docs/emby-connect.md §4.1.
func TestSignInIdentity(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.add("alice", "secret-1", false)
	discrete := url.Values{"X-Emby-Client": {"My App"}, "X-Emby-Device-Name": {"Bob's TV é"}, "X-Emby-Device-Id": {"dev-1"}, "X-Emby-Client-Version": {"1.2.3"}}
	for name, c := range map[string]struct {
		query  string
		header map[string]string
	}{
		"Emby":          {"", map[string]string{"X-Emby-Authorization": `Emby UserId="", Client="My App", Device="Bob's TV é", DeviceId="dev-1", Version="1.2.3"`}},
		"MediaBrowser":  {"", map[string]string{"Authorization": `MediaBrowser Client="My App",Device="Bob%27s%20TV%20%C3%A9",DeviceId="dev-1",Version="1.2.3" `}},
		"no quotes":     {"", map[string]string{"Authorization": `emby Client=My App,Device=Bob's TV é,DeviceId=dev-1,Version=1.2.3`}},
		"as Latin-1":    {"", map[string]string{"X-Emby-Authorization": "MEDIABROWSER Client=\"My App\", Device=\"Bob's TV \xe9\", DeviceId=\"dev-1\", Version=\"1.2.3\""}},
		"headers":       {"", map[string]string{"X-Emby-Client": "My App", "X-Emby-Device-Name": "Bob's%20TV%20%C3%A9", "X-Emby-Device-Id": "dev-1", "X-Emby-Client-Version": "1.2.3"}},
		"query":         {discrete.Encode(), nil},
		"query as JS20": {"X-Emby-Client=My%20App&X-Emby-Device-Name=Bob%27s%20TV%20%C3%A9&X-Emby-Device-Id=dev-1&X-Emby-Client-Version=1.2.3&X-Emby-Language=en", nil},
	} {
		t.Run(name, func(t *testing.T) {
			header := map[string]string{"Content-Type": jsonType}
			maps.Copy(header, c.header)
			w := k.do(ask{method: "POST", path: "/emby/Users/authenticatebyname?" + c.query, header: header, body: members("Username", "alice", "Pw", "secret-1")})
			got := decoded[signedIn](t, w).SessionInfo
			if got.Client != "My App" || got.DeviceName != "Bob's TV é" || got.DeviceID != "dev-1" || got.ApplicationVersion != "1.2.3" || got.RemoteEndPoint != "192.168.1.20" {
				t.Errorf("session %+v, want the names of the client in the query or header", got)
			}
		})
	}
	if n, err := k.Count(t.Context(), "SELECT COUNT(*) FROM access_tokens"); err != nil || n != 1 {
		t.Errorf("%d tokens of one device (error %v), want 1", n, err)
	}
}

// A device without an id gets a token too. The next device of the same kind ends that
// token.
func TestSignInUnnamedDevice(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.add("alice", "secret-1", false)
	tokens := []string{}
	for _, agent := range []string{"curl/8", "curl/8", "Roku"} {
		w := k.do(ask{method: "POST", path: "/Users/AuthenticateByName", header: map[string]string{"User-Agent": agent}, body: members("Username", "alice", "Pw", "secret-1")})
		tokens = append(tokens, decoded[signedIn](t, w).AccessToken)
	}
	if k.good(tokens[0]) || !k.good(tokens[1]) || !k.good(tokens[2]) {
		t.Errorf("tokens are valid: %v, %v, %v; want false, true, true", k.good(tokens[0]), k.good(tokens[1]), k.good(tokens[2]))
	}
}

// tokenForms returns the ways to send a token, in the order of docs/emby-connect.md §4.1.
func tokenForms(token string) map[string]ask {
	return map[string]ask{
		"Authorization":        {header: map[string]string{"Authorization": `Emby Token="` + token + `"`}},
		"MediaBrowser":         {header: map[string]string{"X-Emby-Authorization": `MediaBrowser UserId="x", Client="a", Token=` + token}},
		"X-Emby-Token":         {header: map[string]string{"X-Emby-Token": token}},
		"X-MediaBrowser-Token": {header: map[string]string{"X-MediaBrowser-Token": token}},
		"api_key":              {path: "?api_key=" + token},
		"API_KEY":              {path: "?format=json&API_KEY=" + token},
		"query":                {path: "?x-emby-token=" + token},
		"upper case":           {header: map[string]string{"X-Emby-Token": strings.ToUpper(token)}},
	}
}

// A token works in each form. After its end the answer is 401 in each form.
func TestTokenForms(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	user := k.add("alice", "secret-1", false)
	token := k.mint(user)
	paths := []string{"/System/Info", "/System/Endpoint", "/Users/Me", "/Users/" + user.ID, "/Sessions"}
	each := func(status int) {
		t.Helper()
		for name, form := range tokenForms(token) {
			for _, path := range paths {
				for _, prefix := range []string{"", "/emby", "/mediabrowser"} {
					w := k.do(ask{method: "GET", path: prefix + strings.ToLower(path) + form.path, header: form.header})
					if w.Code != status {
						t.Errorf("%s %s: status %d, want %d", name, path, w.Code, status)
					}
				}
			}
		}
	}
	each(http.StatusOK)
	want(t, k.post("/Sessions/Logout", token, ""), http.StatusNoContent)
	each(http.StatusUnauthorized)
	want(t, k.post("/Sessions/Logout", token, ""), http.StatusUnauthorized)
	want(t, k.get("/System/Info", ""), http.StatusUnauthorized)
}

// Unknown names, guests and disabled local users are refused, and so are local users without
// a password who are outside the home network. Each refusal looks like the refusal of a
// wrong password.
func TestSignInRefused(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.add("alice", "secret-1", false)
	open := k.add("open", "", false)
	k.add("chief", "", true)
	shut := k.add("shut", "secret-1", false)
	if err := k.SetDisabled(t.Context(), shut.ID, true); err != nil {
		t.Fatal(err)
	}
	guest := k.guest("guest")
	var texts []string
	try := func(name, password, from string, header map[string]string) int {
		if header == nil {
			header = map[string]string{}
		}
		header["Content-Type"] = jsonType
		w := k.do(ask{method: "POST", path: "/Users/AuthenticateByName", header: header, from: from, body: members("Username", name, "Pw", password)})
		if w.Code == http.StatusUnauthorized {
			texts = append(texts, w.Body.String())
		}
		return w.Code
	}
	proxied := func(address string) map[string]string { return map[string]string{"X-Forwarded-For": address} }
	for _, c := range []struct {
		name, password, from string
		header               map[string]string
		want                 int
	}{
		{"nobody", "secret-1", "", nil, 401},
		{"nobody", "", "", nil, 401},
		{"", "", "", nil, 401},
		{"alice", "", "", nil, 401},
		{"shut", "secret-1", "", nil, 401},
		{guest.Name, "", "", nil, 401},
		{"chief", "", "", nil, 401}, // an administrator: any web page opened at home could sign in
		{"open", "x", "", nil, 401},
		{"open", "", "", nil, 200},
		{"open", "", away, nil, 401},
		{"open", "", "127.0.0.1:1", nil, 200},
		{"open", "", "[fe80::1%eth0]:1", nil, 200},
		{"open", "", "[2001:db8::1]:1", nil, 401},
		{"open", "", "127.0.0.1:1", proxied("203.0.113.9"), 401},
		{"open", "", "127.0.0.1:1", proxied("192.168.1.7"), 200},
		{"open", "", "172.17.0.1:1", proxied("203.0.113.9"), 401}, // a proxy that nobody trusts
		{"open", "", "172.17.0.1:1", proxied("192.168.1.7"), 401},
		{"alice", "secret-1", away, nil, 200},
	} {
		if got := try(c.name, c.password, c.from, c.header); got != c.want {
			t.Errorf("%s %q from %q %v: status %d, want %d", c.name, c.password, c.from, c.header, got, c.want)
		}
	}
	for _, body := range []string{members("Username", "open"), members("Username", "open", "Password", sha(""), "PasswordMd5", md(""))} {
		want(t, k.post("/Users/AuthenticateByName", "", body), http.StatusOK)
	}
	for _, body := range []string{members("Username", "open", "Password", "no sum"), members("Username", "alice", "PasswordMd5", md("secret-1")), members("Username", "alice", "Password", "secret-1")} {
		want(t, k.post("/Users/AuthenticateByName", "", body), http.StatusUnauthorized)
	}
	for _, text := range texts {
		if diff := cmp.Diff("Invalid username or password entered.", text); diff != "" {
			t.Errorf("text of a refusal (-want +got): %s", diff)
		}
	}
	_ = open
}

// Somebody who guesses has to wait longer and longer. Nobody else has to wait.
func TestSignInThrottled(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.add("alice", "secret-1", false)
	try := func(name, password, from string) int {
		w := k.do(ask{method: "POST", path: "/Users/AuthenticateByName", from: from, header: map[string]string{"Content-Type": jsonType}, body: members("Username", name, "Pw", password)})
		if w.Code == http.StatusTooManyRequests && w.Header().Get("Retry-After") == "" {
			t.Error("status 429 without the header Retry-After")
		}
		return w.Code
	}
	for _, name := range []string{"alice", "nobody"} { // a name that does not exist waits like a name that exists
		got := []int{}
		for range 6 {
			got = append(got, try(name, "wrong", away))
		}
		if diff := cmp.Diff([]int{401, 401, 401, 401, 429, 429}, got); diff != "" {
			t.Errorf("%s: statuses (-want +got): %s", name, diff)
		}
	}
	if got := try("alice", "secret-1", away); got != 429 {
		t.Errorf("the right password after four guesses: status %d, want 429", got)
	}
	if got := try("ALICE ", "secret-1", away); got != 429 {
		t.Errorf("another spelling of the name: status %d, want 429", got)
	}
	if got := try("alice", "secret-1", home); got != 200 {
		t.Errorf("alice at home: status %d, want 200", got)
	}
	if got := try("alice", "secret-1", "203.0.113.10:1"); got != 200 {
		t.Errorf("alice from another network: status %d, want 200", got)
	}
	k.pass(time.Second)
	if got := try("alice", "wrong", away); got != 401 {
		t.Errorf("a guess after a second: status %d, want 401", got)
	}
	k.pass(time.Second)
	if got := try("alice", "secret-1", away); got != 429 {
		t.Errorf("one second into the second wait: status %d, want 429", got)
	}
	k.pass(time.Second)
	if got := try("alice", "secret-1", away); got != 200 {
		t.Errorf("after the wait: status %d, want 200", got)
	}
	if got := try("alice", "wrong", away); got != 401 {
		t.Errorf("a guess after a success: status %d, want 401", got)
	}
}

// If many guesses come at the same time, the server checks no more of them than if they came
// one after the other. Many devices that sign in at the same time all succeed.
func TestSignInRaces(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.add("alice", "secret-1", false)
	name := "alice's"
	at := func(n int, password, from string) map[int]int {
		var wg sync.WaitGroup
		var mu sync.Mutex
		got := map[int]int{}
		for i := range n {
			wg.Go(func() {
				w := k.do(ask{method: "POST", path: "/Users/AuthenticateByName", from: from, header: map[string]string{
					"Content-Type": jsonType, "X-Emby-Device-Id": fmt.Sprint(name, i),
				}, body: members("Username", "alice", "Pw", password)})
				mu.Lock()
				defer mu.Unlock()
				got[w.Code]++
			})
		}
		wg.Wait()
		return got
	}
	if got := at(16, "secret-1", home); got[200] != 16 {
		t.Errorf("16 devices at the same time: %v by status, want 200 for all", got)
	}
	name = "stranger's"
	if got := at(64, "wrong", away); got[401] != 4 || got[429] != 60 {
		t.Errorf("64 guesses at the same time: %v by status, want 4 of 401 and 60 of 429", got)
	}
}
