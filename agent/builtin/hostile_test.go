package builtin_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// paths returns a request for each route, with an id in its path.
func paths(id string) []ask {
	var all []ask
	for _, line := range []string{
		"GET /System/Info/Public", "GET /System/Info", "GET /System/Ping", "GET /System/Endpoint", "GET /QuickConnect/Enabled", "GET /Users/Public", "GET /Users", "GET /Users/Query", "GET /Users/Me",
		"POST /Users/AuthenticateByName", "POST /Users/ForgotPassword", "POST /Users/ForgotPassword/Pin", "GET /Users/ID", "POST /Users/ID/Authenticate",
		"POST /Users/ID/Password", "POST /Users/ID/EasyPassword", "GET /Sessions", "POST /Sessions/Capabilities/Full", "GET /Users/ID/Images/Primary",
		"POST /Users/ID/Images/Primary", "DELETE /Users/ID/Images/Primary/0", "GET /latchkey/proof/ID", "POST /latchkey/proof/ID", "POST /Sessions/Logout",
	} {
		method, path, _ := strings.Cut(line, " ")
		all = append(all, ask{method: method, path: strings.ReplaceAll(path, "ID", id)})
	}
	return all
}

// No request makes the server fail: kit.send refuses answers with status 500 and above.
func TestHostile(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	user := k.add("alice", "secret-1", true)
	bodies := map[string]string{
		"": "", "empty object": "{}", "null": "null", "a list": `["a"]`, "wrong types": `{"Username":["a"],"Pw":{"b":1},"NewPw":true,"CurrentPw":12,"Id":null}`,
		"deep": strings.Repeat(`{"Username":`, 5000), "cut": `{"Username":"alice","Pw":"sec`, "escapes": "Username=%zz&Pw=%&&&==&=", "bytes": "\xff\xfe\x00Username=\xff",
		"zeros": "Username=a%00b&Pw=%00", "long": "Username=" + strings.Repeat("a", 500_000) + "&Pw=" + strings.Repeat("b", 400_000),
		"too large": strings.Repeat("x", 2<<20), "SQL": `{"Username":"' OR 1=1 --","Pw":"' OR '1'='1"}`, "many": strings.Repeat("a=1&", 10_000),
	}
	headers := map[string]map[string]string{
		"none": {}, "long token": {"X-Emby-Token": strings.Repeat("f", 9000)}, "odd token": {"X-Emby-Token": "' OR 1=1 --"},
		"odd identity": {"X-Emby-Authorization": `MediaBrowser Client="` + strings.Repeat("é", 3000) + `", DeviceId="\"\\,=", Token=,,,`, "Content-Type": "multipart/form-data; boundary="},
		"odd address":  {"X-Forwarded-For": "%%%, ::::, 1.2.3.4.5"},
		"signed in":    {"X-Emby-Token": k.mint(user), "Content-Type": "application/json"},
	}
	send := func(id, body, what string) {
		for _, a := range paths(id) {
			if what == "signed in" && (a.path == "/Sessions/Logout" || strings.HasSuffix(a.path, "Password")) {
				continue // this request ends the session, and the next ones need it
			}
			a.header, a.body = headers[what], body
			a.path += "?MaxWidth=%zz&tag=" + strings.Repeat("t", 100) + "&Index=&ishidden=x&"
			k.do(a)
		}
	}
	for what := range headers {
		for _, id := range []string{strings.Repeat("0", 32), "..%2f..", "%00", strings.Repeat("a", 2000)} {
			send(id, bodies["wrong types"], what)
		}
	}
	for _, body := range bodies {
		send(user.ID, body, "none")
		send(user.ID, body, "signed in")
	}
	for _, path := range []string{"/Users//Images/Primary", "/emby/emby/emby/emby/Users/Public", "/Users/%2e%2e/Public", "/latchkey/proof/", "/latchkey/proof/a/b"} {
		if w := k.do(ask{method: "GET", path: path}); w.Code == 200 || w.Code >= 300 && w.Code < 400 {
			t.Errorf("%s: status %d, want a refusal", path, w.Code)
		}
	}
}

func TestNoSecretsInLogs(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	user, boss := k.add("alice", "secret-1", false), k.add("boss", "secret-2", true)
	w := k.do(ask{method: "POST", path: "/Users/AuthenticateByName?" + fields("Username", "alice", "Pw", "secret-1")})
	token := decoded[signedIn](t, w).AccessToken
	k.signs("alice", "wrong-secret")
	p := k.prove("mira-account")
	k.do(ask{method: "GET", path: p.path})
	p.answer("username", "alice", "password", "secret-1")
	k.get("/System/Info?api_key="+token, token)
	bosses := k.mint(boss)
	k.post("/Users/"+user.ID+"/Password", token, members("CurrentPw", "secret-1", "NewPw", "new-secret"))
	k.post("/Users/"+user.ID+"/Password", bosses, members("NewPw", "given-secret"))
	k.post("/Users/"+user.ID+"/EasyPassword", bosses, members("NewPw", "easy-secret"))
	k.post("/Sessions/Logout", token, "")
	logged := k.logs.String()
	if n := strings.Count(logged, "was changed"); n != 3 {
		t.Errorf("%d changes are logged, want 3:\n%s", n, logged)
	}
	page := p.path[strings.LastIndexByte(p.path, '/')+1:]
	for _, secret := range []string{token, bosses, "secret", sha("secret-1"), page, p.Secret, "api_key"} {
		if strings.Contains(logged, secret) {
			t.Errorf("the log contains %q:\n%s", secret, logged)
		}
	}
}

// No sign-in request makes the server fail, and no such request gets a token without
// the right password.
func FuzzAuthenticate(f *testing.F) {
	for _, seed := range [][4]string{
		{"", jsonType, members("Username", "alice", "Pw", "nope"), `MediaBrowser Client="a", DeviceId="b"`},
		{"username=alice&pw=x", "", "", ""},
		{"", formType, "username=alice&pw=x&password=" + sha("x") + "&passwordMd5=" + md("x") + "&", "Emby Client=Emby for Kodi,Device=Living Room"},
		{"format=json", jsonType, `{"Password":"` + sha("") + `","Username":"alice"}`, ""},
		{"%zz", "multipart/form-data; boundary=x", multipart("Username", "alice"), "Emby Token=\"\xff\""},
		{"api_key=x", "text/plain;;", "\xff{\x00", `,,,="`},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	k := newKit(f)
	k.add("alice", "a password that nobody guesses", false)
	f.Fuzz(func(t *testing.T, query, contentType, body, identity string) {
		r := httptest.NewRequest(http.MethodPost, "/Users/AuthenticateByName", strings.NewReader(body))
		r.URL.RawQuery, r.RemoteAddr = query, away
		r.Header["Content-Type"], r.Header["X-Emby-Authorization"] = []string{contentType}, []string{identity}
		if w := k.sendFor(t, r); w.Code == http.StatusOK {
			t.Errorf("status 200 with a token, want a refusal: %s", w.Body)
		}
	})
}
