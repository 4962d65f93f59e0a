package main

import (
	"bytes"
	"image"
	"image/png"
)

// portrait returns a picture of a person as PNG. hair and shirt are colours in the form 0xRRGGBB.
func portrait(hair, shirt uint32) ([]byte, error) {
	const side = 256
	picture := image.NewRGBA(image.Rect(0, 0, side, side))
	const skin, eyes, wall = 0xf0c8a0, 0x303038, 0xe8eef4
	for y := range side {
		for x := range side {
			dot(picture, x, y, wall)
		}
	}
	for _, shape := range []struct {
		x, y, wide, high int // an ellipse
		colour           uint32
	}{
		{128, 270, 110, 90, shirt},
		{128, 118, 76, 84, hair},
		{128, 196, 26, 30, skin},
		{128, 132, 60, 68, skin},
		{128, 72, 62, 26, hair},
		{104, 128, 7, 9, eyes},
		{152, 128, 7, 9, eyes},
		{128, 166, 22, 9, 0xb85c5c},
		{128, 162, 24, 7, skin}, // covers the mouth, so that only a smile is left
	} {
		ellipse(picture, shape.x, shape.y, shape.wide, shape.high, shape.colour)
	}
	var file bytes.Buffer
	err := png.Encode(&file, picture)
	return file.Bytes(), err
}

func ellipse(picture *image.RGBA, x, y, wide, high int, colour uint32) {
	for dy := -high; dy <= high; dy++ {
		for dx := -wide; dx <= wide; dx++ {
			if dx*dx*high*high+dy*dy*wide*wide <= wide*wide*high*high {
				dot(picture, x+dx, y+dy, colour)
			}
		}
	}
}

// dot paints one dot. It does nothing outside the picture.
func dot(picture *image.RGBA, x, y int, colour uint32) {
	if !image.Pt(x, y).In(picture.Rect) {
		return
	}
	const opaque = 0xff
	copy(picture.Pix[picture.PixOffset(x, y):], []byte{byte(colour >> 16), byte(colour >> 8), byte(colour), opaque}) //nolint:gosec // a byte each
}
