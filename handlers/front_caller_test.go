package handlers

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/latchkey-media/latchkey/internal/printable"
)

func TestDeviceOf(t *testing.T) {
	t.Parallel()
	tests := []struct{ agent, name, icon string }{
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0", "Firefox on Windows", "computer"},
		{"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36", "Chrome on Linux", "computer"},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15", "Safari on macOS", "computer"},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1", "Safari on iPhone", "phone"},
		{"Mozilla/5.0 (iPad; CPU OS 16_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.0 Mobile/15E148 Safari/604.1", "Safari on iPad", "tablet"},
		{"Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36", "Chrome on Android", "phone"},
		{"Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/4.0 Chrome/76.0.3809.146 TV Safari/537.36", "Samsung Browser on TV", "tv"},
		{"", "", "device"},
	}
	for _, tt := range tests {
		if name, icon := deviceOf(tt.agent); name != tt.name || icon != tt.icon {
			t.Errorf("%s\n got %q, %q\nwant %q, %q", tt.agent, name, icon, tt.name, tt.icon)
		}
	}
}

func FuzzDeviceOf(f *testing.F) {
	f.Add("Mozilla/5.0 (Windows NT 10.0) Firefox/131.0")
	f.Add("a\x00b\u202ec\u200bd/1 (x;y)")
	f.Add(strings.Repeat("ä", 400))
	f.Add("[;:/(")
	f.Fuzz(func(t *testing.T, agent string) {
		name, icon := deviceOf(agent)
		if utf8.RuneCountInString(name) > maxDeviceName || !utf8.ValidString(name) || printable.Text(name) != name {
			t.Errorf("%q is called %q, want printable text of at most %d characters", agent, name, maxDeviceName)
		}
		if icon == "" {
			t.Errorf("%q has no icon", agent)
		}
	})
}
