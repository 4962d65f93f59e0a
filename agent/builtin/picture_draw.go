package builtin

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	_ "image/gif" // registers the format
	"image/jpeg"
	"image/png"
	"io"
	"strings"

	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"
	_ "golang.org/x/image/webp" // registers the format
)

const (
	pictureBytesMax  = 4 << 20 // of a file that is accepted
	pictureSideMax   = 5000    // pixels of a file that is accepted, on each side
	pictureScansMax  = 100     // of a JPEG file; cameras and programs write at most about ten
	pictureDrawnSide = 1000    // pixels of a stored picture, on its longer side
	pictureQuality   = 90      // of a stored JPEG picture, in percent
)

// pictureFormat returns the format of a file that is accepted as a picture: "jpeg", "png",
// "gif" or "webp". It returns "" for all other files, and for a picture over one of the
// limits. It reads only the beginning of a file, so that a small file that claims to hold a
// huge picture costs nothing.
func pictureFormat(file []byte) string {
	if len(file) > pictureBytesMax {
		return ""
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(file))
	if err != nil || config.Width < 1 || config.Height < 1 || config.Width > pictureSideMax || config.Height > pictureSideMax {
		return ""
	}
	// Each scan costs as much work as a whole picture, although an empty scan has only a
	// few bytes.
	if format == "jpeg" && bytes.Count(file, []byte("\xff\xda")) > pictureScansMax {
		return ""
	}
	return format
}

// redraw decodes a picture and encodes it anew: upright, and not larger than a sign-in page
// needs. Pictures are shown to everybody who reaches that page, and the files of phones
// contain the place and the time of the picture, so only the pixels of a file are kept. The
// result is a JPEG, or a PNG if parts of the picture are transparent; of an animation it is
// the first frame. redraw returns [ErrPicture] for a file that is not accepted or broken.
func redraw(file []byte) (contentType string, drawn []byte, err error) {
	format := pictureFormat(file)
	if format == "" {
		return "", nil, ErrPicture
	}
	// Many programs leave out the end of a JPEG file, so it is added here. It does no harm
	// after a complete file of any format.
	source, _, err := image.Decode(io.MultiReader(bytes.NewReader(file), strings.NewReader("\xff\xd9")))
	if err != nil {
		return "", nil, ErrPicture
	}
	picture := scaled(source)
	if format == "jpeg" {
		picture = upright(picture, orientation(file))
	}
	var out bytes.Buffer
	if picture.Opaque() {
		contentType, err = "image/jpeg", jpeg.Encode(&out, picture, &jpeg.Options{Quality: pictureQuality})
	} else {
		contentType, err = "image/png", png.Encode(&out, picture)
	}
	if err != nil {
		return "", nil, fmt.Errorf("encode a picture: %w", err)
	}
	return contentType, out.Bytes(), nil
}

// scaled returns a copy of a picture whose longer side has at most pictureDrawnSide
// pixels. It halves the picture step by step until it is that small: each step mixes
// all pixels, and needs little memory.
func scaled(source image.Image) *image.RGBA {
	full := source.Bounds().Size()
	longer := max(full.X, full.Y)
	for side := longer; ; {
		side = min(side, max(pictureDrawnSide, side/2))
		drawn := image.NewRGBA(image.Rect(0, 0, max(1, full.X*side/longer), max(1, full.Y*side/longer)))
		draw.ApproxBiLinear.Scale(drawn, drawn.Bounds(), source, source.Bounds(), draw.Src, nil)
		if side <= pictureDrawnSide {
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
