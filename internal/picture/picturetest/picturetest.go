// Package picturetest makes files of pictures for tests.
package picturetest

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/png"
	"testing"
)

// PNG returns a black PNG of the given size in pixels.
func PNG(t testing.TB, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Bomb returns a PNG of a few bytes that claims to have the largest possible size.
func Bomb() []byte {
	head := binary.BigEndian.AppendUint32([]byte("IHDR"), 1<<30)
	head = binary.BigEndian.AppendUint32(head, 1<<30)
	head = append(head, 8, 2, 0, 0, 0)
	b := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), head...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(head))
}
