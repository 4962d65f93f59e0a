package builtin_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/agent/builtin"
)

func pngOf(t testing.TB, width, height int) []byte {
	t.Helper()
	picture := image.NewGray(image.Rect(0, 0, width, height))
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// bomb is a PNG of few bytes that says it is as large as can be.
func bomb() []byte {
	head := binary.BigEndian.AppendUint32([]byte("IHDR"), 1<<30)
	head = binary.BigEndian.AppendUint32(head, 1<<30)
	head = append(head, 8, 2, 0, 0, 0)
	b := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), head...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(head))
}

// webp is the beginning of a WebP file of one of its three kinds.
func webp(kind string, width, height int) []byte {
	chunk := make([]byte, 16)
	switch kind {
	case "VP8 ":
		copy(chunk[3:], "\x9d\x01\x2a")
		binary.LittleEndian.PutUint16(chunk[6:], uint16(width))
		binary.LittleEndian.PutUint16(chunk[8:], uint16(height))
	case "VP8L":
		chunk[0] = 0x2f
		binary.LittleEndian.PutUint32(chunk[1:], uint32(width-1)|uint32(height-1)<<14)
	case "VP8X":
		chunk[4], chunk[5], chunk[6] = byte(width-1), byte((width-1)>>8), byte((width-1)>>16)
		chunk[7], chunk[8], chunk[9] = byte(height-1), byte((height-1)>>8), byte((height-1)>>16)
	}
	b := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(4+8+len(chunk)))
	b = append(b, "WEBP"+kind...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(chunk)))
	return append(b, chunk...)
}

// jpegOf is a picture that has more in it: segments behind its start.
func jpegOf(t testing.TB, segments ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	picture := image.NewGray(image.Rect(0, 0, 9, 7))
	for i := range picture.Pix {
		picture.Pix[i] = byte(i * 4)
	}
	if err := jpeg.Encode(&b, picture, nil); err != nil {
		t.Fatal(err)
	}
	out := append([]byte{}, b.Bytes()[:2]...)
	for _, segment := range segments {
		out = append(out, 0xff, segment[0])
		out = binary.BigEndian.AppendUint16(out, uint16(len(segment)+1))
		out = append(out, segment[1:]...)
	}
	return append(append(out, b.Bytes()[2:]...), "PK trailing GPS"...)
}

// exif is an Exif segment with an orientation and a place.
func exif(order binary.AppendByteOrder, name string, way uint16) string {
	tiff := order.AppendUint16([]byte("\xe1Exif\x00\x00"+name), 42)
	tiff = order.AppendUint16(order.AppendUint32(tiff, 8), 2)
	tiff = order.AppendUint32(order.AppendUint32(order.AppendUint16(order.AppendUint16(tiff, 0x8825), 4), 1), 38) // the place
	tiff = order.AppendUint32(order.AppendUint16(order.AppendUint16(tiff, 0x0112), 3), 1)
	tiff = order.AppendUint16(order.AppendUint16(tiff, way), 0)
	return string(order.AppendUint32(tiff, 0)) + "GPS 48.1"
}

