package builtin

import (
	"bytes"
	_ "embed" // the demo's catalogue
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed catalogues/demo.yaml
var demoCatalogue []byte

// DemoCatalogue is the name of the catalogue that the program contains.
const DemoCatalogue = "demo"

// ErrCatalogue means that the file of a catalogue cannot be used. Its text has a line for each
// problem, with the line of the file and with what to do.
var ErrCatalogue = errors.New("the catalogue cannot be used")

// problemsMax is the largest number of problems that are named for one file.
const problemsMax = 20

// ReadCatalogue reads the catalogue in a YAML file, or the catalogue named [DemoCatalogue]. It
// returns [ErrCatalogue].
func ReadCatalogue(path string) (*Catalogue, error) {
	if path == DemoCatalogue {
		return parseCatalogue(path, demoCatalogue)
	}
	file, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("%w: %w; name a YAML file, or %s", ErrCatalogue, err, DemoCatalogue)
	}
	defer file.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(io.LimitReader(file, catalogueBytesMax+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCatalogue, err)
	}
	return parseCatalogue(path, text)
}

// catalogueReader reads one file.
type catalogueReader struct {
	file     string
	book     ratingBook
	country  string
	items    []item
	problems []string
	full     bool // the file has too many items, which was said already
}

func parseCatalogue(file string, text []byte) (*Catalogue, error) {
	r := &catalogueReader{file: file, book: newRatingBook(), country: ratingCountries()[0]}
	root, err := onlyDocument(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrCatalogue, file, err)
	}
	r.document(root)
	if len(r.problems) > 0 {
		return nil, fmt.Errorf("%w:\n  %s", ErrCatalogue, strings.Join(r.shownProblems(), "\n  "))
	}
	inherit(r.items)
	return &Catalogue{country: r.country, items: r.items}, nil
}

// onlyDocument returns the top of a YAML file that has one document.
func onlyDocument(text []byte) (*yaml.Node, error) {
	if len(text) > catalogueBytesMax {
		return nil, fmt.Errorf("the file is larger than %d MiB; make it smaller", catalogueBytesMax>>20)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document, second yaml.Node
	if err := decoder.Decode(&document); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("it is not YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if len(document.Content) == 0 {
		return nil, errors.New("it is empty; write at least one library")
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, errors.New("it has several documents; remove the line --- and the lines after it")
	}
	return document.Content[0], nil
}

func (r *catalogueReader) shownProblems() []string {
	if more := len(r.problems) - problemsMax; more > 0 {
		return append(r.problems[:problemsMax:problemsMax], fmt.Sprintf("and %d more", more))
	}
	return r.problems
}

// problem notes what is wrong at a place of the file.
func (r *catalogueReader) problem(at *yaml.Node, format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf("%s:%d: %s", r.file, at.Line, fmt.Sprintf(format, args...)))
}

// document reads the top of the file: the country, and the libraries. The country comes first,
// because the ratings of the items depend on it.
func (r *catalogueReader) document(root *yaml.Node) {
	var libraries *yaml.Node
	r.pairs(root, "", func(key string, value *yaml.Node) error {
		switch key {
		case "ratings":
			return r.word(value, &r.country, ratingCountries())
		case "libraries":
			libraries = value
			return nil
		default:
			return unknownKey("ratings", "libraries")
		}
	})
	if libraries == nil {
		r.problem(root, "there are no libraries; write libraries: and a list below it")
		return
	}
	r.entries(libraries, place{parent: -1})
}

// pairs calls read for each key of a mapping with its value. The parameter what names the thing
// that the mapping describes.
func (r *catalogueReader) pairs(node *yaml.Node, what string, read func(key string, value *yaml.Node) error) {
	if node.Kind != yaml.MappingNode {
		r.problem(node, "%sthere must be lines of the form name: value here", what)
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		err := read(key.Value, value)
		if seen[key.Value] {
			err = errors.New("it is here for the second time; leave one of them out")
		}
		seen[key.Value] = true
		if err != nil {
			r.problem(key, "%s%s: %v", what, key.Value, err)
		}
	}
}

// unknownKey returns the error for a key that the file cannot have at its place.
func unknownKey(known ...string) error {
	return fmt.Errorf("there is no such key here; known are %s", strings.Join(known, ", "))
}

// inherit gives each item the rating and the tags of the item that it is in: an episode without a
// rating gets the rating of its series. Names of tags are compared without regard to letter case.
func inherit(items []item) {
	for i := range items {
		one := &items[i]
		for _, tag := range one.tags {
			one.allTags = append(one.allTags, nameKey(tag))
		}
		if one.parent < 0 {
			continue
		}
		above := &items[one.parent]
		one.allTags = append(one.allTags, above.allTags...)
		if !one.scored {
			one.scored, one.score = above.scored, above.score
		}
	}
}
