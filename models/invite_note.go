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
	note = visibleLines(note)
	return note, utf8.RuneCountInString(note) <= inviteNoteMax
}

// visibleLines returns the lines of a text without characters that cannot be seen, and without space around them.
func visibleLines(text string) string {
	var lines []string
	for line := range strings.Lines(strings.ReplaceAll(text, "\r\n", "\n")) {
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
	return strings.TrimSpace(strings.Join(lines, "\n"))
}