func chunk(kind, data string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(b, kind+data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// pngWith is a PNG with one chunk more.
func pngWith(t testing.TB, kind string) []byte {
	plain := pngOf(t, 3, 2)
	return append(append(append(append([]byte{}, plain[:33]...), chunk(kind, "GPS 48.1")...), plain[33:]...), "trailing GPS"...)
}

func webpWith(kind string) []byte {
	b := webp("VP8X", 3, 2)
	b[20] = 0x0c // says that it has both
	b = append(b, webp("VP8 ", 3, 2)[12:]...)
	b = append(append(b, kind...), 8, 0, 0, 0)
	b = append(b, "GPS 48.1"...)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return append(b, "trailing GPS"...)
}

// What a phone knows of a picture stays with who took it; which way up it is does
// not.
func TestPicturesAreStripped(t *testing.T) {
	t.Parallel()
	plain, err := jpeg.Decode(bytes.NewReader(jpegOf(t)))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		body []byte
		way  byte
	}{
		"no more":   {jpegOf(t), 0},
		"big":       {jpegOf(t, exif(binary.BigEndian, "MM", 6)), 6},
		"little":    {jpegOf(t, exif(binary.LittleEndian, "II", 8)), 8},
		"upright":   {jpegOf(t, exif(binary.LittleEndian, "II", 1)), 0},
		"nonsense":  {jpegOf(t, exif(binary.LittleEndian, "II", 9)), 0},
		"text":      {jpegOf(t, "\xfeGPS here", "\xe1http://ns.adobe.com/xap/1.0/\x00GPS", "\xedPhotoshop GPS", "\xe2MPF\x00GPS"), 0},
		"cut Exif":  {jpegOf(t, "\xe1Exif\x00\x00II*\x00\xff\xff\xff\xffGPS"), 0},
		"long Exif": {jpegOf(t, "\xe1Exif\x00\x00II*\x00\x08\x00\x00\x00\xff\xffGPS"), 0},
	} {
		got := builtin.Stripped(c.body)
		if bytes.Contains(got, []byte("GPS")) {
			t.Errorf("%s: the place is left: %q", name, got)
		}
		picture, err := jpeg.Decode(bytes.NewReader(got))
		if err != nil || picture.Bounds() != plain.Bounds() || !bytes.Equal(picture.(*image.Gray).Pix, plain.(*image.Gray).Pix) {
			t.Errorf("%s: another picture, %v", name, err)
		}
		way := byte(0)
		if at := bytes.Index(got, []byte("\x01\x12\x00\x03\x00\x00\x00\x01\x00")); at > 0 {
			way = got[at+9]
		}
		if way != c.way {
			t.Errorf("%s: turned by %d, want %d", name, way, c.way)
		}
	}
	profile := jpegOf(t, "\xe2ICC_PROFILE\x00colours", "\xeeAdobe")
	if got := builtin.Stripped(profile); !bytes.Contains(got, []byte("colours")) || !bytes.Contains(got, []byte("Adobe")) {
		t.Error("the colours are gone")
	}
	const restarts = "x\xff\xd3y\xff\x00z\xff\xff\xd9"
	if got := builtin.Stripped(bytes.Replace(jpegOf(t), []byte("\xff\xd9PK"), []byte(restarts+"PK"), 1)); !bytes.HasSuffix(got, []byte("x\xff\xd3y\xff\x00z\xff\xd9")) {
		t.Errorf("a scan with restarts: %q", got)
	}
	endless := bytes.TrimSuffix(jpegOf(t), []byte("\xff\xd9PK trailing GPS"))
	if _, err := jpeg.Decode(bytes.NewReader(builtin.Stripped(endless))); err != nil {
		t.Errorf("without its end: %v", err)
	}
	for _, kind := range []string{"tEXt", "eXIf", "iTXt", "zTXt", "tIME", "vpAg"} {
		got := builtin.Stripped(pngWith(t, kind))
		if !bytes.Equal(got, pngOf(t, 3, 2)) {
			t.Errorf("%s: %q", kind, got)
		}
	}
	if got := builtin.Stripped(pngWith(t, "iCCP")); !bytes.Contains(got, []byte("iCCP")) {
		t.Error("the colours are gone")
	}
	for _, kind := range []string{"EXIF", "XMP ", "else"} {
		got := builtin.Stripped(webpWith(kind))
		if bytes.Contains(got, []byte("GPS")) || builtin.PictureType(got) != "image/webp" || got[20] != 0 || !bytes.Contains(got, []byte("VP8 ")) ||
			int(binary.LittleEndian.Uint32(got[4:])) != len(got)-8 {
			t.Errorf("%s: %q", kind, got)
		}
	}
	odd := append(webp("VP8X", 3, 2), "EXIF\x07\x00\x00\x00GPS 48.\x00ALPH\x01\x00\x00\x00a\x00"...)
	binary.LittleEndian.PutUint32(odd[4:], uint32(len(odd)-8))
	if got := builtin.Stripped(odd); !bytes.HasSuffix(got, []byte("ALPH\x01\x00\x00\x00a\x00")) || bytes.Contains(got, []byte("GPS")) {
		t.Errorf("an odd length: %q", got)
	}
	for name, broken := range map[string][]byte{"JPEG": jpegOf(t, "\xe0JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")[:300], "PNG": pngOf(t, 3, 2)[:50], "WebP": append(webp("VP8X", 3, 2), "VP8 \xff\xff\xff\xff"...)} {
		if name == "WebP" {
			binary.LittleEndian.PutUint32(broken[4:], uint32(len(broken)-8))
		}
		if builtin.PictureType(broken) == "" {
			t.Errorf("%s is not what was meant", name)
		}
		if got := builtin.Stripped(broken); got != nil {
			t.Errorf("a broken %s became %q", name, got)
		}
	}
}

// Whatever is taken for a picture stays one of its type, and no larger.
func FuzzPicture(f *testing.F) {
	for _, seed := range [][]byte{
		jpegOf(f, exif(binary.BigEndian, "MM", 6), "\xfex"), pngWith(f, "tEXt"), webpWith("EXIF"), webp("VP8L", 3, 2), bomb(), []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		kind := builtin.PictureType(body)
		if kind == "" {
			return
		}
		got := builtin.Stripped(body)
		if got != nil && (builtin.PictureType(got) != kind || len(got) > len(body)+64) {
			t.Errorf("%s of %d bytes became %q of %d", kind, len(body), builtin.PictureType(got), len(got))
		}
	})
}

