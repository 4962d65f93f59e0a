//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/latchkey-media/latchkey/internal/picture/picturetest"
)

// choosePicture chooses a file in the form of a picture, as a person does in the dialogue of the browser.
func (v *visitor) choosePicture(name string, content []byte) {
	v.t.Helper()
	path := filepath.Join(v.t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		v.t.Fatal(err)
	}
	v.do(chromedp.SetUploadFiles("#picture", []string{path}, chromedp.ByQuery))
}

// A photo that is larger than the service takes is made small in the browser, shown at once, and saved.
func TestPictureIsMadeSmall(t *testing.T) {
	t.Parallel()
	s := serve(t)
	v := s.visit(t, phone, "en")
	signIn(v, s.account(t, "ada"))
	v.open("/account/picture")
	v.choosePicture("photo.png", picturetest.PNG(t, 6000, 1500))
	v.until(`document.querySelector("img.face")?.src.startsWith("data:image/png") && document.querySelector("#picture").files[0].name === "picture"`)
	v.push(`form[data-picture] button`, "/account")
	v.wantNotice("picture_saved")
	v.until(`(image => image.complete && image.naturalWidth === 512 && image.naturalHeight === 128)(document.querySelector("img.face"))`)
	v.open("/account/picture")
	v.push(`form[action$="/remove"] button`, "/account")
	v.wantNotice("picture_removed")
	v.until(`document.querySelector("span.face") !== null`)
}

// Without scripts the browser sends a picture as it is. A file that is not a picture is refused in the
// form itself.
func TestPictureWithoutScripts(t *testing.T) {
	t.Parallel()
	s := serve(t)
	v := s.visit(t, phone, "en").withoutScripts()
	signIn(v, s.account(t, "ada"))
	v.open("/account/picture")
	v.choosePicture("letter.png", []byte("no picture"))
	v.push(`form[data-picture] button`, "/account/picture")
	v.wantError("picture", v.says("error.picture_invalid"))
	v.choosePicture("photo.png", picturetest.PNG(t, 600, 600))
	v.push(`form[data-picture] button`, "/account")
	v.wantNotice("picture_saved")
}
