package handlers

import (
	"slices"
	"strconv"
	"strings"

	"github.com/latchkey-media/latchkey/models"
)

// levelView is the data of templates/partials/level_form.html: the fields of one level, and a text that
// says what the level means.
type levelView struct {
	Base
	ID        string // of the element; the names of the fields begin with it, too
	Libraries SelectField
	Boxes     []Choice // libraries
	Types     SelectField
	TypeBoxes []Choice
	Rating    SelectField
	Unrated   []Choice
	Blocked   []Choice // tags
	Allowed   []Choice // tags
	Folders   []Choice
	Hours     []levelHoursView
	HoursBad  string // the mistake in the hours
	MayNot    []Choice
	More      bool   // something is chosen among what is folded away
	Errors    string // mistakes of what has no place of its own
}

// levelHoursView is one row of hours.
type levelHoursView struct {
	Day      SelectField
	From, To Field
}

// The largest numbers of boxes that a page offers. The API has no such limit.
const (
	tagBoxes    = 60
	folderBoxes = 120
)

// levelInputs has everything from which the fields of a level are made.
type levelInputs struct {
	in        *inputs
	id        string
	level     models.Level
	libraries []models.Library // that can be chosen
	choices   models.LevelChoices
}

// view returns the fields of the level.
func (l levelInputs) view() levelView {
	b := l.in.base
	out := levelView{Base: b, ID: l.id, HoursBad: l.in.wrong.fields[l.name("hours")]}
	mode, ticked := levelAll, []string(nil)
	switch {
	case l.level.Libraries != nil:
		mode = levelOnly
		for _, id := range l.level.Libraries {
			if !slices.Contains(l.level.HiddenLibraries, id) {
				ticked = append(ticked, id)
			}
		}
	case len(l.level.HiddenLibraries) > 0:
		mode, ticked = levelExcept, l.level.HiddenLibraries
	}
	out.Libraries = l.choose("libraries", mode, levelAll, levelOnly, levelExcept)
	out.Boxes = l.libraryBoxes(ticked)
	mode = levelAll
	if l.level.Types != nil {
		mode = levelOnly
	}
	out.Types = l.choose("types", mode, levelAll, levelOnly)
	for _, kind := range models.LevelTypes() {
		out.TypeBoxes = append(out.TypeBoxes, l.box("type", kind, b.T("level.type."+kind), slices.Contains(l.level.Types, kind)))
	}
	out.Rating = l.rating()
	for _, group := range unratedGroups() {
		out.Unrated = append(out.Unrated, l.box("unrated", group.name, b.T("level.unrated."+group.name), slices.Contains(l.level.Unrated, group.kinds[0])))
	}
	out.Blocked, out.Allowed = l.tagBoxes("blocked_tag", l.level.BlockedTags), l.tagBoxes("allowed_tag", l.level.AllowedTags)
	out.Folders = l.folderBoxes()
	out.Hours = l.hours()
	for _, act := range models.LevelActs() {
		out.MayNot = append(out.MayNot, l.box("may_not", act, b.T("level.may_not."+act), slices.Contains(l.level.MayNot, act)))
	}
	out.More = len(l.level.BlockedTags)+len(l.level.AllowedTags)+len(l.level.HiddenFolders)+len(l.level.Hours) > 0 || out.HoursBad != ""
	out.Errors = l.otherMistakes()
	return out
}

func (l levelInputs) name(end string) string { return l.id + "." + end }

// box returns a box to tick. Its name ends with value.
func (l levelInputs) box(group, value, label string, chosen bool) Choice {
	return Choice{ID: l.id + "-" + group + "-" + value, Name: l.name(group + "." + value), Label: label, Chosen: chosen}
}

