package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"image"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestLocalUsers manages the local users of the builtin media server while it
// runs, without a service.
func TestLocalUsers(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "agent")
	flags := []string{"--data-dir=" + folder, "--media-server=builtin"}
	users := func(input string, arguments ...string) string {
		t.Helper()
		return command(t, input, append(append([]string{"agent"}, flags...), append([]string{"users"}, arguments...)...)...)
	}
	refuse := func(want, input string, arguments ...string) {
		t.Helper()
		refused(t, want, input, append(append([]string{"agent"}, flags...), append([]string{"users"}, arguments...)...)...)
	}
	if said := users("first password\n", "add", "Grandma"); !strings.HasSuffix(said, "Created the local user Grandma.\n") || strings.Contains(said, "first password") {
		t.Errorf("%s, want ending with %q, without %q", said, "Created the local user Grandma.\n", "first password")
	}
	users("a password\n", "add", "Alex", "--admin", "--hidden")
	refuse("another local user has that name", "x\n", "add", "grandma")
	refuse("the input ended before all questions were answered", "", "add", "Nobody")
	p := launch(t, nil, append([]string{"agent", "builtin", "--listen=127.0.0.1:0"}, flags...)...)
	p.waitServing()
	address := "http://" + p.address
	signIn := func(name, password string) int {
		status, _ := ask(t, http.MethodPost, address+"/Users/AuthenticateByName?username="+name+"&pw="+strings.ReplaceAll(password, " ", "%20"), nil,
			"X-Emby-Authorization", `MediaBrowser Client="c", Device="d", DeviceId="i", Version="1"`)
		return status
	}
	public := func() string {
		_, body := ask(t, http.MethodGet, address+"/Users/Public", nil)
		return body
	}
	if status := signIn("Grandma", "first password"); status != http.StatusOK {
		t.Errorf("local sign-in: %d, want %d", status, http.StatusOK)
	}
	if list := public(); !strings.Contains(list, "Grandma") || strings.Contains(list, "Alex") {
		t.Errorf("the sign-in page shows %s, want with %q, without %q", list, "Grandma", "Alex")
	}
	users("", "hide", "Grandma")
	users("", "show", "Alex")
	if list := public(); strings.Contains(list, "Grandma") || !strings.Contains(list, "Alex") {
		t.Errorf("the sign-in page shows %s, want without %q, with %q", list, "Grandma", "Alex")
	}
	users("second password\n", "password", "grandma")
	if signIn("Grandma", "first password") != http.StatusUnauthorized || signIn("Grandma", "second password") != http.StatusOK {
		t.Error("sign-in with the new password fails, want it to succeed")
	}
	users("", "disable", "Grandma")
	if status := signIn("Grandma", "second password"); status == http.StatusOK {
		t.Error("a disabled local user can sign in, want them refused")
	}
	users("", "enable", "Grandma")
	if status := signIn("Grandma", "second password"); status != http.StatusOK {
		t.Errorf("who was enabled cannot sign in: %d, want %d", status, http.StatusOK)
	}
	picture, err := portrait(0x5b3a29, 0x2f6f9f)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "picture.png")
	if err := os.WriteFile(file, picture, 0o600); err != nil {
		t.Fatal(err)
	}
	users("", "picture", "Alex", file)
	if !strings.Contains(public(), "PrimaryImageTag") {
		t.Errorf("the list has no picture, want a PrimaryImageTag in: %s", public())
	}
	// postPictures sends a picture that is just small enough, and then one that is
	// too large.
	postPictures(t, address)
	refuse("no such file", "", "picture", "Alex", filepath.Join(t.TempDir(), "nothing.png"))
	refuse("the picture must be", "", "picture", "Alex", os.Args[0])
	refuse("no local user", "", "hide", "Nobody")
	if !lineWith(users("", "list"), "Alex", "administrator") {
		t.Errorf("want Alex as administrator in:\n%s", users("", "list"))
	}
	if status := p.get("/Connect/Exchange"); status != http.StatusNotFound {
		t.Errorf("Connect without an agent: %d, want %d", status, http.StatusNotFound)
	}
	refused(t, "manage the local users of a Jellyfin server", "", "agent", "--data-dir="+folder, "--media-server=jellyfin", "users", "hide", "Alex")
	p.stop()
}

