package builtin_test

import (
	"bufio"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// captured holds the requests of an Emby client after a sign-in, unchanged except for ids
// and tokens (docs/emby-connect.md §7).
const captured = `
200 GET /emby/System/Info
X-MediaBrowser-Token: TOKEN
accept: application/json

204 POST /emby/Sessions/Capabilities/Full?X-Emby-Client=Harness%20App&X-Emby-Device-Name=Bob%27s%20TV%20%C3%A9&X-Emby-Device-Id=dev-modern-1&X-Emby-Client-Version=1.2.3&X-Emby-Token=TOKEN
Content-Type: application/json
accept: */*

{"PlayableMediaTypes":["Audio","Video"],"SupportsMediaControl":true}

200 GET /emby/Users/USER?X-Emby-Client=Harness%20App&X-Emby-Device-Name=Bob%27s%20TV%20%C3%A9&X-Emby-Device-Id=dev-modern-1&X-Emby-Client-Version=1.2.3&X-Emby-Token=TOKEN
accept: application/json

204 POST /emby/Users/USER/Password?X-Emby-Client=Harness%20App&X-Emby-Device-Name=Bob%27s%20TV%20%C3%A9&X-Emby-Device-Id=dev-modern-1&X-Emby-Client-Version=1.2.3&X-Emby-Token=TOKEN
Content-Type: application/json
accept: */*

{"CurrentPw":"old","NewPw":"new"}

204 POST /emby/Users/USER/EasyPassword?X-Emby-Client=Harness%20App&X-Emby-Device-Name=Bob%27s%20TV%20%C3%A9&X-Emby-Device-Id=dev-modern-1&X-Emby-Client-Version=1.2.3&X-Emby-Token=TOKEN
Content-Type: application/x-www-form-urlencoded; charset=UTF-8
accept: */*

NewPw=1234

204 POST /emby/Users/USER/EasyPassword?X-Emby-Client=Harness%20App&X-Emby-Device-Name=Bob%27s%20TV%20%C3%A9&X-Emby-Device-Id=dev-modern-1&X-Emby-Client-Version=1.2.3&X-Emby-Token=TOKEN
Content-Type: application/x-www-form-urlencoded; charset=UTF-8
accept: */*

resetPassword=true

200 GET /emby/users/public?X-Emby-Client=Harness%20App&X-Emby-Device-Name=Bob%27s%20TV%20%C3%A9&X-Emby-Device-Id=dev-local&X-Emby-Client-Version=1.2.3
accept: application/json

401 POST /emby/Users/authenticatebyname?X-Emby-Client=Harness%20App&X-Emby-Device-Name=Bob%27s%20TV%20%C3%A9&X-Emby-Device-Id=dev-local&X-Emby-Client-Version=1.2.3
accept: application/json
Content-Type: application/json

{"Username":"Alice Local","Pw":"nope"}

200 GET /emby/System/Info/Public?X-Emby-Client=Harness%20App&X-Emby-Device-Name=Bob%27s%20TV%20%C3%A9&X-Emby-Device-Id=dev-local&X-Emby-Client-Version=1.2.3&X-Emby-Token=93605c329dbc959c1d01064f0c78f86e
accept: application/json

204 POST /emby/Sessions/Logout?X-Emby-Client=Harness%20App&X-Emby-Device-Name=Bob%27s%20TV%20%C3%A9&X-Emby-Device-Id=dev-modern-1&X-Emby-Client-Version=1.2.3&X-Emby-Token=TOKEN
accept: */*

401 GET /emby/System/Info
X-MediaBrowser-Token: TOKEN
accept: application/json
`

func TestCapturedConversation(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	user := k.add("Alice Local", "old", false)
	fill := strings.NewReplacer("TOKEN", k.mint(user), "USER", user.ID)
	var requests []string
	for part := range strings.SplitSeq(strings.TrimSpace(fill.Replace(captured)), "\n\n") {
		if first, _, _ := strings.Cut(part, "\n"); strings.HasPrefix(part, "{") || !strings.Contains(first, " /emby/") {
			requests[len(requests)-1] += "\n\n" + part
			continue
		}
		requests = append(requests, part)
	}
	if len(requests) != 11 {
		t.Fatalf("%d requests, want 11", len(requests))
	}
	for _, request := range requests {
		status, request, _ := strings.Cut(request, " ")
		head, body, _ := strings.Cut(request, "\n\n")
		line, headers, _ := strings.Cut(head, "\n")
		raw := line + " HTTP/1.1\nHost: media.test\nContent-Length: " + strconv.Itoa(len(body)) + "\n" + headers + "\n\n" + body
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.ReplaceAll(raw, "\n", "\r\n"))))
		if err != nil {
			t.Fatal(err)
		}
		r.RemoteAddr = away
		if w := k.send(r.WithContext(t.Context())); strconv.Itoa(w.Code) != status {
			t.Errorf("%s: status %d, want %s: %s", line, w.Code, status, w.Body)
		}
	}
	if !k.signs("alice local", "new") {
		t.Error("the new password does not sign in")
	}
}
