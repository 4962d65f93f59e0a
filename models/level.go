package models

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Level is a set of limits for a local user: see ADR 0036. A level only takes away. The zero Level
// takes nothing away. It is stored as JSON, in which a nil list is left out.
type Level struct {
	Libraries       []string     `json:"libraries,omitzero"` // ids at the media server; nil for all
	HiddenLibraries []string     `json:"hidden_libraries,omitempty"`
	Types           []string     `json:"types,omitzero"` // [LevelTypes] that are shown; nil for all
	HiddenFolders   []string     `json:"hidden_folders,omitempty"`
	MaxRating       *LevelRating `json:"max_rating,omitempty"` // nil for every rating
	Unrated         []string     `json:"unrated,omitempty"`    // [UnratedKinds] whose items without a rating are hidden
	BlockedTags     []string     `json:"blocked_tags,omitempty"`
	AllowedTags     []string     `json:"allowed_tags,omitzero"` // nil for every tag; empty for none
	Hours           []LevelHours `json:"hours,omitzero"`        // nil for always; empty for never
	MayNot          []string     `json:"may_not,omitempty"`     // [LevelActs] that are forbidden
}

// LevelRating is the highest rating that a level shows.
type LevelRating struct {
	Name  string `json:"name,omitempty"` // as the media server calls it; "" for an age
	Value int    `json:"value"`          // the media server's number for it, which is an age
	Sub   *int   `json:"sub,omitempty"`  // orders ratings with the same value; nil for the highest
}

// LevelHours are a part of a day at which a level lets its local user in, by the clock of the media server.
type LevelHours struct {
	Day  string `json:"day"`  // one of [LevelDays]
	From int    `json:"from"` // minutes since midnight, 0 to 1439
	To   int    `json:"to"`   // minutes since midnight, above From and up to 1440
}

// LevelTypes returns the types of libraries that a level can name, in the words of Jellyfin. The type
// "mixed" stands for libraries whose media server names no type.
func LevelTypes() []string {
	return []string{"movies", "tvshows", "music", "musicvideos", "homevideos", "books", "boxsets", "livetv", "mixed"}
}

// UnratedKinds returns the kinds of items that a level can hide if they have no rating, in the words of
// Jellyfin.
func UnratedKinds() []string {
	return []string{"Movie", "Trailer", "Series", "Music", "Book", "LiveTvChannel", "LiveTvProgram", "ChannelContent", "Other"}
}

