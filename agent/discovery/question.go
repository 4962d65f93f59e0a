package discovery

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// longestQuestion is the greatest size of a question, in bytes.
const longestQuestion = 512

// asks reports whether a datagram asks for media servers, in UTF-8, or in UTF-16 in either
// byte order. The two newer questions are recognised in any letter case and with other text
// around them. The oldest question is recognised only if it is the whole text.
func asks(datagram []byte) bool {
	if len(datagram) > longestQuestion {
		return false
	}
	return isQuestion(string(datagram)) ||
		isQuestion(fromUTF16(datagram, binary.LittleEndian)) ||
		isQuestion(fromUTF16(datagram, binary.BigEndian))
}

// isQuestion reports whether text is one of the three questions. Text after the character |
// belongs to the app.
func isQuestion(text string) bool {
	if text == "who is MediaBrowserServer_v2?" {
		return true
	}
	text, _, _ = strings.Cut(strings.ToLower(text), "|")
	return strings.Contains(text, "who is embyserver?") || strings.Contains(text, "who is jellyfinserver?")
}

// fromUTF16 decodes UTF-16, without a byte order mark. It returns "" for an odd
// number of bytes.
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
