package handlers

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/latchkey-media/latchkey/models"
)

// The ways in which a level chooses libraries on a form.
const (
	levelAll    = "all"
	levelOnly   = "only"   // the ticked ones
	levelExcept = "except" // all but the ticked ones
)

// unratedGroups are the kinds without a rating that a form offers as one box each, by the name of the box.
func unratedGroups() []unratedGroup {
	return []unratedGroup{
		{"films", []string{"Movie", "Trailer"}},
		{"series", []string{"Series"}},
		{"music", []string{"Music"}},
		{"books", []string{"Book"}},
		{"livetv", []string{"LiveTvChannel", "LiveTvProgram", "ChannelContent"}},
		{"other", []string{"Other"}},
	}
}

type unratedGroup struct {
	name  string
	kinds []string
}

// readLevel reads the level whose fields have names that begin with prefix. The names are made by [levelInputs].
func readLevel(f form, prefix string) models.Level {
	prefix += "."
	ticked := tickedBoxes(f, prefix+"library.")
	out := models.Level{
		HiddenFolders: tickedBoxes(f, prefix+"folder."), BlockedTags: tickedBoxes(f, prefix+"blocked_tag."), MayNot: tickedBoxes(f, prefix+"may_not."),
		MaxRating: readRating(f[prefix+"max_rating"]), Hours: readHours(f, prefix+"hours."),
	}
	switch f[prefix+"libraries"] {
	case levelOnly:
		out.Libraries = notNull(ticked)
	case levelExcept:
		out.HiddenLibraries = ticked
	}
	if f[prefix+"types"] == levelOnly {
		out.Types = notNull(tickedBoxes(f, prefix+"type."))
	}
	for _, group := range unratedGroups() {
		if f[prefix+"unrated."+group.name] != "" {
			out.Unrated = append(out.Unrated, group.kinds...)
		}
	}
	if allowed := tickedBoxes(f, prefix+"allowed_tag."); len(allowed) > 0 {
		out.AllowedTags = allowed
	}
	return out
}

// tickedBoxes returns the ends of the names of the ticked boxes whose names begin with prefix.
func tickedBoxes(f form, prefix string) []string {
	var ticked []string
	for name, value := range f {
		if end, ok := strings.CutPrefix(name, prefix); ok && value != "" {
			ticked = append(ticked, end)
		}
	}
	slices.Sort(ticked)
	return ticked
}

// ratingValue returns the value of the option of a rating, which [readRating] reads.
func ratingValue(r *models.LevelRating) string {
	if r == nil {
		return ""
	}
	sub := "-"
	if r.Sub != nil {
		sub = strconv.Itoa(*r.Sub)
	}
	return fmt.Sprintf("%d/%s/%s", r.Value, sub, r.Name)
}

// readRating reads the value of the option of a rating. Any other text is a rating that no server knows.
func readRating(text string) *models.LevelRating {
	if text == "" {
		return nil
	}
	value, rest, _ := strings.Cut(text, "/")
	sub, name, _ := strings.Cut(rest, "/")
	out := models.LevelRating{Name: name, Value: -1}
	if number, err := strconv.Atoi(value); err == nil {
		out.Value = number
	}
	if number, err := strconv.Atoi(sub); err == nil {
		out.Sub = &number
	}
	return &out
}

// levelHoursRows is the smallest number of rows of hours in a form.
const levelHoursRows = 3

// readHours reads the hours of a form. It ignores a row without a day. A level without any hours lets people in
// at all times.
func readHours(f form, prefix string) []models.LevelHours {
	var hours []models.LevelHours
	for i := range maxFields {
		row := prefix + strconv.Itoa(i)
		day, sent := f[row+".day"]
		if !sent {
			break
		}
		if day != "" {
			hours = append(hours, models.LevelHours{Day: day, From: minutesOf(f[row+".from"], 0), To: minutesOf(f[row+".to"], 24*60)})
		}
	}
	return hours
}

// minutesOf returns the minutes since midnight of a time such as 18:30, or the number absent for "". The end of a
// day is 24:00, which browsers write as 00:00. Any other text is -1.
func minutesOf(text string, absent int) int {
	if text == "" || text == "00:00" {
		return absent
	}
	hour, minute, _ := strings.Cut(text, ":")
	h, err := strconv.Atoi(hour)
	m, err2 := strconv.Atoi(minute)
	if err != nil || err2 != nil || h < 0 || h > 24 || m < 0 || m > 59 {
		return -1
	}
	return h*60 + m
}

// clockOf returns minutes since midnight as browsers write times: 18:30, and 00:00 for the end of a day.
func clockOf(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60%24, minutes%60) }