// postPictures sends two pictures as a local user: one that is nearly as large as allowed, and one
// that is too large.
func postPictures(t *testing.T, address string) {
	t.Helper()
	_, body := ask(t, http.MethodPost, address+"/Users/AuthenticateByName?username=Grandma&pw=second%20password", nil,
		"X-Emby-Authorization", `MediaBrowser Client="c", Device="d", DeviceId="i", Version="1"`)
	var signed struct {
		AccessToken string `json:"AccessToken"`
		User        struct {
			ID string `json:"Id"`
		} `json:"User"`
	}
	if err := json.Unmarshal([]byte(body), &signed); err != nil || signed.AccessToken == "" {
		t.Fatalf("%v, want some access token\n%s", err, body)
	}
	for side, want := range map[int]int{1000: http.StatusNoContent, 1300: http.StatusBadRequest} { // 4 bytes for each pixel
		noise := image.NewNRGBA(image.Rect(0, 0, side, side))
		_, _ = rand.Read(noise.Pix)
		var picture bytes.Buffer
		if err := png.Encode(&picture, noise); err != nil {
			t.Fatal(err)
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/Users/"+signed.User.ID+"/Images/Primary",
			strings.NewReader(base64.StdEncoding.EncodeToString(picture.Bytes())))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "image/png")
		request.Header.Set("X-Emby-Token", signed.AccessToken)
		answer, err := oneShot().Do(request)
		if want != http.StatusNoContent && (errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)) {
			continue // the server refused the picture and closed the connection before it had read everything
		}
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != want && (want == http.StatusNoContent || answer.StatusCode != http.StatusRequestEntityTooLarge) {
			t.Errorf("%d bytes: status %d, want %d", picture.Len(), answer.StatusCode, want)
		}
	}
}

func TestPortrait(t *testing.T) {
	t.Parallel()
	data, err := portrait(0x102030, 0x405060)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if r, g, b, _ := picture.At(128, 40).RGBA(); r>>8 != 0x10 || g>>8 != 0x20 || b>>8 != 0x30 {
		t.Errorf("colour of the hair %x %x %x, want 10 20 30", r>>8, g>>8, b>>8)
	}
	if r, g, b, _ := picture.At(128, 240).RGBA(); r>>8 != 0x40 || g>>8 != 0x50 || b>>8 != 0x60 {
		t.Errorf("colour of the shirt %x %x %x, want 40 50 60", r>>8, g>>8, b>>8)
	}
}

// TestLimitLocalUser limits what a local user sees of the catalogue, while the media server runs.
func TestLimitLocalUser(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "agent")
	flags := []string{"--data-dir=" + folder, "--media-server=builtin", "--catalogue=demo"}
	with := func(arguments ...string) []string { return append(append([]string{"agent"}, flags...), arguments...) }
	command(t, "a password\n", with("users", "add", "Kid")...)
	command(t, "a password\n", with("users", "add", "Boss", "--admin")...)
	p := launch(t, nil, with("builtin", "--listen=127.0.0.1:0")...)
	p.waitServing()
	address := "http://" + p.address
	_, body := ask(t, http.MethodPost, address+"/Users/AuthenticateByName?username=Kid&pw=a%20password", nil,
		"X-Emby-Authorization", `MediaBrowser Client="c", Device="d", DeviceId="i", Version="1"`)
	kid := first(t, body, `"AccessToken":"([^"]+)"`)
	items := func() (all int) {
		t.Helper()
		_, body := ask(t, http.MethodGet, address+"/Items?Recursive=true&Limit=0", nil, "X-Emby-Token", kid)
		var found struct {
			Total *int `json:"TotalRecordCount"`
		}
		if err := json.Unmarshal([]byte(body), &found); err != nil || found.Total == nil {
			t.Fatalf("got %s (%v), want a number of items", body, err)
		}
		return *found.Total
	}
	everything := items()
	less := everything
	for _, c := range []struct{ flag, says string }{
		{"--max-rating=PG", "Kid sees nothing rated higher than PG."},
		{"--unrated=hide", "Kid sees nothing rated higher than an age of 10; nothing without a rating."},
	} {
		if said := command(t, "", with("users", "limit", "Kid", c.flag)...); said != c.says+"\n" {
			t.Errorf("%s: got %q, want %q", c.flag, said, c.says)
		}
		if got := items(); got >= less || got == 0 {
			t.Errorf("%s: Kid sees %d items, want some, and fewer than %d", c.flag, got, less)
		} else {
			less = got
		}
	}
	if said := command(t, "", with("users", "limit", "kid", "--max-rating=any", "--unrated=show")...); said != "Kid sees everything in their libraries.\n" {
		t.Errorf("got %q, want that everything is seen", said)
	}
	if got := items(); got != everything {
		t.Errorf("Kid sees %d items, want all %d", got, everything)
	}
	command(t, "", with("users", "limit", "Kid", "--hide-tags=space, winter")...)
	const both = "Kid sees nothing with the tags space, winter; only things with one of the tags nothing has this.\n"
	if said := command(t, "", with("users", "limit", "Kid", "--only-tags=nothing has this")...); said != both {
		t.Errorf("got %q, want %q", said, both)
	}
	if got := items(); got != 0 {
		t.Errorf("Kid sees %d items with a tag that nothing has, want none", got)
	}
	refused(t, `max-rating: the rating "PG-12" is not known; known are US: Approved`, "", with("users", "limit", "Kid", "--max-rating=PG-12")...)
	refused(t, "Boss is an administrator of the media server and sees everything", "", with("users", "limit", "Boss", "--unrated=hide")...)
	refused(t, "no local user", "", with("users", "limit", "Nobody", "--unrated=hide")...)
}
