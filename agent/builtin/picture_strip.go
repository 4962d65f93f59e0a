package builtin

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// Pictures are shown to everybody who reaches the sign-in page, and those of phones
// say where they were taken. What is no picture in them is left out: everything but
// how to draw it, its colours, and which way up it is.

// stripped is a picture of a media type without what else stands in the file; nil
// for a file that is broken.
func stripped(contentType string, body []byte) []byte {
	switch contentType {
	case "image/jpeg":
		return strippedJPEG(body)
	case "image/png":
		return strippedPNG(body)
	case "image/webp":
		return strippedWebP(body)
	default:
		return body
	}
}

const (
	jpegMark     = 0xff
	jpegStart    = 0xd8
	jpegEnd      = 0xd9
	jpegScan     = 0xda
	jpegExif     = 0xe1
	jpegProfile  = 0xe2
	jpegAdobe    = 0xee
	jpegComment  = 0xfe
	jpegFirstApp = 0xe1 // APP0 says that it is a JPEG
	jpegLastApp  = 0xef
)

func strippedJPEG(body []byte) []byte {
	out := []byte{jpegMark, jpegStart}
	scanned := false
	for rest := body[2:]; ; {
		if len(rest) == 0 && scanned { // many programs leave the end out
			return append(out, jpegMark, jpegEnd)
		}
		kind, segment, after := nextOfJPEG(rest)
		switch {
		case segment == nil:
			return nil
		case kind == jpegEnd:
			return append(out, jpegMark, jpegEnd)
		}
		scanned = scanned || kind == jpegScan
		out = append(out, keptOfJPEG(kind, segment)...)
		rest = after
	}
}

// nextOfJPEG cuts a segment off the front, a scan with what follows it; nil for
// what is none.
func nextOfJPEG(rest []byte) (kind byte, segment, after []byte) {
	for len(rest) > 2 && rest[0] == jpegMark && rest[1] == jpegMark { // filling
		rest = rest[1:]
	}
	if len(rest) < 2 || rest[0] != jpegMark {
		return 0, nil, nil
	}
	kind = rest[1]
	if kind == jpegEnd {
		return kind, rest[:2], rest[2:]
	}
	if len(rest) < 4 {
		return 0, nil, nil
	}
	size := 2 + int(binary.BigEndian.Uint16(rest[2:]))
	if size < 4 || size > len(rest) {
		return 0, nil, nil
	}
	if kind == jpegScan {
		size += scanLength(rest[size:])
	}
	return kind, rest[:size], rest[size:]
}

// scanLength is how much of rest belongs to a scan: everything before the next mark
// that is neither an escape nor a restart.
func scanLength(rest []byte) int {
	for i := 0; i+1 < len(rest); i++ {
		if next := rest[i+1]; rest[i] == jpegMark && next != 0 && (next < 0xd0 || next > 0xd7) {
			return i
		}
	}
	return len(rest)
}

// keptOfJPEG is what is kept of one segment.
func keptOfJPEG(kind byte, segment []byte) []byte {
	switch {
	case kind == jpegExif:
		return orientationOnly(segment[4:])
	case kind == jpegProfile && bytes.HasPrefix(segment[4:], []byte("ICC_PROFILE\x00")), kind == jpegAdobe:
		return segment
	case kind >= jpegFirstApp && kind <= jpegLastApp, kind == jpegComment:
		return nil
	default:
		return segment
	}
}

// orientationOnly is an Exif segment that says which way up the picture is, and
// nothing else; nil where the one that data is of does not say that it is turned.
func orientationOnly(data []byte) []byte {
	tiff, found := bytes.CutPrefix(data, []byte("Exif\x00\x00"))
	if !found || len(tiff) < 10 {
		return nil
	}
	var order binary.ByteOrder = binary.BigEndian
	if string(tiff[:2]) == "II" {
		order = binary.LittleEndian
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return nil
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < 12 {
			return nil
		}
		const orientation = 0x0112
		if way := order.Uint16(entries[8:]); order.Uint16(entries) == orientation && way > 1 && way <= 8 {
			return append([]byte("\xff\xe1\x00\x22Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00"), byte(way), 0, 0, 0, 0, 0, 0)
		}
		entries = entries[12:]
	}
	return nil
}

// keptOfPNG are the chunks that are kept beside those that no picture is without.
func keptOfPNG(kind string) bool {
	const kept = " tRNS gAMA cHRM sRGB iCCP cICP sBIT bKGD pHYs acTL fcTL fdAT "
	return kind[0] >= 'A' && kind[0] <= 'Z' || strings.Contains(kept, " "+kind+" ")
}

func strippedPNG(body []byte) []byte {
	const signature = 8
	out := append([]byte{}, body[:signature]...)
	for rest := body[signature:]; len(rest) >= 12; {
		size := uint64(binary.BigEndian.Uint32(rest)) + 12
		if size > uint64(len(rest)) {
			return nil
		}
		kind := string(rest[4:8])
		if keptOfPNG(kind) {
			out = append(out, rest[:size]...)
		}
		if kind == "IEND" {
			return out
		}
		rest = rest[size:]
	}
	return nil
}

func strippedWebP(body []byte) []byte {
	const head, chunkHead = 12, 8
	end := uint64(binary.LittleEndian.Uint32(body[4:])) + 8
	out := append([]byte{}, body[:head]...)
	for rest := body[head:min(end, uint64(len(body)))]; len(rest) > 0; {
		if len(rest) < chunkHead {
			return nil
		}
		size := uint64(binary.LittleEndian.Uint32(rest[4:])) + chunkHead
		size += size & 1
		if size > uint64(len(rest)) {
			return nil
		}
		switch string(rest[:4]) {
		case "EXIF", "XMP ":
		case "VP8X":
			const says = 0x08 | 0x04 // that there is either
			from := len(out)
			out = append(out, rest[:size]...)
			out[from+chunkHead] &^= says
		case "VP8 ", "VP8L", "ALPH", "ICCP", "ANIM", "ANMF":
			out = append(out, rest[:size]...)
		}
		rest = rest[size:]
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8)) //nolint:gosec // at most pictureMax
	return out
}
