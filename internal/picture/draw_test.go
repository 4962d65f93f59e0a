package picture_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/internal/picture"
	"github.com/latchkey-media/latchkey/internal/picture/picturetest"
)

// drawnSide is the number of pixels of a drawn picture on its longer side.
const drawnSide = 1000

// webpHead returns the beginning of a WebP file of one of its three kinds.
func webpHead(kind string, width, height int) []byte {
	chunk := make([]byte, 10)
	switch kind {
	case "VP8 ":
		chunk[0] = 0x10 // a key frame that is shown
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

// webpFile returns a WebP file of 3 by 2 pixels, made with cwebp, gif2webp and webpmux.
func webpFile(t testing.TB, kind string) []byte {
	t.Helper()
	file, err := base64.StdEncoding.DecodeString(map[string]string{
		"lossy":    "UklGRkAAAABXRUJQVlA4IDQAAADQAQCdASoDAAIAAsBMJagCdAEO/gOOAAD+5tDKWn06VFYxNHDv7W5b7i/t3+80Rfbt6AAA",
		"lossless": "UklGRi4AAABXRUJQVlA4TCIAAAAvAkAAAC8wZAKBJMRRRxyZ+Q8WIowBgQBlrDjglIj+x/IC",
		"transparent": "UklGRmQAAABXRUJQVlA4WAoAAAAQAAAAAgAAAQAAQUxQSAcAAAAAAP//AP//AFZQOCA2AAAAsAEAnQEqAwACAALATCWoAnQBDiPqAAD+3bI2kx65+Q5TkaAzqbG7/ZeK" +
			"8X9Dn6hwDxZiAAAA",
		"with a place": "UklGRmwAAABXRUJQVlA4WAoAAAAIAAAAAgAAAQAAVlA4IDQAAADQAQCdASoDAAIAAsBMJagCdAEO/gOOAAD+5tDKWn06VFYxNHDv7W5b7i/t3+80Rfbt6AAARVhJRhIA" +
			"AABFeGlmAABNTQAqR1BTIDQ4LjE=",
		"animated": "UklGRoQAAABXRUJQVlA4WAoAAAACAAAAAgAAAQAAQU5JTQYAAAD/////AABBTk1GKgAAAAAAAAAAAAIAAAEAAGQAAAJWUDhMEQAAAC8CQAAAB9D//ve//4GI6H8AAEFOTUYm" +
			"AAAAAAAAAAAAAgAAAQAAZAAAAFZQOEwOAAAALwJAAAAHEBH9D0RE/wM=",
	}[kind])
	if err != nil || len(file) == 0 {
		t.Fatalf("no WebP file %q: %v", kind, err)
	}
	return file
}

// jpegOf returns a JPEG of 40 by 20 pixels that is light in its upper left corner, with
// segments after its start. The first byte of each segment is its mark.
func jpegOf(t testing.TB, segments ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	shown := image.NewGray(image.Rect(0, 0, 40, 20))
	for y := range 10 {
		for x := range 20 {
			shown.SetGray(x, y, color.Gray{Y: 255})
		}
	}
	if err := jpeg.Encode(&b, shown, nil); err != nil {
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

// exif returns an Exif segment with a place and an orientation.
func exif(order binary.AppendByteOrder, name string, orientation uint16) string {
	tiff := order.AppendUint16([]byte("\xe1Exif\x00\x00"+name), 42)
	tiff = order.AppendUint16(order.AppendUint32(tiff, 8), 2)
	tiff = order.AppendUint32(order.AppendUint32(order.AppendUint16(order.AppendUint16(tiff, 0x8825), 4), 1), 38) // the place
	tiff = order.AppendUint32(order.AppendUint16(order.AppendUint16(tiff, 0x0112), 3), 1)
	tiff = order.AppendUint16(order.AppendUint16(tiff, orientation), 0)
	return string(order.AppendUint32(tiff, 0)) + "GPS 48.1"
}

func chunk(kind, data string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(b, kind+data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// pngWith returns a PNG with an additional chunk, and with a text after its end.
func pngWith(t testing.TB, kind string) []byte {
	plain := picturetest.PNG(t, 3, 2)
	return append(append(append(append([]byte{}, plain[:33]...), chunk(kind, "GPS 48.1")...), plain[33:]...), "trailing GPS"...)
}

// redrawn returns the picture that a file becomes, and fails if anything of the file except
// the picture is left.
func redrawn(t *testing.T, name string, file []byte) (out image.Image, contentType string) {
	t.Helper()
	contentType, drawn, err := (&picture.Drawer{Side: drawnSide}).Draw(file)
	if err != nil {
		t.Errorf("%s: %v, want a picture", name, err)
		return image.NewGray(image.Rect(0, 0, 1, 1)), ""
	}
	for _, rest := range []string{"GPS", "Exif", "trailing"} {
		if bytes.Contains(drawn, []byte(rest)) {
			t.Errorf("%s: %q is left in the file", name, rest)
		}
	}
	out, format, err := image.Decode(bytes.NewReader(drawn))
	if err != nil || contentType != "image/"+format {
		t.Errorf("%s: a file of format %q (%v), want %s", name, format, err, contentType)
	}
	return out, contentType
}

// The metadata of a picture is removed; the picture is turned as its metadata says.
func TestPicturesLoseTheirMetadata(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file  []byte
		sides string
		light string // the corner that is light
	}{
		"nothing more":        {jpegOf(t), "wide", "upper left"},
		"upright":             {jpegOf(t, exif(binary.LittleEndian, "II", 1)), "wide", "upper left"},
		"mirrored":            {jpegOf(t, exif(binary.LittleEndian, "II", 2)), "wide", "upper right"},
		"upside down":         {jpegOf(t, exif(binary.BigEndian, "MM", 3)), "wide", "lower right"},
		"mirrored, down":      {jpegOf(t, exif(binary.BigEndian, "MM", 4)), "wide", "lower left"},
		"transposed":          {jpegOf(t, exif(binary.BigEndian, "MM", 5)), "high", "upper left"},
		"to the right":        {jpegOf(t, exif(binary.BigEndian, "MM", 6)), "high", "upper right"},
		"transposed, down":    {jpegOf(t, exif(binary.BigEndian, "MM", 7)), "high", "lower right"},
		"to the left":         {jpegOf(t, exif(binary.LittleEndian, "II", 8)), "high", "lower left"},
		"unknown orientation": {jpegOf(t, exif(binary.LittleEndian, "II", 9)), "wide", "upper left"},
		"texts":               {jpegOf(t, "\xfeGPS here", "\xe1http://ns.adobe.com/xap/1.0/\x00GPS", "\xedPhotoshop GPS", "\xe2MPF\x00GPS"), "wide", "upper left"},
		"short Exif":          {jpegOf(t, "\xe1Exif\x00\x00II*\x00\xff\xff\xff\xffGPS"), "wide", "upper left"},
		"Exif out of bounds":  {jpegOf(t, "\xe1Exif\x00\x00II*\x00\x08\x00\x00\x00\xff\xffGPS"), "wide", "upper left"},
		"without its end":     {bytes.TrimSuffix(jpegOf(t), []byte("\xff\xd9PK trailing GPS")), "wide", "upper left"},
	} {
		shown, _ := redrawn(t, name, c.file)
		width, height := shown.Bounds().Dx(), shown.Bounds().Dy()
		if want := map[string]image.Point{"wide": {40, 20}, "high": {20, 40}}[c.sides]; shown.Bounds().Size() != want {
			t.Errorf("%s: %d by %d pixels, want %v", name, width, height, want)
			continue
		}
		for corner, at := range map[string]image.Point{
			"upper left": {2, 2}, "upper right": {width - 3, 2}, "lower left": {2, height - 3}, "lower right": {width - 3, height - 3},
		} {
			if light := color.GrayModel.Convert(shown.At(at.X, at.Y)).(color.Gray).Y > 128; light != (corner == c.light) {
				t.Errorf("%s: the corner %s is light: %v, want the light one %s", name, corner, light, c.light)
			}
		}
	}
	for _, kind := range []string{"tEXt", "eXIf", "iTXt", "zTXt", "tIME", "vpAg"} {
		redrawn(t, kind, pngWith(t, kind))
	}
	redrawn(t, "WebP", webpFile(t, "with a place"))
}

// A picture keeps what it shows: its proportions, its transparent parts, and the first
// frame of an animation.
func TestPicturesAreDrawnAnew(t *testing.T) {
	t.Parallel()
	frame := func(shade color.Color) *image.Paletted {
		p := image.NewPaletted(image.Rect(0, 0, 3, 2), color.Palette{shade, color.Transparent})
		return p
	}
	var animated, clear bytes.Buffer
	if err := gif.EncodeAll(&animated, &gif.GIF{Image: []*image.Paletted{frame(color.White), frame(color.Black)}, Delay: []int{1, 1}}); err != nil {
		t.Fatal(err)
	}
	half := image.NewNRGBA(image.Rect(0, 0, 2, 1))
	half.Set(0, 0, color.NRGBA{R: 200, A: 255})
	if err := png.Encode(&clear, half); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		file []byte
		size image.Point
		want string
	}{
		"PNG": {picturetest.PNG(t, 3, 2), image.Pt(3, 2), "image/jpeg"}, "GIF": {animated.Bytes(), image.Pt(3, 2), "image/jpeg"},
		"WebP": {webpFile(t, "lossy"), image.Pt(3, 2), "image/jpeg"}, "WebP, lossless": {webpFile(t, "lossless"), image.Pt(3, 2), "image/jpeg"},
		"WebP, transparent": {webpFile(t, "transparent"), image.Pt(3, 2), "image/png"}, "PNG, transparent": {clear.Bytes(), image.Pt(2, 1), "image/png"},
		"largest": {picturetest.PNG(t, 5000, 5000), image.Pt(1000, 1000), "image/jpeg"}, "wide": {picturetest.PNG(t, 5000, 1250), image.Pt(1000, 250), "image/jpeg"},
		"a line": {picturetest.PNG(t, 1, 5000), image.Pt(1, 1000), "image/jpeg"}, "a little too large": {picturetest.PNG(t, 1100, 550), image.Pt(1000, 500), "image/jpeg"},
	} {
		shown, contentType := redrawn(t, name, c.file)
		if contentType != c.want || shown.Bounds().Size() != c.size {
			t.Errorf("%s: %s of %v, want %s of %v", name, contentType, shown.Bounds().Size(), c.want, c.size)
		}
	}
	shown, _ := redrawn(t, "GIF", animated.Bytes())
	if got := color.GrayModel.Convert(shown.At(1, 1)).(color.Gray).Y; got < 250 {
		t.Errorf("the GIF has shade %d, want its white first frame", got)
	}
	shown, _ = redrawn(t, "PNG", clear.Bytes())
	for x, want := range []color.NRGBA{{R: 200, A: 255}, {}} {
		if got := color.NRGBAModel.Convert(shown.At(x, 0)); got != want {
			t.Errorf("pixel %d of the transparent PNG is %v, want %v", x, got, want)
		}
	}
}

// Files that are too large, broken or of another kind are refused. Files that would cost much
// to decode are refused as soon as their head is read.
func TestPictureFilesAreRefused(t *testing.T) {
	t.Parallel()
	// The canvas is small, but the picture in it is huge: 16,383 pixels on each side.
	mismatch := append(webpHead("VP8X", 3, 2), webpHead("VP8L", 16383, 16383)[12:]...)
	binary.LittleEndian.PutUint32(mismatch[4:], uint32(len(mismatch)-8))
	cutLater := webpFile(t, "with a place")[:60]
	scans := strings.Repeat("\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00", 101)
	for name, c := range map[string]struct {
		file   []byte
		byHead bool
	}{
		"too wide": {webpHead("VP8X", 5001, 1), true}, "too high": {webpHead("VP8L", 1, 5001), true}, "lossy, too high": {webpHead("VP8 ", 1, 5001), true},
		"lossy, of no height": {webpHead("VP8 ", 1, 0), true}, "wide PNG": {picturetest.PNG(t, 5001, 1), true}, "bomb": {picturetest.Bomb(), true},
		"many scans":      {bytes.Replace(jpegOf(t), []byte("\xff\xd9PK"), []byte(scans+"\xff\xd9PK"), 1), true},
		"too many bytes":  {append(picturetest.PNG(t, 3, 2), make([]byte, picture.BytesMax)...), true},
		"bomb in a WebP":  {mismatch, false},
		"WebP, animated":  {webpFile(t, "animated"), false},
		"WebP, cut later": {cutLater, false}, "WebP, cut": {webpHead("VP8 ", 3, 2)[:24], true}, "WebP of another kind": {webpHead("VP9 ", 3, 2), true},
		"WebP of no bytes": {[]byte("RIFF\x00\x00\x00\x00WEBP"), true},
		"JPEG, cut":        {jpegOf(t)[:300], true}, "PNG, cut": {picturetest.PNG(t, 3, 2)[:50], false}, "PNG, cut in its head": {picturetest.PNG(t, 3, 2)[:20], true},
		"GIF of no frame": {[]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), false},
		"SVG":             {[]byte(`<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><script>alert(1)</script></svg>`), true},
		"HTML":            {[]byte("<!DOCTYPE html><script>alert(1)</script>"), true}, "nothing": {nil, true},
	} {
		if got := picture.Format(c.file); (got == "") != c.byHead {
			t.Errorf("%s: format %q, refused by its head: want %v", name, got, c.byHead)
		}
		if contentType, _, err := (&picture.Drawer{Side: drawnSide}).Draw(c.file); !errors.Is(err, picture.ErrFile) {
			t.Errorf("%s: %q, error %v, want %v", name, contentType, err, picture.ErrFile)
		}
	}
}

// Every file is refused or becomes a picture within the limits.
func FuzzPicture(f *testing.F) {
	for _, seed := range [][]byte{
		jpegOf(f, exif(binary.BigEndian, "MM", 6), "\xfex"), pngWith(f, "tEXt"), webpFile(f, "with a place"), webpFile(f, "transparent"), webpFile(f, "lossless"),
		picturetest.Bomb(), []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		contentType, drawn, err := (&picture.Drawer{Side: drawnSide}).Draw(file)
		if errors.Is(err, picture.ErrFile) {
			return
		}
		config, format, decodeErr := image.DecodeConfig(bytes.NewReader(drawn))
		if err := errors.Join(err, decodeErr); err != nil || contentType != "image/"+format || max(config.Width, config.Height) > drawnSide {
			t.Errorf("%s, %d by %d pixels (%v), want at most 1000 on each side", contentType, config.Width, config.Height, err)
		}
	})
}
