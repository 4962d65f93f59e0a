package qrcode_test

import (
	"errors"
	"image"
	"image/color"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/boombuler/barcode/qr"

	"github.com/latchkey-media/latchkey/internal/qrcode"
)

// TestPathIsTheCode draws the path, and compares each module with the picture that the library
// makes.
func TestPathIsTheCode(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"A", "https://films.example.org/", "https://id.example.org/i#" + strings.Repeat("k7", 40), "Ünïcode ✓"} {
		code, err := qrcode.Draw(text)
		if err != nil {
			t.Fatal(err)
		}
		want, err := qr.Encode(text, qr.M, qr.Auto)
		if err != nil {
			t.Fatal(err)
		}
		got := paint(t, code)
		for y := range code.Size {
			for x := range code.Size {
				black := false
				if inner := image.Pt(x-4, y-4); inner.In(want.Bounds()) {
					black = want.At(inner.X, inner.Y) == color.Black
				}
				if (got.GrayAt(x, y).Y == 0) != black {
					t.Fatalf("%q: module %d,%d: got black=%v, want %v", text, x, y, !black, black)
				}
			}
		}
	}
}

var run = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)

func paint(t *testing.T, code qrcode.Code) *image.Gray {
	t.Helper()
	picture := image.NewGray(image.Rect(0, 0, code.Size, code.Size))
	for i := range picture.Pix {
		picture.Pix[i] = 255
	}
	if rest := run.ReplaceAllString(code.Path, ""); rest != "" {
		t.Fatalf("the path has other parts than rows: %q", rest)
	}
	for _, m := range run.FindAllStringSubmatch(code.Path, -1) {
		n := make([]int, 5)
		for i := range m[1:] {
			n[i+1], _ = strconv.Atoi(m[i+1])
		}
		for x := n[1]; x < n[1]+n[3]; x++ {
			picture.SetGray(x, n[2], color.Gray{Y: 0})
		}
	}
	return picture
}

// TestLinesAreTheCode compares each half of each character with the drawn path.
func TestLinesAreTheCode(t *testing.T) {
	t.Parallel()
	const text = "https://id.example.org/i#lki_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
	code, err := qrcode.Draw(text)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := qrcode.Lines(text)
	if err != nil || len(lines) != (code.Size+1)/2 {
		t.Fatalf("%d lines with error %v, want %d", len(lines), err, (code.Size+1)/2)
	}
	want := paint(t, code)
	for at, line := range lines {
		letters := []rune(line)
		if len(letters) != code.Size {
			t.Fatalf("line %d has %d characters, want %d", at, len(letters), code.Size)
		}
		for x, letter := range letters {
			upper, lower := letter == '█' || letter == '▀', letter == '█' || letter == '▄'
			if upper == (want.GrayAt(x, 2*at).Y == 0) || 2*at+1 < code.Size && lower == (want.GrayAt(x, 2*at+1).Y == 0) {
				t.Fatalf("line %d, character %d is %q, want the modules of the path", at, x, letter)
			}
		}
	}
	if _, err := qrcode.Lines(""); !errors.Is(err, qrcode.ErrText) {
		t.Errorf("an empty text: got %v, want ErrText", err)
	}
}

func TestTextsThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", strings.Repeat("a", qrcode.Longest+1)} {
		if _, err := qrcode.Draw(text); !errors.Is(err, qrcode.ErrText) {
			t.Errorf("%d bytes: got %v, want ErrText", len(text), err)
		}
	}
	if _, err := qrcode.Draw(strings.Repeat("a", qrcode.Longest)); err != nil {
		t.Errorf("a text of the largest length: got %v, want a code", err)
	}
}
