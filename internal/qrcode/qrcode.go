// Package qrcode draws texts, such as the address of a server or an invite link, as QR codes
// (ISO/IEC 18004) that a page shows without a script and without another request.
package qrcode

import (
	"errors"
	"fmt"
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
	if text == "" || len(text) > Longest {
		return Code{}, ErrText
	}
	drawn, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return Code{}, fmt.Errorf("drawing a QR code: %w", err)
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

// dark reports whether a module is black. The library uses only black and white.
func dark(module interface{ RGBA() (r, g, b, a uint32) }) bool {
	r, _, _, _ := module.RGBA()
	return r == 0
}
