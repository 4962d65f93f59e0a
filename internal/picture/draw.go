// Package picture redraws the pictures of people and servers, so that the files hold only what
// people see.
package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // registers the format
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"sync"

	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"
	_ "golang.org/x/image/webp" // registers the format
)

// BytesMax is the greatest size of a file that is accepted, in bytes.
const BytesMax = 5 << 20

const (
	sideMax  = 5000 // pixels of a file that is accepted, on each side
	scansMax = 100  // of a JPEG file; cameras and programs write at most about ten
	quality  = 90   // of a drawn JPEG picture, in percent
)

// ErrFile means that a file is not accepted as a picture, or is broken.
var ErrFile = errors.New("the picture must be a PNG, JPEG, GIF or (not animated) WebP file of at most 5 MiB and 5,000 pixels on each side")

// Drawer redraws pictures. It draws one at a time, because a large picture takes much memory. Its
// methods may be called at the same time.
type Drawer struct {
	Side int // pixels of a drawn picture, on its longer side

	one sync.Mutex
}

// Format returns the format of a file that is accepted as a picture: "jpeg", "png",
// "gif" or "webp". It returns "" for all other files, and for a picture over one of the
// limits. It reads only the beginning of a file, so that a small file that claims to hold a
// huge picture costs nothing.
func Format(file []byte) string {
	if len(file) > BytesMax {
		return ""
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(file))
	if err != nil || config.Width < 1 || config.Height < 1 || config.Width > sideMax || config.Height > sideMax {
		return ""
	}
	// Each scan costs as much work as a whole picture, although an empty scan has only a
	// few bytes.
	if format == "jpeg" && bytes.Count(file, []byte("\xff\xda")) > scansMax {
		return ""
	}
	return format
}

// Draw decodes a picture and encodes it as a new file: upright, and not larger than d.Side. Pictures are shown to
// other people, and the files of phones contain the place and the time of the picture, so only the
// pixels of a file are kept. The result is a JPEG, or a PNG if parts of the picture are transparent; of
// an animation it is the first frame. Draw returns [ErrFile] for a file that is not accepted or broken.
func (d *Drawer) Draw(file []byte) (contentType string, drawn []byte, err error) {
	format := Format(file)
	if format == "" {
		return "", nil, ErrFile
	}
	// Many programs leave out the end of a JPEG file, so it is added here. It does no harm
	// after a complete file of any format.
	d.one.Lock()
	defer d.one.Unlock()
	source, _, err := image.Decode(io.MultiReader(bytes.NewReader(file), strings.NewReader("\xff\xd9")))
	if err != nil {
		return "", nil, ErrFile
	}
	picture := scaled(source, d.Side)
	if format == "jpeg" {
		picture = upright(picture, orientation(file))
	}
	var out bytes.Buffer
	if picture.Opaque() {
		contentType, err = "image/jpeg", jpeg.Encode(&out, picture, &jpeg.Options{Quality: quality})
	} else {
		contentType, err = "image/png", png.Encode(&out, picture)
	}
	if err != nil {
		return "", nil, fmt.Errorf("encode a picture: %w", err)
	}
	return contentType, out.Bytes(), nil
}

// scaled returns a copy of a picture whose longer side has at most that many pixels. It halves the
// picture step by step until it is that small: each step mixes all pixels, and needs little memory.
func scaled(source image.Image, most int) *image.RGBA {
	full := source.Bounds().Size()
	longer := max(full.X, full.Y)
	for side := longer; ; {
		side = min(side, max(most, side/2))
		drawn := image.NewRGBA(image.Rect(0, 0, max(1, full.X*side/longer), max(1, full.Y*side/longer)))
		draw.ApproxBiLinear.Scale(drawn, drawn.Bounds(), source, source.Bounds(), draw.Src, nil)
		if side <= most {
			return drawn
		}
		source = drawn
	}
}

// upright returns a copy of a picture, turned and mirrored as its Exif orientation
// says.
func upright(picture *image.RGBA, orientation uint16) *image.RGBA {
	width, height := picture.Bounds().Dx(), picture.Bounds().Dy()
	w, h := float64(width), float64(height)
	// Each matrix maps a point of the file to a point of the upright picture.
	matrix, ok := map[uint16]f64.Aff3{
		2: {-1, 0, w, 0, 1, 0},
		3: {-1, 0, w, 0, -1, h},
		4: {1, 0, 0, 0, -1, h},
		5: {0, 1, 0, 1, 0, 0},
		6: {0, -1, h, 1, 0, 0},
		7: {0, -1, h, -1, 0, w},
		8: {0, 1, 0, -1, 0, w},
	}[orientation]
	if !ok {
		return picture
	}
	if orientation >= 5 {
		width, height = height, width
	}
	turned := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.NearestNeighbor.Transform(turned, matrix, picture, picture.Bounds(), draw.Src, nil)
	return turned
}

// orientation returns the Exif orientation of a JPEG file, which is the only field of its
// metadata that is read. The value is 1 to 8, where 1 is upright, or 0 if the field is
// missing or broken.
func orientation(file []byte) uint16 {
	_, tiff, _ := bytes.Cut(file, []byte("Exif\x00\x00"))
	if len(tiff) < 8 {
		return 0
	}
	var order binary.ByteOrder = binary.BigEndian
	if string(tiff[:2]) == "II" {
		order = binary.LittleEndian
	}
	start := uint64(order.Uint32(tiff[4:]))
	if start+2 > uint64(len(tiff)) {
		return 0
	}
	entries := tiff[start+2:]
	for range order.Uint16(tiff[start:]) {
		if len(entries) < 12 {
			return 0
		}
		const orientationTag = 0x0112
		if order.Uint16(entries) == orientationTag {
			return order.Uint16(entries[8:])
		}
		entries = entries[12:]
	}
	return 0
}
