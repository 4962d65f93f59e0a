package models

import (
	"strings"
	"unicode/utf8"
)

// cleanNote returns a note as it is stored: lines of text without invisible
// characters. It reports false for a note that is too long.
func cleanNote(note string) (string, bool) {
	if len(note) > 8*inviteNoteMax || !utf8.ValidString(note) {
		return "", false
	}
	var lines []string
	for line := range strings.Lines(strings.ReplaceAll(note, "\r\n", "\n")) {
		line = strings.Map(func(r rune) rune {
			if r == '\t' {
				return ' '
			}
			if hidden(r) {
				return -1
			}
			return r
		}, line)
		lines = append(lines, strings.TrimSpace(line))
	}
	note = strings.TrimSpace(strings.Join(lines, "\n"))
	return note, utf8.RuneCountInString(note) <= inviteNoteMax
}
