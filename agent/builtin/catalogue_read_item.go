package builtin

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// place says where in the catalogue an entry is.
type place struct {
	parent     int    // the index of the item that it is in, or -1
	depth      int    // 0 for a library
	path       string // the names of the items that it is in, for problems
	collection string // the type of the library
	kind       string // the kind of the item that it is in
}

// entries reads a list of libraries or items. Two things of the same kind in one list must have
// different names, because the ids are made from the names.
func (r *catalogueReader) entries(list *yaml.Node, at place) {
	if list.Kind != yaml.SequenceNode {
		r.problem(list, "%sthere must be a list here, whose entries begin with a dash", at.path)
		return
	}
	if at.depth >= catalogueDepthMax {
		r.problem(list, "%sthere can be %d levels; move these items up", at.path, catalogueDepthMax)
		return
	}
	names := map[string]int{}
	for _, entry := range list.Content {
		i := r.entry(entry, at)
		if i < 0 {
			continue
		}
		key := r.items[i].kind + "\x00" + nameKey(r.items[i].name)
		if first := names[key]; first != 0 {
			r.problem(entry, "%s%s: the entry in line %d has the same name; give one of them another name", at.path, r.items[i].name, first)
		}
		names[key] = entry.Line
	}
}

// entry reads a library or an item with all that is in it, and returns its index, or -1.
func (r *catalogueReader) entry(node *yaml.Node, at place) int {
	if len(r.items) >= catalogueItemsMax {
		if !r.full {
			r.problem(node, "there can be %d libraries and items; leave this one and those after it out", catalogueItemsMax)
		}
		r.full = true
		return -1
	}
	one := item{parent: at.parent}
	what := at.path + nameIn(node)
	var inside *yaml.Node
	r.pairs(node, what+": ", func(key string, value *yaml.Node) error {
		if key == "items" {
			inside = value
			return nil
		}
		if at.depth == 0 {
			return r.libraryField(&one, key, value)
		}
		return r.itemField(&one, key, value)
	})
	if one.name == "" {
		if node.Kind == yaml.MappingNode {
			r.problem(node, "%s: write a name", what)
		}
		return -1
	}
	r.finish(node, &one, at, inside)
	i := len(r.items)
	r.items = append(r.items, one)
	if inside != nil {
		r.entries(inside, place{i, at.depth + 1, at.path + one.name + " / ", collectionOf(&one, at), one.kind})
	}
	r.items[i].end = len(r.items)
	return i
}

func collectionOf(one *item, at place) string {
	if at.depth == 0 {
		return one.collection
	}
	return at.collection
}

// nameIn returns the name in an entry for the texts of problems, or "an entry" if the entry has
// no name.
func nameIn(node *yaml.Node) string {
	for i := 0; node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == "name" && node.Content[i+1].Value != "" {
			return node.Content[i+1].Value
		}
	}
	return "an entry"
}

// finish fills in what the entry leaves out, and checks what depends on several of its keys.
func (r *catalogueReader) finish(node *yaml.Node, one *item, at place, inside *yaml.Node) {
	if at.depth == 0 {
		one.kind = kindLibrary
		if one.collection == "" {
			one.collection = "mixed"
		}
	}
	if one.kind == "" {
		one.kind = usualKind(at.collection, at.kind, inside != nil)
	}
	one.about = kindOf(one.kind)
	if inside != nil && !one.folder() {
		r.problem(inside, "%s%s: there cannot be items in a %s; give it another type, such as Folder", at.path, one.name, one.kind)
	}
	if one.sort == "" {
		one.sort = one.name
	}
	if one.rating == "" {
		return
	}
	score, err := r.book.find(r.country, one.rating)
	if err != nil {
		r.problem(node, "%s%s: rating: %v", at.path, one.name, err)
		return
	}
	one.scored, one.score = true, score
}

func (r *catalogueReader) libraryField(one *item, key string, value *yaml.Node) error {
	switch key {
	case "name":
		if err := r.text(value, &one.name, titleMax); err != nil {
			return err
		}
		_, err := cleanName(one.name)
		return err
	case "type":
		return r.word(value, &one.collection, collectionTypes())
	case "tags":
		return r.texts(value, &one.tags)
	default:
		return unknownKey("name", "type", "tags", "items")
	}
}

func (r *catalogueReader) itemField(one *item, key string, value *yaml.Node) error {
	switch key {
	case "name":
		return r.text(value, &one.name, titleMax)
	case "sort":
		return r.text(value, &one.sort, titleMax)
	case "type":
		return r.word(value, &one.kind, itemKinds())
	case "rating":
		return r.text(value, &one.rating, tagMax)
	case "overview":
		return r.text(value, &one.overview, overviewMax)
	case "tags":
		return r.texts(value, &one.tags)
	case "genres":
		return r.texts(value, &one.genres)
	case "year":
		return number(value, &one.year, 1800, 2200)
	case "number":
		return number(value, &one.number, 0, 100_000)
	case "minutes":
		return number(value, &one.minutes, 1, 10_000)
	case "added":
		return date(value, &one.added)
	default:
		return unknownKey("name", "sort", "type", "rating", "overview", "tags", "genres", "year", "number", "minutes", "added", "items")
	}
}

// text reads a text of at most most code points that can be shown.
func (r *catalogueReader) text(node *yaml.Node, into *string, most int) error {
	if node.Kind != yaml.ScalarNode || node.Tag == "!!null" {
		return errors.New("there must be a text here")
	}
	text := strings.Join(strings.Fields(node.Value), " ")
	switch {
	case text == "":
		return errors.New("the text is empty; write one, or leave the key out")
	case utf8.RuneCountInString(text) > most:
		return fmt.Errorf("the text is longer than %d characters; make it shorter", most)
	case strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) }):
		return errors.New("the text has a character that cannot be shown; leave it out")
	}
	*into = text
	return nil
}

// texts reads a list of tags or genres.
func (r *catalogueReader) texts(node *yaml.Node, into *[]string) error {
	if node.Kind != yaml.SequenceNode {
		return errors.New("there must be a list here, such as [one, another]")
	}
	if len(node.Content) > tagsMax {
		return fmt.Errorf("there can be %d entries; leave some out", tagsMax)
	}
	for _, entry := range node.Content {
		var text string
		if err := r.text(entry, &text, tagMax); err != nil {
			return err
		}
		*into = append(*into, text)
	}
	return nil
}

// word reads one of some words, in any letter case.
func (r *catalogueReader) word(node *yaml.Node, into *string, known []string) error {
	i := slices.IndexFunc(known, func(word string) bool { return strings.EqualFold(word, node.Value) })
	if node.Kind != yaml.ScalarNode || i < 0 {
		return fmt.Errorf("%q is not one of %s", node.Value, strings.Join(known, ", "))
	}
	*into = known[i]
	return nil
}

// number reads a whole number from least to most.
func number(node *yaml.Node, into *int, least, most int) error {
	n, err := strconv.Atoi(node.Value)
	if node.Kind != yaml.ScalarNode || err != nil || n < least || n > most {
		return fmt.Errorf("%q is not a whole number from %d to %d", node.Value, least, most)
	}
	*into = n
	return nil
}

// date reads a day, as midnight in UTC.
func date(node *yaml.Node, into *time.Time) error {
	day, err := time.Parse(time.DateOnly, node.Value)
	if node.Kind != yaml.ScalarNode || err != nil {
		return fmt.Errorf("%q is not a day such as 2026-05-17", node.Value)
	}
	*into = day
	return nil
}
