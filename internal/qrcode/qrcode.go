// Package qrcode draws texts, such as the address of a server or an invite link, as QR codes
// (ISO/IEC 18004) that a page shows without a script and without another request, or that a
// terminal shows.
package qrcode

import (
	"errors"
	"fmt"
	"image"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// Longest is the largest number of bytes of a text. The code of a longer text would be so dense
// that a phone could not read it from a screen.
const Longest = 512

// ErrText says that a text is empty or longer than Longest.
var ErrText = errors.New("a QR code holds a text of 1 to 512 bytes")

// Code is a drawn QR code.
type Code struct {
	Size int    // width and height in modules, with the quiet zone of four modules on each side
	Path string // the dark modules, as the "d" of an SVG path in a view box of 0 0 Size Size
}

const quiet = 4 // modules of white on each side, as the standard demands

// Draw returns the code of text with error correction of level M, which still works when 15 % of a
// folded or dirty print cannot be read. It returns ErrText if the text is empty or too long.
func Draw(text string) (Code, error) {
	drawn, err := encode(text)
	if err != nil {
		return Code{}, err
	}
	side := drawn.Bounds().Dx()
	var path strings.Builder
	for y := range side {
		for x := 0; x < side; x++ {
			start := x
			for x < side && dark(drawn.At(x, y)) {
				x++
			}
			if x > start {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", start+quiet, y+quiet, x-start, x-start)
			}
		}
	}
	return Code{Size: side + 2*quiet, Path: path.String()}, nil
}

// Lines returns the code of text as lines for a terminal, with the error correction and the quiet
// zone of [Draw]. A character stands for two modules, one above the other. White modules are drawn
// and dark ones are left out, for a terminal with light letters on a dark ground; on a light ground
// the code is the other way round, which most cameras read, too. It returns ErrText if the text is
// empty or too long.
func Lines(text string) ([]string, error) {
	drawn, err := encode(text)
	if err != nil {
		return nil, err
	}
	side := drawn.Bounds().Dx()
	white := func(x, y int) bool {
		inside := x >= 0 && y >= 0 && x < side && y < side
		return !inside || !dark(drawn.At(x, y))
	}
	var lines []string
	for y := -quiet; y < side+quiet; y += 2 {
		var line strings.Builder
		for x := -quiet; x < side+quiet; x++ {
			switch upper, lower := white(x, y), white(x, y+1) && y+1 < side+quiet; {
			case upper && lower:
				line.WriteRune('█')
			case upper:
				line.WriteRune('▀')
			case lower:
				line.WriteRune('▄')
			default:
				line.WriteRune(' ')
			}
		}
		lines = append(lines, line.String())
	}
	return lines, nil
}

// encode returns the modules of the code of text, without the quiet zone.
func encode(text string) (image.Image, error) {
	if text == "" || len(text) > Longest {
		return nil, ErrText
	}
	drawn, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("drawing a QR code: %w", err)
	}
	return drawn, nil
}

// dark reports whether a module is black. The library uses only black and white.
func dark(module interface{ RGBA() (r, g, b, a uint32) }) bool {
	r, _, _, _ := module.RGBA()
	return r == 0
}
