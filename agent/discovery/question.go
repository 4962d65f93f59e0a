package discovery

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// longestQuestion is how much of a question can be one, in bytes.
const longestQuestion = 512

// Asks reports whether a datagram asks who is a media server, in UTF-8 or UTF-16 in
// either order of bytes. Two of the questions count in any letter case and with
// something beside them, which after a bar is the asker's own; the oldest counts as
// it is.
func Asks(datagram []byte) bool {
	if len(datagram) > longestQuestion {
		return false
	}
	return isQuestion(string(datagram)) ||
		isQuestion(fromUTF16(datagram, binary.LittleEndian)) ||
		isQuestion(fromUTF16(datagram, binary.BigEndian))
}

func isQuestion(text string) bool {
	if text == "who is MediaBrowserServer_v2?" {
		return true
	}
	text, _, _ = strings.Cut(strings.ToLower(text), "|")
	return strings.Contains(text, "who is embyserver?") || strings.Contains(text, "who is jellyfinserver?")
}

// fromUTF16 returns "" for what cannot be UTF-16.
func fromUTF16(datagram []byte, order binary.ByteOrder) string {
	if len(datagram)%2 != 0 {
		return ""
	}
	units := make([]uint16, len(datagram)/2)
	for i := range units {
		units[i] = order.Uint16(datagram[2*i:])
	}
	if len(units) > 0 && units[0] == 0xfeff {
		units = units[1:]
	}
	return string(utf16.Decode(units))
}
