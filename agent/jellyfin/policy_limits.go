package jellyfin

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/latchkey-media/latchkey/agent/mediacall"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// Names of members of a policy that hold limits.
const (
	maxParentalRating    = "MaxParentalRating"
	maxParentalSubRating = "MaxParentalSubRating" // from 10.11 on
	accessSchedules      = "AccessSchedules"
)

// limitFlag is a member of a policy that is true or false.
type limitFlag struct {
	name string
	into *bool
}

// flags returns the flags that every version has, except the flags of the libraries and channels.
func flags(l *mediaserver.Limits) []limitFlag {
	return []limitFlag{
		{enableLiveTVAccess, &l.LiveTV},
		{"EnableContentDeletion", &l.MayDelete},
		{"EnableContentDownloading", &l.MayDownload},
		{"EnableRemoteControlOfOtherUsers", &l.MayControl},
		{"EnableSharedDeviceControl", &l.MayControlShared},
	}
}

// edits returns the flags that only some versions have.
func edits(l *mediaserver.Limits) []limitFlag {
	return []limitFlag{
		{"EnableCollectionManagement", &l.MayEdit.Collections},
		{"EnableSubtitleManagement", &l.MayEdit.Subtitles},
		{"EnableLyricManagement", &l.MayEdit.Lyrics},
	}
}

// limitList is a member of a policy that is a list of texts.
type limitList struct {
	name string
	ids  bool
	into *[]string
}

// lists returns the lists, except the lists of the libraries and channels.
func lists(l *mediaserver.Limits) []limitList {
	return []limitList{
		{"BlockUnratedItems", false, &l.Unrated},
		{"BlockedTags", false, &l.BlockedTags},
		{"AllowedTags", false, &l.AllowedTags},
		{"EnableContentDeletionFromFolders", true, &l.DeleteFrom},
	}
}

// grant is a pair of members of a policy: everything is allowed, or the ids of a list are.
type grant struct {
	allName, listName string
	all               *bool
	list              *[]string
}

func grants(l *mediaserver.Limits) []grant {
	return []grant{
		{enableAllFolders, enabledFolders, &l.AllLibraries, &l.Libraries},
		{enableAllChannels, enabledChannels, &l.AllChannels, &l.Channels},
	}
}

// limits returns the limits of a policy, sorted. It returns errPolicy if one of them is missing or cannot
// be read. A list that is missing is empty: Jellyfin leaves out members without a value.
func (p *policy) limits() (mediaserver.Limits, error) {
	var l mediaserver.Limits
	all := flags(&l)
	read := lists(&l)
	for _, g := range grants(&l) {
		all, read = append(all, limitFlag{g.allName, g.all}), append(read, limitList{g.listName, true, g.list})
	}
	var errs []error
	for _, flag := range all {
		errs = append(errs, p.read(flag.name, flag.into))
	}
	for _, flag := range edits(&l) {
		errs = append(errs, p.optional(flag.name, flag.into))
	}
	for _, list := range read {
		errs = append(errs, p.optional(list.name, list.into))
		if *list.into = slices.DeleteFunc(*list.into, func(entry string) bool { return entry == "" }); list.ids {
			*list.into = normalIDs(*list.into)
		}
	}
	var value, sub *int
	errs = append(errs, p.optional(maxParentalRating, &value), p.optional(maxParentalSubRating, &sub))
	if value != nil {
		l.MaxRating = &mediaserver.MaxRating{Value: *value, Sub: sub}
	}
	kept, err := p.schedules()
	for _, one := range kept {
		l.Hours = append(l.Hours, one.Hours)
	}
	return l.Sorted(), errors.Join(append(errs, err)...)
}

// schedule is an entry of AccessSchedules.
type schedule struct {
	mediaserver.Hours

	raw json.RawMessage
}

