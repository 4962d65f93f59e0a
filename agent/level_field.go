package agent

import (
	"encoding/json"
	"reflect"
	"slices"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// levelField is a part of the limits that an administrator can change by hand on its own.
type levelField struct {
	name string // as the agent's file has it
	told string // the member of [client.Level] by which the service knows it
	part func(l *mediaserver.Limits) []any
}

// levelFields returns all fields. Together they are all of [mediaserver.Limits].
func levelFields() []levelField {
	return []levelField{
		{"libraries", "libraries", func(l *mediaserver.Limits) []any { return []any{&l.Restriction} }},
		{"types", "types", func(l *mediaserver.Limits) []any { return []any{&l.LiveTV, &l.AllChannels, &l.Channels} }},
		{"hidden_folders", "hidden_folders", func(l *mediaserver.Limits) []any { return []any{&l.HiddenFolders} }},
		{"max_rating", "max_rating", func(l *mediaserver.Limits) []any { return []any{&l.MaxRating} }},
		{"unrated", "unrated", func(l *mediaserver.Limits) []any { return []any{&l.Unrated} }},
		{"blocked_tags", "blocked_tags", func(l *mediaserver.Limits) []any { return []any{&l.BlockedTags} }},
		{"allowed_tags", "allowed_tags", func(l *mediaserver.Limits) []any { return []any{&l.AllowedTags} }},
		{"hours", "hours", func(l *mediaserver.Limits) []any { return []any{&l.Hours} }},
		{"delete", "may_not", func(l *mediaserver.Limits) []any { return []any{&l.MayDelete, &l.DeleteFrom} }},
		{"download", "may_not", func(l *mediaserver.Limits) []any { return []any{&l.MayDownload} }},
		{"control", "may_not", func(l *mediaserver.Limits) []any { return []any{&l.MayControl, &l.MayControlShared} }},
		{"edit", "may_not", func(l *mediaserver.Limits) []any { return []any{&l.MayEdit} }},
	}
}

// same reports whether two limits mean the same in the field.
func (f *levelField) same(a, b *mediaserver.Limits) bool {
	x, y := normalLimits(*a), normalLimits(*b)
	return reflect.DeepEqual(f.part(&x), f.part(&y))
}

// sameLimits reports whether two limits mean the same.
func sameLimits(a, b *mediaserver.Limits) bool {
	return reflect.DeepEqual(normalLimits(*a), normalLimits(*b))
}

// copy copies the field.
func (f *levelField) copy(to, from *mediaserver.Limits) {
	target, source := f.part(to), f.part(from)
	for i := range target {
		reflect.ValueOf(target[i]).Elem().Set(reflect.ValueOf(source[i]).Elem())
	}
}

// toldFields returns the names by which the service knows some fields, sorted and never nil.
func toldFields(names []string) []string {
	told := []string{}
	for _, f := range levelFields() {
		if slices.Contains(names, f.name) && !slices.Contains(told, f.told) {
			told = append(told, f.told)
		}
	}
	slices.Sort(told)
	return told
}

// limitsText returns limits as the agent's file has them.
func limitsText(l mediaserver.Limits) (string, error) {
	text, err := json.Marshal(l)
	return string(text), err
}

// readLimits returns the limits of a text of the agent's file, and false if there are none.
func readLimits(text string) (l mediaserver.Limits, ok bool) {
	if text == "" || json.Unmarshal([]byte(text), &l) != nil {
		return mediaserver.Limits{}, false
	}
	return l, true
}