func TestPictureTypes(t *testing.T) {
	t.Parallel()
	var jpg, anim bytes.Buffer
	picture := image.NewGray(image.Rect(0, 0, 3, 2))
	if err := errors.Join(jpeg.Encode(&jpg, picture, nil), gif.Encode(&anim, picture, nil)); err != nil {
		t.Fatal(err)
	}
	short := webp("VP8 ", 3, 2)
	short = short[:len(short)-7]
	for name, c := range map[string]struct {
		body []byte
		want string
	}{
		"PNG": {pngOf(t, 3, 2), "image/png"}, "JPEG": {jpg.Bytes(), "image/jpeg"}, "GIF": {anim.Bytes(), "image/gif"},
		"WebP": {webp("VP8 ", 3, 2), "image/webp"}, "WebP, lossless": {webp("VP8L", 3, 2), "image/webp"}, "WebP, extended": {webp("VP8X", 3, 2), "image/webp"},
		"largest": {webp("VP8X", 5000, 5000), "image/webp"}, "too wide": {webp("VP8X", 5001, 1), ""}, "too high": {webp("VP8L", 1, 5001), ""},
		"lossy, too high": {webp("VP8 ", 1, 5001), ""}, "lossy, of no height": {webp("VP8 ", 1, 0), ""},
		"wide PNG": {pngOf(t, 5001, 1), ""}, "bomb": {bomb(), ""}, "WebP that is cut": {short, ""}, "WebP that is cut later": {webpWith("EXIF")[:60], ""}, "WebP of another kind": {webp("VP9 ", 3, 2), ""},
		"WebP of no bytes": {[]byte("RIFF\x00\x00\x00\x00WEBP"), ""},
		"SVG":              {[]byte(`<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><script>alert(1)</script></svg>`), ""},
		"HTML":             {[]byte("<!DOCTYPE html><script>alert(1)</script>"), ""}, "nothing": {nil, ""}, "PNG that is cut": {pngOf(t, 3, 2)[:20], ""},
		"too many bytes": {append(pngOf(t, 3, 2), make([]byte, 4<<20)...), ""},
	} {
		if got := builtin.PictureType(c.body); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

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
	body := pngOf(t, 40, 30)
	inBase64 := base64.StdEncoding.EncodeToString(body)
	for name, text := range map[string]string{
		"base64": inBase64, "no padding": strings.TrimRight(inBase64, "="), "in lines": inBase64[:60] + "\r\n" + inBase64[60:] + "\n", "data": "data:image/png;base64," + inBase64, "as it is": string(body),
	} {
		want(t, k.do(ask{method: "DELETE", path: path, header: map[string]string{"X-Emby-Token": token}}), 204)
		want(t, k.get(path, ""), 404)
		want(t, post(path, token, "image/svg+xml", text), 204) // what it is called does not matter
		w := k.get(strings.ToLower(path)+"/0?MaxWidth=100&Quality=90", "")
		if w.Code != 200 || w.Header().Get("Content-Type") != "image/png" || !bytes.Equal(w.Body.Bytes(), body) {
			t.Errorf("%s: %d of type %q", name, w.Code, w.Header().Get("Content-Type"))
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
	want(t, post(path+"/0", token, "image/png", base64.StdEncoding.EncodeToString(pngOf(t, 5, 5))), 204)
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
	good := base64.StdEncoding.EncodeToString(pngOf(t, 4, 4))
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
		"bomb":          {"POST", path + "Primary", token, base64.StdEncoding.EncodeToString(bomb()), 400},
		"huge":          {"POST", path + "Primary", token, strings.Repeat("A", 7<<20), 413},
		"huge inside":   {"POST", path + "Primary", token, base64.StdEncoding.EncodeToString(append(pngOf(t, 4, 4), make([]byte, 4<<20)...)), 400},
	} {
		w := k.do(ask{method: c.method, path: c.path, header: map[string]string{"X-Emby-Token": c.token, "Content-Type": "image/png"}, body: c.body})
		if w.Code != c.want {
			t.Errorf("%s: %d %s, want %d", name, w.Code, w.Body, c.want)
		}
	}
}
