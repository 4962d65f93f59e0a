package models

import "strconv"

// FormatID returns an id as text: decimal digits, since 63 bits are too many for the numbers of some
// programs.
func FormatID(id int64) string { return strconv.FormatInt(id, 10) }

// ParseID returns the id that [FormatID] has written as text. For any other text, such as one with a
// sign, with a zero in front or with a letter, it returns 0, which is never the id of a row.
func ParseID(text string) int64 {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 || FormatID(id) != text {
		return 0
	}
	return id
}
