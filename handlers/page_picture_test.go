package handlers_test

import (
	"bytes"
	"image"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/internal/picture"
	"github.com/latchkey-media/latchkey/internal/picture/picturetest"
)

// upload sends a form with a file, as a browser does from a page of this site.
func (b *browser) upload(path, field string, file []byte) answer {
	b.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile(field, "picture.png")
	if err == nil {
		_, err = part.Write(file)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		b.t.Fatal(err)
	}
	request := b.request(http.MethodPost, path, body.String())
	request.Header.Set("Content-Type", form.FormDataContentType())
	request.Header.Set("Origin", b.URL)
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.send(request)
}

// pictureIn returns the address of the first picture on a page, or "".
func pictureIn(a answer) string {
	return regexp.MustCompile(`/pictures/[\w-]*`).FindString(a.body)
}

// A person chooses a picture, everybody who has its address sees it, and the person removes it.
func TestPicture(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b, stranger := s.browser(t), s.browser(t)
	b.signIn(b.join("ann"))
	b.see(b.get("/account"), http.StatusOK, "Change picture")
	if got := pictureIn(b.get("/account")); got != "" {
		t.Errorf("the account has the picture %s, want none", got)
	}
	b.led(b.upload("/account/picture", "picture", picturetest.PNG(t, 600, 300)), "/account", "The picture is saved.")
	address := pictureIn(b.get("/account"))
	shown := stranger.get(address)
	shape, _, err := image.DecodeConfig(strings.NewReader(shown.body))
	if err != nil || shape.Width != 512 || shape.Height != 256 || shown.header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("got %s of %d by %d pixels (%v), want a JPEG of 512 by 256", shown.header.Get("Content-Type"), shape.Width, shape.Height, err)
	}
	for name, want := range map[string]string{
		"Cache-Control": "private, max-age=604800, immutable", "Cross-Origin-Resource-Policy": "cross-origin", "X-Content-Type-Options": "nosniff",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
	} {
		if got := shown.header.Get(name); got != want {
			t.Errorf("the picture has %s %q, want %q", name, got, want)
		}
	}
	b.see(b.get("/account/picture"), http.StatusOK, address, "Remove the picture")
	b.led(b.post("/account/picture/remove"), "/account", "The picture is removed.")
	stranger.see(stranger.get(address), http.StatusNotFound)
	for _, odd := range []string{"/pictures/x", "/pictures/%00", "/pictures/" + strings.Repeat("A", 22), "/pictures/" + strings.Repeat("A", 4000)} {
		stranger.see(stranger.get(odd), http.StatusNotFound)
	}
}

// A file that is not a picture is refused on the page itself, and the picture from before
// stays.
func TestPictureThatIsNone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	b.signIn(b.join("ann"))
	b.led(b.upload("/account/picture", "picture", picturetest.PNG(t, 9, 9)), "/account")
	address := pictureIn(b.get("/account"))
	for name, file := range map[string][]byte{
		"nothing": nil, "text": []byte("<svg onload=alert(1)>"), "bomb": picturetest.Bomb(),
		"too large": append(picturetest.PNG(t, 9, 9), make([]byte, picture.BytesMax)...),
	} {
		a := b.upload("/account/picture", "picture", file)
		if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "This is not a picture that we can read.") {
			t.Errorf("%s: status %d, want 422 with the mistake\n%s", name, a.status, summary(a.body))
		}
		if got := pictureIn(a); got != address {
			t.Errorf("%s: the page has the picture %q, want %s", name, got, address)
		}
	}
	b.see(b.upload("/account/picture", "another", picturetest.PNG(t, 9, 9)), http.StatusBadRequest)
	b.see(b.post("/account/picture", "picture", "x"), http.StatusUnsupportedMediaType)
	b.see(b.upload("/account/picture", "picture", make([]byte, 26<<20)), http.StatusRequestEntityTooLarge)
}

// The owner gives a server a picture; another person cannot.
func TestServerPicture(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, other := s.browser(t), s.browser(t)
	owner.signIn(owner.join("ann"))
	other.signIn(other.join("bob"))
	attic := owner.runsAttic()
	path := attic.page() + "/picture"
	owner.see(owner.get(path), http.StatusOK, "Picture of ")
	owner.see(owner.upload(path, "picture", []byte("x")), http.StatusUnprocessableEntity, "This is not a picture that we can read.")
	owner.led(owner.upload(path, "picture", picturetest.PNG(t, 64, 64)), attic.page()+"/settings", "The picture is saved.")
	address := pictureIn(owner.get("/servers"))
	other.see(other.get(address), http.StatusOK)
	for _, a := range []answer{other.get(path), other.upload(path, "picture", picturetest.PNG(t, 8, 8)), other.post(path + "/remove")} {
		other.see(a, http.StatusNotFound)
	}
	owner.led(owner.post(path+"/remove"), attic.page()+"/settings", "The picture is removed.")
	other.see(other.get(address), http.StatusNotFound)
}
