package docs_test

import (
	"go/scanner"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// maxRiddles is how many riddles 1,000 lines of comments may contain.
const maxRiddles = 3

// riddle is a phrase at which readers stop if English is their second language.
type riddle struct {
	odd    *regexp.Regexp
	fine   *regexp.Regexp // matches phrases that odd also matches, but that are good; nil if there are none
	better string         // how to say it instead
}

// riddles returns the table of these phrases. Add a row when a reader did not understand a comment
// and its phrase is likely to be used again.
func riddles() []riddle {
	row := func(odd, fine, better string) riddle {
		r := riddle{odd: regexp.MustCompile(`(?i)` + odd), better: better}
		if fine != "" {
			r.fine = regexp.MustCompile(`(?i)` + fine)
		}
		return r
	}
	return []riddle{
		row(`\b(there )?(is|are|was|were) none\b`, `^there `, `"does not exist", "is missing", "is not a …"`),
		row(`\b(there )?(is|are|was|were) no [a-z]+\b`, `^there |\bno (longer|more|less|later|earlier|better|worse|different|other|further)$`, `"is not a …", "does not have …"`),
		row(`\bwho asks\b`, ``, `"the caller"`),
		row(`\bof ours\b`, ``, `"our …", or the name of the thing`),
		row(`\bwho(m)?ever\b`, ``, `"somebody who", "the person who", "everybody who"`),
		row(`\btold of\b`, ``, `"informed about", "hears that"`),
		row(`\bshall\b`, ``, `"must", "will"`),
		row(`\blately\b`, ``, `"recently", or since when`),
		row(`\bwhere there (is|are|was|were)\b`, ``, `"if there is"`),
		row(`\b(that|which) there (is|are) (no|none)\b`, ``, `"a missing …"`),
		row(`\b(for|of) nobody\b`, ``, `"not … to anybody", "without an owner"`),
		row(`\bnobody's\b`, ``, `"has no owner", "does not belong to anybody"`),
		row(`\b(than|of) none\b`, ``, `say what is missing`),
		row(`\b(of|without) such\b`, ``, `name the thing again`),
		row(`\bwithout what\b|\bwhat else\b`, ``, `"everything else", or name it`),
		row(`\bwhat (is|are) (not|no)\b`, ``, `name the things: "values that are not …"`),
		row(`\bgood for nothing\b`, ``, `"has no effect", "is useless"`),
		row(`\bthe one of\b`, ``, `name the thing again`),
		row(`\b(is|are|than|with|like) (that|those) of\b`, ``, `name the thing again: "the time zone is the time zone of …"`),
		row(`\bfor how many\b`, ``, `"the number of …"`),
		row(`\bas( an?| the)? [a-z]+ do(es)? (that|who|which)\b`, ``, `"as a client that … does"`),
		row(`^(Who|Whose|Those|Nothing but)\b`, ``, `begin with the noun: "Somebody who", "A caller who"`),
		row(`^[A-Za-z.]+ (is|are) (what|who|none|so|those|whether)\b`, `^(that|this|it) `, `a function: "returns …", "reports whether …"; a value: what it is, as a noun`),
	}
}

// TestPlainEnglish counts the riddles in the comments of all Go files.
func TestPlainEnglish(t *testing.T) {
	t.Parallel()
	lines := 0
	var places []string
	for _, path := range goFiles(t) {
		for _, c := range commentsOf(t, path) {
			lines += c.lines
			for _, found := range riddlesIn(c.text) {
				places = append(places, strings.TrimPrefix(path, "../")+":"+c.line(found.at)+": "+found.words+" → "+found.better)
			}
		}
	}
	if lines < 4000 {
		t.Fatalf("only %d lines of comments were found", lines)
	}
	t.Logf("%d odd turns in %d lines of comments", len(places), lines)
	if len(places)*1000 > maxRiddles*lines {
		slices.Sort(places)
		t.Errorf("%d odd turns in %d lines of comments, want %d at the most in 1,000; write these sentences anew:\n%s",
			len(places), lines, maxRiddles, strings.Join(places, "\n"))
	}
}

// TestRiddles checks the table itself: which phrases it finds, and which it must not find.
func TestRiddles(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"fact reads a fact, \"\" for one that there is none of.":           1,
		"a key that is that of a guest, and for how many days it is valid": 2,
		"a number that is none":                                           1,
		"caller is who asks, as operations are told.":                     2,
		"The zero time itself is none.":                                   1,
		"an empty object is no empty list":                                1,
		"It is no longer needed.":                                         0,
		"There is no row, and there are none.":                            0,
		"of whatever place it is, whoever comes.":                         1,
		"Who asks for the head changes nothing.":                          2,
		"It asks as a client does that is not slow.":                      1,
		"Returns the links of type guest; it never returns nil.":          0,
		"Somebody who has the key can sign in; the owner is told by mail": 0,
	} {
		if got := len(riddlesIn(text)); got != want {
			t.Errorf("%q: %d odd turns, want %d", text, got, want)
		}
	}
}

// oddTurn is a place in a comment at which a row of the table matched.
type oddTurn struct {
	at            int // offset in the comment's text
	words, better string
}

// riddlesIn returns all places in a text at which a row of the table matches.
func riddlesIn(text string) []oddTurn {
	var found []oddTurn
	for _, r := range riddles() {
		for _, at := range r.odd.FindAllStringIndex(text, -1) {
			words := text[at[0]:at[1]]
			if r.fine == nil || !r.fine.MatchString(words) {
				found = append(found, oddTurn{at[0], words, r.better})
			}
		}
	}
	return found
}

// comment is a comment with one or more lines, which are joined by blanks.
type comment struct {
	text  string
	lines int
	first int   // the number of its first line
	ends  []int // offset in text at which each line ends
}

// line returns, as text, the number of the line to which an offset belongs.
func (c comment) line(at int) string {
	i, _ := slices.BinarySearch(c.ends, at)
	return strconv.Itoa(c.first + i)
}

// commentsOf returns the comments of a Go file. It leaves out instructions to tools, such as
// //go:build and //nolint.
func commentsOf(t *testing.T, path string) []comment {
	t.Helper()
	source := []byte(read(t, path))
	files := token.NewFileSet()
	file := files.AddFile(path, files.Base(), len(source))
	var s scanner.Scanner
	s.Init(file, source, nil, scanner.ScanComments)
	var all []comment
	last := -1 // the line of the comment before
	for {
		pos, kind, text := s.Scan()
		if kind == token.EOF {
			return all
		}
		if kind != token.COMMENT || !strings.HasPrefix(text, "// ") {
			continue
		}
		line, text := file.Line(pos), strings.TrimSpace(strings.TrimPrefix(text, "//"))
		if last != line-1 {
			all = append(all, comment{first: line})
		}
		c := &all[len(all)-1]
		if c.lines > 0 {
			c.text += " "
		}
		c.text += text
		c.lines++
		c.ends = append(c.ends, len(c.text))
		last = line
	}
}