// choose returns a select with the values, whose labels are level.NAME.VALUE.
func (l levelInputs) choose(name, chosen string, values ...string) SelectField {
	b := l.in.base
	out := SelectField{Field: Field{Name: l.name(name), ID: l.id + "-" + name, Label: b.T("level." + name), Error: l.in.wrong.fields[l.name(name)]}}
	for _, value := range values {
		out.Options = append(out.Options, Option{Value: value, Label: b.T("level." + name + "." + value), Chosen: value == chosen})
	}
	return out
}

// libraryBoxes returns the boxes of the libraries that can be chosen, and of those that are chosen and gone.
func (l levelInputs) libraryBoxes(ticked []string) []Choice {
	all := slices.Clone(l.libraries)
	for _, id := range ticked {
		if !slices.ContainsFunc(all, func(one models.Library) bool { return one.ExternalID == id }) {
			all = append(all, models.Library{ExternalID: id, Name: l.in.base.T("level.library_gone", "ID", id)})
		}
	}
	boxes := make([]Choice, len(all))
	for i, one := range all {
		boxes[i] = l.box("library", one.ExternalID, l.in.base.libraryName(one), slices.Contains(ticked, one.ExternalID))
		boxes[i].ID = l.id + "-library-" + strconv.Itoa(i)
	}
	return boxes
}

// rating returns the choice of the highest rating: the ratings of the server, and ages.
func (l levelInputs) rating() SelectField {
	b := l.in.base
	out := l.choose("max_rating", "")
	chosen := ratingValue(l.level.MaxRating)
	add := func(value, label string) {
		if !slices.ContainsFunc(out.Options, func(o Option) bool { return o.Value == value }) {
			out.Options = append(out.Options, Option{Value: value, Label: label, Chosen: value == chosen})
		}
	}
	add("", b.T("level.max_rating.every"))
	for _, one := range l.choices.Ratings {
		add(ratingValue(&one), one.Name)
	}
	if len(l.choices.Ratings) == 0 {
		for _, age := range ceilingAges() {
			add(ratingValue(&models.LevelRating{Value: age}), b.T("level.max_rating.age", "Age", age))
		}
	}
	if r := l.level.MaxRating; r != nil {
		label := r.Name
		if label == "" {
			label = b.T("level.max_rating.age", "Age", r.Value)
		}
		add(chosen, label)
	}
	return out
}

// ceilingAges returns the ages that pages offer.
func ceilingAges() []int { return []int{0, 6, 9, 12, 14, 16, 18} }

// tagBoxes returns the boxes of tags, those that are chosen first.
func (l levelInputs) tagBoxes(group string, chosen []string) []Choice {
	var boxes []Choice
	for _, tag := range slices.Concat(chosen, l.choices.Tags) {
		if len(boxes) >= tagBoxes && len(boxes) >= len(chosen) {
			break
		}
		if slices.ContainsFunc(boxes, func(c Choice) bool { return c.Label == tag }) {
			continue
		}
		box := l.box(group, tag, tag, slices.Contains(chosen, tag))
		box.ID = l.id + "-" + group + "-" + strconv.Itoa(len(boxes))
		boxes = append(boxes, box)
	}
	return boxes
}

// folderBoxes returns the boxes of the folders that can be hidden.
func (l levelInputs) folderBoxes() []Choice {
	if !l.choices.HidesFolders {
		return nil
	}
	var boxes []Choice
	for _, one := range l.choices.Folders {
		if len(boxes) >= folderBoxes && !slices.Contains(l.level.HiddenFolders, one.ID) {
			continue
		}
		box := l.box("folder", one.ID, one.Name, slices.Contains(l.level.HiddenFolders, one.ID))
		box.ID = l.id + "-folder-" + strconv.Itoa(len(boxes))
		boxes = append(boxes, box)
	}
	return boxes
}

