package embywire

import (
	"net/http"
	"slices"
	"strings"
)

// Table finds the value for the method and the path of a request, whatever the letter case of the path.
// The zero value is empty.
type Table[T any] struct{ rows []tableRow[T] }

type tableRow[T any] struct {
	methods []string
	acts    bool     // HEAD does not stand for GET
	pattern string   // as it was given
	parts   []string // in lower case; "{name}" stands for any one part
	value   T
}

// Match is the result of [Table.Find]. The zero value means that nothing was found.
type Match[T any] struct {
	OK      bool // there is a value
	Value   T
	Pattern string            // the pattern of the value, or of the first row that has the path
	Values  map[string]string // the parts of the path by their names in braces, in lower case; nil if there are none
	Allowed []string          // without a value: the methods that the path has, sorted
}

// Add adds a row. Methods are separated by blanks: "GET POST". GET also stands for HEAD, unless another
// row names HEAD. A part in braces, such as in the pattern "/Users/{Id}", matches any one part of a
// path. The first row that matches is used.
func (t *Table[T]) Add(methods, pattern string, value T) { t.add(methods, false, pattern, value) }

// AddActing adds a row as [Table.Add] does, for a GET that changes something: such a GET is not
// used to answer HEAD.
func (t *Table[T]) AddActing(methods, pattern string, value T) { t.add(methods, true, pattern, value) }

func (t *Table[T]) add(methods string, acts bool, pattern string, value T) {
	t.rows = append(t.rows, tableRow[T]{strings.Fields(methods), acts, pattern, split(strings.ToLower(pattern)), value})
}

// Find looks for the value of a method and a path. A path with an additional slash is
// another path.
func (t *Table[T]) Find(method, path string) Match[T] {
	parts := split(path)
	for _, wanted := range standsFor(method) {
		for i := range t.rows {
			row := &t.rows[i]
			if !slices.Contains(row.methods, wanted) || wanted != method && row.acts {
				continue
			}
			if values, fits := fits(row.parts, parts); fits {
				return Match[T]{OK: true, Value: row.value, Pattern: row.pattern, Values: values}
			}
		}
	}
	return t.without(parts)
}

// without returns the match of a path for which no row has the method of the request.
func (t *Table[T]) without(parts []string) (m Match[T]) {
	for i := range t.rows {
		row := &t.rows[i]
		if _, fits := fits(row.parts, parts); !fits {
			continue
		}
		if m.Pattern == "" {
			m.Pattern = row.pattern
		}
		m.Allowed = append(m.Allowed, row.methods...)
		if !row.acts && slices.Contains(row.methods, http.MethodGet) {
			m.Allowed = append(m.Allowed, http.MethodHead)
		}
	}
	slices.Sort(m.Allowed)
	m.Allowed = slices.Compact(m.Allowed)
	return m
}

// standsFor returns the methods of the rows that may answer a request with this method, the best
// first.
func standsFor(method string) []string {
	if method == http.MethodHead {
		return []string{method, http.MethodGet}
	}
	return []string{method}
}

func split(path string) []string { return strings.Split(strings.TrimPrefix(path, "/"), "/") }

func fits(row, parts []string) (map[string]string, bool) {
	if len(parts) != len(row) {
		return nil, false
	}
	var values map[string]string
	for i, part := range parts {
		want := row[i]
		switch {
		case strings.HasPrefix(want, "{") && part != "":
			if values == nil {
				values = map[string]string{}
			}
			values[strings.Trim(want, "{}")] = part
		case want != strings.ToLower(part):
			return nil, false
		}
	}
	return values, true
}
