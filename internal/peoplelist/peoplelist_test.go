package peoplelist_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/internal/peoplelist"
)

// Each form is read, whatever the order of the columns, the separator and the mark at its beginning.
func TestForms(t *testing.T) {
	t.Parallel()
	nina := peoplelist.Line{Name: "Aunt Nina", To: "nina@example.org", LocalUser: "nina", EndsAt: "2027-01-31", Libraries: []string{"Films", "Series"}}
	for what, one := range map[string]struct {
		files  []string
		source string
		want   []peoplelist.Line
	}{
		"commas":       {[]string{"name,address,local_user,ends_at,libraries\nAunt Nina,nina@example.org,nina,2027-01-31,\"Films, Series\"\n"}, "csv", []peoplelist.Line{nina}},
		"semicolons":   {[]string{"\ufeffLibraries;Last day;Local user;E-Mail;Name\r\nFilms|Series;2027-01-31;nina;nina@example.org;Aunt Nina\r\n;;;;\r\n"}, "csv", []peoplelist.Line{nina}},
		"tabs":         {[]string{"username\tshoe size\nnina\t39\n"}, "csv", []peoplelist.Line{{To: "nina"}}},
		"address wins": {[]string{"username,email\nnina,n@example.org\nben,\n"}, "csv", []peoplelist.Line{{To: "n@example.org"}, {To: "ben"}}},
		"short line":   {[]string{"email,name\nn@example.org\n"}, "csv", []peoplelist.Line{{To: "n@example.org"}}},
		"json": {
			[]string{`{"people":[{"name":"Aunt Nina","to":"nina@example.org","local_user":"nina","ends_at":"2027-01-31","libraries":["Films","Series"]}]}`},
			"json",
			[]peoplelist.Line{nina},
		},
		"json list": {[]string{` [{"email":"a@example.org"},{"username":"ben"}]`}, "json", []peoplelist.Line{{To: "a@example.org"}, {To: "ben"}}},
		"users of jfa-go": {
			[]string{`{"users":[{"id":"b2","name":"Ben","email":"ben@example.org","expiry":0,"admin":false},{"id":"a1","name":"Anna","email":"anna@example.org","expiry":1801440000,"label":""}]}`},
			"jfa-go",
			[]peoplelist.Line{
				{Name: "Anna", To: "anna@example.org", LocalUser: "a1", EndsAt: "2027-02-01T00:00:00Z"}, {Name: "Ben", To: "ben@example.org", LocalUser: "b2"},
			},
		},
		"files of jfa-go": {
			[]string{
				`{"a1":{"addr":"anna@example.org","contact":true},"b2":{"addr":"ben@example.org"},"c3":{"addr":""}}`,
				`{"A-1":"2027-02-01T01:00:00.5+01:00","b2":"0001-01-01T00:00:00Z","d4":"2027-02-01T00:00:00Z"}`,
			},
			"jfa-go",
			[]peoplelist.Line{{To: "anna@example.org", LocalUser: "a1", EndsAt: "2027-02-01T00:00:00Z"}, {To: "ben@example.org", LocalUser: "b2"}},
		},
		"old emails.json": {[]string{`{"a1":"anna@example.org"}`}, "jfa-go", []peoplelist.Line{{To: "anna@example.org", LocalUser: "a1"}}},
	} {
		var files [][]byte
		for _, file := range one.files {
			files = append(files, []byte(file))
		}
		got, err := peoplelist.Read(files...)
		if err != nil || got.Source != one.source {
			t.Errorf("%s: got the source %q, error %v; want %q", what, got.Source, err, one.source)
		}
		if diff := cmp.Diff(one.want, got.Lines); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
}

// A list that cannot be read is refused with the reason.
func TestRefusals(t *testing.T) {
	t.Parallel()
	var many strings.Builder
	many.WriteString("email\n")
	for i := range peoplelist.LinesMax + 1 {
		fmt.Fprintf(&many, "a%d@example.org\n", i)
	}
	for what, one := range map[string]struct {
		want  error
		files []string
	}{
		"no file":          {peoplelist.ErrEmpty, nil},
		"empty":            {peoplelist.ErrEmpty, []string{" \n"}},
		"only a header":    {peoplelist.ErrEmpty, []string{"email,name\n"}},
		"no columns":       {peoplelist.ErrColumns, []string{"nina@example.org\nben@example.org\n"}},
		"open quote":       {peoplelist.ErrUnknown, []string{"email\n\"a@example.org\n"}},
		"latin-1":          {peoplelist.ErrUnknown, []string{"email,name\na@example.org,J\xfcrgen\n"}},
		"broken json":      {peoplelist.ErrUnknown, []string{`{"people":[`}},
		"other json":       {peoplelist.ErrUnknown, []string{`{"version":3}`}},
		"users without id": {peoplelist.ErrUnknown, []string{`{"users":[{"email":"a@example.org"}]}`}},
		"sqlite":           {peoplelist.ErrSQLite, []string{"SQLite format 3\x00..."}},
		"large":            {peoplelist.ErrLarge, []string{strings.Repeat("x", peoplelist.BytesMax+1)}},
		"many":             {peoplelist.ErrMany, []string{many.String()}},
		"deep json":        {peoplelist.ErrUnknown, []string{strings.Repeat("[", 1<<20)}},
		"text after json":  {peoplelist.ErrUnknown, []string{`[{"email":"a@example.org"}] [`}},
		"many small ones":  {peoplelist.ErrMany, []string{"[" + strings.Repeat("{},", 600_000) + "{}]"}},
		"many users":       {peoplelist.ErrMany, []string{`{"users":[` + strings.Repeat(`{"id":"a"},`, 100_000) + `{"id":"a"}]}`}},
		"many members":     {peoplelist.ErrMany, []string{manyMembers()}},
		"many columns":     {peoplelist.ErrColumns, []string{"email" + strings.Repeat(",", 1<<20) + "\na@example.org\n"}},
		"two lists":        {peoplelist.ErrMixed, []string{"email\na@example.org\n", "email\nb@example.org\n"}},
	} {
		var files [][]byte
		for _, file := range one.files {
			files = append(files, []byte(file))
		}
		if _, err := peoplelist.Read(files...); !errors.Is(err, one.want) {
			t.Errorf("%s: got error %v, want %v", what, err, one.want)
		}
	}
}

// manyMembers returns a JSON object with very many members.
func manyMembers() string {
	var text strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&text, `,"%d":""`, i)
	}
	return "{" + text.String()[1:] + "}"
}

