// Package peoplelist reads lists of people who use a media server: CSV as spreadsheets write it, JSON, and what
// jfa-go writes. It only reads bytes; whether a line makes sense is judged where the list is imported.
package peoplelist

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

// Line is one person of a list, as the file names them. All fields may be "".
type Line struct {
	Name      string
	To        string   // an email address or a username
	LocalUser string   // the id or the name on the media server
	EndsAt    string   // a day such as 2027-01-31, or a moment such as 2027-01-31T18:00:00Z; any other text is kept as it is
	Libraries []string // ids or names; nil if the file says nothing
}

// List has the people of one file, or of several files that belong together.
type List struct {
	Source string // "csv", "json", "jfa-go" or "wizarr"
	Lines  []Line
}

// The limits of a list.
const (
	BytesMax = 2 << 20 // of one file
	FilesMax = 4
	LinesMax = 1000

	entriesMax = 10 * LinesMax // of one file; a file of jfa-go may name many users without an address
	columnsMax = 100
)

// The errors about files that cannot be read.
var (
	ErrEmpty   = errors.New("the file has no people in it")
	ErrLarge   = errors.New("the file is larger than 2 MB")
	ErrMany    = errors.New("the file has more than 1,000 people; divide it")
	ErrUnknown = errors.New("the file is neither CSV in UTF-8 nor a JSON file of a kind that is known")
	ErrColumns = errors.New("the first line of the CSV file must name its columns, among them 'address' or 'username'")
	ErrSQLite  = errors.New("the file is an SQLite database")
	ErrMixed   = errors.New("only the JSON files of jfa-go can be read together")
)

// sqliteHeader is how each SQLite file begins.
const sqliteHeader = "SQLite format 3\x00"

// IsSQLite reports whether a file begins like an SQLite database.
func IsSQLite(file []byte) bool { return bytes.HasPrefix(file, []byte(sqliteHeader)) }

// Read reads a list from one file, or from several JSON files of jfa-go. From several files it joins
// the facts about each local user into one line.
func Read(files ...[]byte) (List, error) {
	if len(files) == 0 {
		return List{}, ErrEmpty
	}
	if len(files) > FilesMax {
		return List{}, ErrMixed
	}
	var whole List
	for at, file := range files {
		one, err := readOne(file)
		if err != nil {
			return List{}, err
		}
		if at > 0 && (one.Source != jfaGo || whole.Source != jfaGo) {
			return List{}, ErrMixed
		}
		whole.Source, whole.Lines = one.Source, append(whole.Lines, one.Lines...)
	}
	if whole.Source == jfaGo {
		whole.Lines = joined(whole.Lines)
	}
	switch {
	case len(whole.Lines) == 0:
		return List{}, ErrEmpty
	case len(whole.Lines) > LinesMax:
		return List{}, ErrMany
	}
	return whole, nil
}

func readOne(file []byte) (List, error) {
	switch {
	case len(file) > BytesMax:
		return List{}, ErrLarge
	case IsSQLite(file):
		return List{}, ErrSQLite
	}
	file = bytes.TrimPrefix(file, []byte("\ufeff"))
	if !utf8.Valid(file) || bytes.IndexByte(file, 0) >= 0 {
		return List{}, ErrUnknown
	}
	trimmed := bytes.TrimSpace(file)
	switch {
	case len(trimmed) == 0:
		return List{}, ErrEmpty
	case trimmed[0] == '{' || trimmed[0] == '[':
		return readJSON(trimmed)
	default:
		return readCSV(file)
	}
}

// joined makes one line of all lines about one local user, in the order of the ids: the JSON files of
// jfa-go have no order. A local user of whom no file has an address gets no line.
func joined(lines []Line) []Line {
	byUser := map[string]*Line{}
	var order []string
	for _, line := range lines {
		key := strings.ToLower(strings.ReplaceAll(line.LocalUser, "-", ""))
		known := byUser[key]
		if known == nil {
			known = &Line{LocalUser: line.LocalUser}
			byUser[key] = known
			order = append(order, key)
		}
		known.Name, known.To, known.EndsAt = cmp.Or(known.Name, line.Name), cmp.Or(known.To, line.To), cmp.Or(known.EndsAt, line.EndsAt)
	}
	slices.Sort(order)
	var all []Line
	for _, key := range order {
		if byUser[key].To != "" {
			all = append(all, *byUser[key])
		}
	}
	return all
}