// hours returns the rows of hours, with an empty one at the end.
func (l levelInputs) hours() []levelHoursView {
	b := l.in.base
	var rows []levelHoursView
	for i := range max(levelHoursRows, len(l.level.Hours)+1) {
		var hours models.LevelHours
		from, to := "", ""
		if i < len(l.level.Hours) {
			hours = l.level.Hours[i]
			from, to = clockOf(hours.From), clockOf(hours.To)
		}
		name, id := l.name("hours."+strconv.Itoa(i)), l.id+"-hours-"+strconv.Itoa(i)
		row := levelHoursView{
			Day:  SelectField{Field: Field{Name: name + ".day", ID: id + "-day", Label: b.T("level.hours.day")}},
			From: Field{Name: name + ".from", ID: id + "-from", Type: "time", Label: b.T("level.hours.from"), Value: from},
			To:   Field{Name: name + ".to", ID: id + "-to", Type: "time", Label: b.T("level.hours.to"), Value: to},
		}
		row.Day.Options = []Option{{Label: b.T("level.hours.none"), Chosen: hours.Day == ""}}
		for _, day := range models.LevelDays() {
			row.Day.Options = append(row.Day.Options, Option{Value: day, Label: b.T("level.day." + strings.ToLower(day)), Chosen: day == hours.Day})
		}
		rows = append(rows, row)
	}
	return rows
}

// otherMistakes returns the mistakes of fields that the page does not show one by one.
func (l levelInputs) otherMistakes() string {
	var said []string
	for _, name := range []string{"hidden_libraries", "hidden_folders", "unrated", "blocked_tags", "allowed_tags", "may_not"} {
		if text := l.in.wrong.fields[l.name(name)]; text != "" && !slices.Contains(said, text) {
			said = append(said, text)
		}
	}
	return strings.Join(said, " ")
}

// levelMeans says in one sentence what a level leaves to see. It names only the given libraries: the names of
// others may be none of the reader's business.
func (b Base) levelMeans(l models.Level, known []models.Library) string {
	parts := b.meansLibraries(l, known)
	say := func(has bool, key string, pairs ...any) {
		if has {
			parts = append(parts, b.T("level.means."+key, pairs...))
		}
	}
	say(l.Types != nil, "types", "Names", strings.Join(each(l.Types, func(t string) string { return b.T("level.type." + t) }), ", "))
	if r := l.MaxRating; r != nil {
		say(r.Name != "", "rating", "Name", r.Name)
		say(r.Name == "", "age", "Age", r.Value)
	}
	say(len(l.Unrated) > 0, "unrated")
	say(len(l.BlockedTags) > 0 || l.AllowedTags != nil, "tags")
	say(len(l.HiddenFolders) > 0, "folders")
	say(l.Hours != nil && len(l.Hours) == 0, "never")
	say(len(l.Hours) > 0, "hours")
	say(len(l.MayNot) > 0, "may_not", "Acts", strings.Join(each(l.MayNot, func(act string) string { return b.T("level.means.act." + act) }), ", "))
	return strings.Join(parts, ", ") + "."
}

// meansLibraries says which libraries a level leaves to see.
func (b Base) meansLibraries(l models.Level, known []models.Library) (parts []string) {
	switch names := namesOf(l.Libraries, known); {
	case l.Libraries != nil && len(l.Libraries) == 0:
		parts = append(parts, b.T("level.means.no_library"))
	case l.Libraries != nil && len(names) == len(l.Libraries):
		parts = append(parts, b.T("level.means.libraries", "Names", strings.Join(names, ", ")))
	case l.Libraries != nil:
		parts = append(parts, b.T("level.means.some_libraries"))
	default:
		parts = append(parts, b.T("level.means.all_libraries"))
	}
	if len(l.HiddenLibraries) == 0 {
		return parts
	}
	if names := namesOf(l.HiddenLibraries, known); len(names) == len(l.HiddenLibraries) {
		return append(parts, b.T("level.means.except", "Names", strings.Join(names, ", ")))
	}
	return append(parts, b.T("level.means.except_some"))
}

// namesOf returns the names of those libraries that are known.
func namesOf(ids []string, known []models.Library) []string {
	var names []string
	for _, one := range known {
		if slices.Contains(ids, one.ExternalID) {
			names = append(names, one.Name)
		}
	}
	return names
}