// A text that looks like the formula of a spreadsheet is kept as it is, and so is a text in another script.
func TestOddTexts(t *testing.T) {
	t.Parallel()
	for _, name := range []string{`=HYPERLINK("http://example.org";"x")`, "@SUM(1+1)", "+49 30 1", "-2+3", "Jürgen 🙂", "נינה"} {
		got, err := peoplelist.Read([]byte("name,email\n\"" + strings.ReplaceAll(name, `"`, `""`) + "\",a@example.org\n"))
		want := []peoplelist.Line{{Name: name, To: "a@example.org"}}
		if diff := cmp.Diff(want, got.Lines); err != nil || diff != "" {
			t.Errorf("%q: error %v, lines (-want +got):\n%s", name, err, diff)
		}
	}
}

// No file makes the reader panic, and what it accepts is within the limits.
func FuzzRead(f *testing.F) {
	f.Add([]byte("name;email\nNina;nina@example.org\n"))
	f.Add([]byte(`{"a1":{"addr":"anna@example.org"}}`))
	f.Add([]byte(`{"users":[{"id":"a","email":"x","expiry":9223372036854775807}]}`))
	f.Add([]byte(`[{"email":"a","libraries":null}]`))
	f.Add([]byte("\ufeff\"email\"\n\"a\"\"b\"\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		got, err := peoplelist.Read(file)
		if err == nil && (len(got.Lines) == 0 || len(got.Lines) > peoplelist.LinesMax) {
			t.Errorf("got %d lines without an error, want 1 to %d", len(got.Lines), peoplelist.LinesMax)
		}
	})
}
