package builtin_test

import (
	"encoding/base64"
	"image/jpeg"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/internal/picture/picturetest"
)

func TestPictures(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	user := k.add("alice", "x", false)
	token := k.mint(user)
	path := "/emby/users/" + user.ID + "/Images/Primary"
	post := func(path, token, contentType, body string) *httptest.ResponseRecorder {
		return k.do(ask{method: "POST", path: path, header: map[string]string{"X-Emby-Token": token, "Content-Type": contentType}, body: body})
	}
	want(t, k.get(path, ""), 404)
	body := picturetest.PNG(t, 40, 30)
	inBase64 := base64.StdEncoding.EncodeToString(body)
	for name, text := range map[string]string{
		"base64": inBase64, "no padding": strings.TrimRight(inBase64, "="), "in lines": inBase64[:60] + "\r\n" + inBase64[60:] + "\n", "data": "data:image/png;base64," + inBase64, "as it is": string(body),
	} {
		want(t, k.do(ask{method: "DELETE", path: path, header: map[string]string{"X-Emby-Token": token}}), 204)
		want(t, k.get(path, ""), 404)
		want(t, post(path, token, "image/svg+xml", text), 204) // the type that the request names does not matter
		w := k.get(strings.ToLower(path)+"/0?MaxWidth=100&Quality=90", "")
		if kind := w.Header().Get("Content-Type"); w.Code != 200 || kind != "image/jpeg" {
			t.Errorf("%s: status %d and type %q, want 200 and a JPEG", name, w.Code, kind)
		}
		if config, err := jpeg.DecodeConfig(w.Body); err != nil || config.Width != 40 || config.Height != 30 {
			t.Errorf("%s: %d by %d pixels (%v), want 40 by 30", name, config.Width, config.Height, err)
		}
	}
	found, err := k.User(t.Context(), user.ID)
	if err != nil || found.PictureTag == "" {
		t.Fatalf("%+v, %v", found, err)
	}
	w := k.get(path+"?tag="+found.PictureTag, "")
	etag := w.Header().Get("ETag")
	if etag != `"`+found.PictureTag+`"` || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") ||
		w.Header().Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(w.Header().Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("headers %v", w.Header())
	}
	if w := k.get(path+"?tag=old", ""); !strings.Contains(w.Header().Get("Cache-Control"), "no-cache") {
		t.Errorf("an old tag is kept: %v", w.Header())
	}
	w = k.do(ask{method: "GET", path: path, header: map[string]string{"If-None-Match": etag}})
	if w.Code != 304 || w.Body.Len() != 0 {
		t.Errorf("not modified: %d, %d bytes", w.Code, w.Body.Len())
	}
	w = k.do(ask{method: "HEAD", path: path})
	if w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Length") == "" || w.Header().Get("ETag") != etag {
		t.Errorf("HEAD: %d, %d bytes, %v", w.Code, w.Body.Len(), w.Header())
	}
	want(t, post(path+"/0", token, "image/png", base64.StdEncoding.EncodeToString(picturetest.PNG(t, 5, 5))), 204)
	if w := k.get(path, ""); w.Header().Get("ETag") == etag {
		t.Error("another picture has the same tag")
	}
	want(t, post(path+"/Delete", token, "", ""), 204)
	want(t, k.get(path, ""), 404)
	if found, _ = k.User(t.Context(), user.ID); found.PictureTag != "" {
		t.Error("the tag is left")
	}
}

func TestPicturesRefused(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	user, other, admin := k.add("alice", "x", false), k.add("bob", "x", false), k.add("carol", "x", true)
	token, admins := k.mint(user), k.mint(admin)
	good := base64.StdEncoding.EncodeToString(picturetest.PNG(t, 4, 4))
	path := "/Users/" + user.ID + "/Images/"
	for name, c := range map[string]struct {
		method, path, token, body string
		want                      int
	}{
		"no token":      {"POST", path + "Primary", "", good, 401},
		"of another":    {"POST", "/Users/" + other.ID + "/Images/Primary", token, good, 403},
		"by an admin":   {"POST", path + "Primary", admins, good, 204},
		"of nobody":     {"POST", "/Users/" + strings.Repeat("0", 32) + "/Images/Primary", admins, good, 404},
		"delete others": {"DELETE", "/Users/" + other.ID + "/Images/Primary", token, "", 403},
		"another type":  {"POST", path + "Logo", token, good, 404},
		"second":        {"POST", path + "Primary/1", token, good, 404},
		"second, query": {"POST", path + "Primary?Index=1", token, good, 404},
		"path tricks":   {"GET", path + "..%2f..%2fetc%2fpasswd", token, "", 404},
		"path tricks 2": {"GET", path + "Primary/..", token, "", 404},
		"odd id":        {"GET", "/Users/..%2f" + user.ID + "/Images/Primary", token, "", 404},
		"SVG":           {"POST", path + "Primary", token, base64.StdEncoding.EncodeToString([]byte("<svg/>")), 400},
		"no base64":     {"POST", path + "Primary", token, "%%%", 400},
		"nothing":       {"POST", path + "Primary", token, "", 400},
		"bomb":          {"POST", path + "Primary", token, base64.StdEncoding.EncodeToString(picturetest.Bomb()), 400},
		"huge":          {"POST", path + "Primary", token, strings.Repeat("A", 8<<20), 413},
		"huge inside":   {"POST", path + "Primary", token, base64.StdEncoding.EncodeToString(append(picturetest.PNG(t, 4, 4), make([]byte, 5<<20)...)), 400},
	} {
		w := k.do(ask{method: c.method, path: c.path, header: map[string]string{"X-Emby-Token": c.token, "Content-Type": "image/png"}, body: c.body})
		if w.Code != c.want {
			t.Errorf("%s: %d %s, want %d", name, w.Code, w.Body, c.want)
		}
	}
}