func (p *policy) schedules() ([]schedule, error) {
	var raws []json.RawMessage
	if err := p.optional(accessSchedules, &raws); err != nil {
		return nil, err
	}
	all := make([]schedule, 0, len(raws))
	for _, raw := range raws {
		var entry struct {
			Day   string   `json:"DayOfWeek"`
			Start *float64 `json:"StartHour"`
			End   *float64 `json:"EndHour"`
		}
		if json.Unmarshal(raw, &entry) != nil || entry.Day == "" || entry.Start == nil || entry.End == nil {
			return nil, errPolicy
		}
		all = append(all, schedule{mediaserver.Hours{Day: entry.Day, Start: *entry.Start, End: *entry.End}, raw})
	}
	return all, nil
}

// limit changes the members of the limits that differ. It returns errPolicy if the policy lacks
// one of these members. Both limits must be sorted.
func (p *policy) limit(now, wanted mediaserver.Limits) error {
	var errs []error
	change := func(name string, value any) { errs = append(errs, p.set(name, value)) }
	before, after := grants(&now), grants(&wanted)
	for i, g := range after {
		if *g.all == *before[i].all && slices.Equal(*g.list, *before[i].list) {
			continue
		}
		if change(g.allName, *g.all); !*g.all { // otherwise the list is ignored, and stays as the dashboard shows it
			change(g.listName, listOf(*g.list))
		}
	}
	flagsBefore, flagsAfter := append(flags(&now), edits(&now)...), append(flags(&wanted), edits(&wanted)...)
	for i, flag := range flagsAfter {
		if *flag.into != *flagsBefore[i].into {
			change(flag.name, *flag.into)
		}
	}
	listsBefore := lists(&now)
	for i, list := range lists(&wanted) {
		if !slices.Equal(*list.into, *listsBefore[i].into) {
			change(list.name, listOf(*list.into))
		}
	}
	if !slices.Equal(now.Hours, wanted.Hours) {
		errs = append(errs, p.setHours(wanted.Hours))
	}
	return errors.Join(append(errs, p.setMaxRating(now.MaxRating, wanted.MaxRating))...)
}

// setHours replaces the hours. Entries that stay keep all of their members.
func (p *policy) setHours(hours []mediaserver.Hours) error {
	old, err := p.schedules()
	if err != nil {
		return err
	}
	raws := []json.RawMessage{}
	for _, h := range hours {
		at := slices.IndexFunc(old, func(one schedule) bool { return one.Hours == h })
		if at >= 0 {
			raws = append(raws, old[at].raw)
			continue
		}
		raw, err := json.Marshal(map[string]any{"DayOfWeek": h.Day, "StartHour": h.Start, "EndHour": h.End})
		if err != nil {
			return errPolicy // a number that JSON does not have
		}
		raws = append(raws, raw)
	}
	return p.set(accessSchedules, raws)
}

// setMaxRating writes the greatest rating if it has changed. Jellyfin leaves out both members
// while they have no value, so they are added.
func (p *policy) setMaxRating(now, wanted *mediaserver.MaxRating) error {
	var was, is struct{ value, sub *int }
	if now != nil {
		was.value, was.sub = &now.Value, now.Sub
	}
	if wanted != nil {
		is.value, is.sub = &wanted.Value, wanted.Sub
	}
	if same(was.value, is.value) && same(was.sub, is.sub) {
		return nil
	}
	return errors.Join(p.put(maxParentalRating, is.value), p.put(maxParentalSubRating, is.sub))
}

func same(a, b *int) bool { return a == b || a != nil && b != nil && *a == *b }

// put sets a member to a number, and adds it if it is missing. The value nil becomes null.
func (p *policy) put(name string, value *int) error {
	if p.find(name) == nil {
		if value == nil {
			return nil
		}
		p.members = append(p.members, member{name: name})
	}
	return p.set(name, value)
}

// optional decodes a member, and leaves into as it is if the member is missing or null.
func (p *policy) optional(name string, into any) error {
	if m := p.find(name); m == nil || !mediacall.Present(m.raw) {
		return nil
	}
	return p.read(name, into)
}

// normalIDs returns the valid ids of a list in the form of normalID.
func normalIDs(ids []string) []string {
	var list []string
	for _, given := range ids {
		if id, ok := mediacall.ID(given); ok {
			list = append(list, id)
		}
	}
	return list
}

// listOf returns a list that is never nil, because JSON writes nil as null.
func listOf(list []string) []string { return append([]string{}, list...) }