// LevelDays returns the days that [LevelHours] can name, in the words of Jellyfin.
func LevelDays() []string {
	return []string{"Everyday", "Weekday", "Weekend", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
}

// LevelActs returns what a level can forbid. Editing is about collections, subtitles and lyrics, and
// control about the devices of other people.
func LevelActs() []string { return []string{"delete", "download", "control", "edit"} }

// The limits of a level.
const (
	levelListMost  = 200 // two levels together must fit into what media servers take
	levelHoursMost = 50
	levelTagMost   = 100 // characters
	levelValueMost = 100_000
)

// minutesOfDay is the number of minutes of a day.
const minutesOfDay = 24 * 60

// takesNothing reports whether a level limits nothing.
func (l Level) takesNothing() bool {
	return l.Libraries == nil && l.Types == nil && l.AllowedTags == nil && l.Hours == nil && l.MaxRating == nil &&
		len(l.HiddenLibraries)+len(l.HiddenFolders)+len(l.Unrated)+len(l.BlockedTags)+len(l.MayNot) == 0
}

// Told returns the level as its person may read it: without the names of libraries, folders and tags that the person
// is not shown. known are the libraries whose names they may know.
func (l Level) Told(known []Library) Level {
	ids := make([]string, len(known))
	for i, one := range known {
		ids[i] = one.ExternalID
	}
	if l.Libraries != nil {
		l.Libraries = narrower(l.Libraries, ids)
	}
	if l.HiddenLibraries != nil {
		l.HiddenLibraries = narrower(l.HiddenLibraries, ids)
	}
	l.HiddenFolders, l.BlockedTags = nil, nil
	return l
}

// and returns the stricter of two levels in every field.
func (l Level) and(other Level) Level {
	return Level{
		Libraries: narrower(l.Libraries, other.Libraries), HiddenLibraries: joined(l.HiddenLibraries, other.HiddenLibraries),
		Types: narrower(l.Types, other.Types), HiddenFolders: joined(l.HiddenFolders, other.HiddenFolders),
		MaxRating: lowerRating(l.MaxRating, other.MaxRating), Unrated: joined(l.Unrated, other.Unrated),
		BlockedTags: joined(l.BlockedTags, other.BlockedTags), AllowedTags: narrower(l.AllowedTags, other.AllowedTags),
		Hours: commonHours(l.Hours, other.Hours), MayNot: joined(l.MayNot, other.MayNot),
	}
}

// narrower returns what both lists have. A nil list has everything.
func narrower(a, b []string) []string {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	both := []string{}
	for _, one := range a {
		if slices.Contains(b, one) {
			both = append(both, one)
		}
	}
	return both
}

// joined returns what one of the lists has.
func joined(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// lowerRating returns the lower of two ratings, of which nil is the highest.
func lowerRating(a, b *LevelRating) *LevelRating {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	case a.Value != b.Value:
		if a.Value < b.Value {
			return a
		}
		return b
	case b.Sub == nil || a.Sub != nil && *a.Sub <= *b.Sub:
		return a
	default:
		return b
	}
}

// daysOf returns the days of the week that the name of a day stands for.
func daysOf(day string) []string {
	week := LevelDays()[3:]
	switch day {
	case "Everyday":
		return week
	case "Weekday":
		return week[:5]
	case "Weekend":
		return week[5:]
	default:
		return []string{day}
	}
}

// commonHours returns the hours that are in both lists, day by day. A nil list is always.
func commonHours(a, b []LevelHours) []LevelHours {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	common := []LevelHours{}
	for _, day := range LevelDays()[3:] {
		theirs := spansOn(b, day)
		for _, x := range spansOn(a, day) {
			for _, y := range theirs {
				both := LevelHours{Day: day, From: max(x.From, y.From), To: min(x.To, y.To)}
				if both.From < both.To {
					common = append(common, both)
				}
			}
		}
	}
	return common
}

// spansOn returns the hours of a list on one day, in order and without overlaps. So two lists have no more common
// hours than both have together.
func spansOn(hours []LevelHours, day string) []LevelHours {
	var spans []LevelHours
	for _, h := range hours {
		if slices.Contains(daysOf(h.Day), day) {
			spans = append(spans, LevelHours{Day: day, From: h.From, To: h.To})
		}
	}
	slices.SortFunc(spans, func(a, b LevelHours) int { return cmp.Compare(a.From, b.From) })
	var joined []LevelHours
	for _, h := range spans {
		if last := len(joined) - 1; last >= 0 && h.From <= joined[last].To {
			joined[last].To = max(joined[last].To, h.To)
			continue
		}
		joined = append(joined, h)
	}
	return joined
}

// packLevel returns a level as it is stored. A level that takes nothing away is "".
func packLevel(l *Level) (string, error) {
	if l == nil || l.takesNothing() {
		return "", nil
	}
	text, err := json.Marshal(l)
	if err != nil {
		return "", fmt.Errorf("write a level: %w", err)
	}
	return string(text), nil
}

// unpackLevel reads a stored level.
func unpackLevel(text string) (Level, error) {
	var l Level
	if text == "" {
		return l, nil
	}
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		return Level{}, fmt.Errorf("read a level: %w", err)
	}
	return l, nil
}

// packOptional returns a level that may be absent as it is stored.
func packOptional(l *Level) (*string, error) {
	if l == nil {
		return nil, nil
	}
	text, err := packLevel(l)
	return &text, err
}

// unpackOptional reads a stored level that may be absent.
func unpackOptional(text *string) (*Level, error) {
	if text == nil {
		return nil, nil
	}
	l, err := unpackLevel(*text)
	return &l, err
}

// levelNames are the names that a level can use at a server.
type levelNames struct {
	libraries libraryNames
	serverID  int64
	choices   LevelChoices
	before    []Level // names in these levels may be used, even if the server does not have them any longer
}

// levelCheck collects the mistakes in one level.
type levelCheck struct {
	*levelNames

	field string // the beginning of the names of fields
	wrong []FieldError
}

func (c *levelCheck) fail(name, code string) {
	c.wrong = append(c.wrong, FieldError{Field: c.field + "." + name, Code: code})
}

// check returns a level in the form that is stored. It returns errors about the fields of the level, each
// with the prefix field, as in "everyday.max_rating".
func (n *levelNames) check(field string, l Level) (Level, []FieldError) {
	c := &levelCheck{levelNames: n, field: field}
	for name, list := range map[string]*[]string{
		"libraries": &l.Libraries, "hidden_libraries": &l.HiddenLibraries, "types": &l.Types, "hidden_folders": &l.HiddenFolders,
		"unrated": &l.Unrated, "blocked_tags": &l.BlockedTags, "allowed_tags": &l.AllowedTags, "may_not": &l.MayNot,
	} {
		if tidy(list) > levelListMost {
			c.fail(name, "level_long")
		}
	}
	c.checkPlaces(&l)
	c.checkWords(&l)
	if !n.rates(l.MaxRating) {
		c.fail("max_rating", "rating_unknown")
	}
	if len(l.Hours) > levelHoursMost {
		c.fail("hours", "level_long")
	} else if slices.ContainsFunc(l.Hours, LevelHours.wrong) {
		c.fail("hours", "hours_invalid")
	}
	slices.SortFunc(c.wrong, func(a, b FieldError) int { return cmp.Compare(a.Field, b.Field) })
	return l, c.wrong
}

// checkPlaces checks the names of libraries and folders.
func (c *levelCheck) checkPlaces(l *Level) {
	has := func(id string) bool {
		one, found := c.libraries[c.serverID][id]
		return found && one.GoneAt.IsZero()
	}
	before := func(l Level) []string { return slices.Concat(l.Libraries, l.HiddenLibraries) }
	for name, list := range map[string][]string{"libraries": l.Libraries, "hidden_libraries": l.HiddenLibraries} {
		if !c.known(list, has, before) {
			c.fail(name, "library_unknown")
		}
	}
	folder := func(id string) bool {
		return slices.ContainsFunc(c.choices.Folders, func(f LevelFolder) bool { return f.ID == id })
	}
	switch {
	case len(l.HiddenFolders) > 0 && !c.choices.HidesFolders:
		c.fail("hidden_folders", "folders_unsupported")
	case !c.known(l.HiddenFolders, folder, func(l Level) []string { return l.HiddenFolders }):
		c.fail("hidden_folders", "folders_invalid")
	}
}

// checkWords checks the words that are the same at every server, and tags.
func (c *levelCheck) checkWords(l *Level) {
	for _, words := range []struct {
		name        string
		list, known []string
	}{{"types", l.Types, LevelTypes()}, {"unrated", l.Unrated, UnratedKinds()}, {"may_not", l.MayNot, LevelActs()}} {
		if slices.ContainsFunc(words.list, func(word string) bool { return !slices.Contains(words.known, word) }) {
			c.fail(words.name, "level_word")
		}
	}
	for name, tags := range map[string][]string{"blocked_tags": l.BlockedTags, "allowed_tags": l.AllowedTags} {
		if slices.ContainsFunc(tags, func(tag string) bool { return !isTag(tag) }) {
			c.fail(name, "tag_invalid")
		}
	}
}

// tidy sorts a list. It removes blanks around its entries, empty entries and duplicates, and returns the
// length of the list.
func tidy(list *[]string) int {
	if *list == nil {
		return 0
	}
	clean := []string{}
	for _, one := range *list {
		if one = strings.TrimSpace(one); one != "" {
			clean = append(clean, one)
		}
	}
	slices.Sort(clean)
	*list = slices.Compact(clean)
	return len(*list)
}

// known reports whether a level may have every name of a list: the server has the name, or one of the levels n.before
// has it.
func (n *levelNames) known(list []string, has func(string) bool, of func(Level) []string) bool {
	return !slices.ContainsFunc(list, func(name string) bool {
		return !has(name) && !slices.ContainsFunc(n.before, func(l Level) bool { return slices.Contains(of(l), name) })
	})
}

// rates reports whether a level may have a rating: the server knows the rating, or a level that is
// replaced has it.
func (n *levelNames) rates(r *LevelRating) bool {
	if r == nil {
		return true
	}
	if r.Value < 0 || r.Value > levelValueMost {
		return false
	}
	same := func(other LevelRating) bool {
		return other.Name == r.Name && other.Value == r.Value && (other.Sub == nil) == (r.Sub == nil) && (r.Sub == nil || *r.Sub == *other.Sub)
	}
	return r.Name == "" && r.Sub == nil || slices.ContainsFunc(n.choices.Ratings, same) ||
		slices.ContainsFunc(n.before, func(l Level) bool { return l.MaxRating != nil && same(*l.MaxRating) })
}

// isTag reports whether a text can be the name of a tag. Jellyfin keeps lists of tags with commas between them, so a
// tag with a comma would be two others.
func isTag(text string) bool {
	return !strings.Contains(text, ",") && len([]rune(text)) <= levelTagMost && cleanServerName(text) == text
}

// wrong reports whether the hours lie outside a day.
func (h LevelHours) wrong() bool {
	return !slices.Contains(LevelDays(), h.Day) || h.From < 0 || h.From >= h.To || h.To > minutesOfDay
}
