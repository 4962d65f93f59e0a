package mediaserver

import (
	"cmp"
	"slices"
)

// Sorted returns a copy of the limits, which shares nothing with them, in the one form in which
// equal limits are equal values: lists are sorted, have no duplicates, and are nil if they are
// empty or ignored.
func (l Limits) Sorted() Limits {
	l.Libraries, l.Channels = sorted(l.Libraries), sorted(l.Channels)
	if l.AllLibraries {
		l.Libraries = nil
	}
	if l.AllChannels {
		l.Channels = nil
	}
	l.Unrated, l.BlockedTags, l.AllowedTags = sorted(l.Unrated), sorted(l.BlockedTags), sorted(l.AllowedTags)
	l.HiddenFolders, l.DeleteFrom = sorted(l.HiddenFolders), sorted(l.DeleteFrom)
	if l.Hours = slices.Compact(slices.SortedFunc(slices.Values(l.Hours), compareHours)); len(l.Hours) == 0 {
		l.Hours = nil
	}
	if l.MaxRating != nil {
		rating := *l.MaxRating
		if rating.Sub != nil {
			rating.Sub = new(*rating.Sub)
		}
		l.MaxRating = &rating
	}
	return l
}

func sorted(list []string) []string {
	if list = slices.Compact(slices.Sorted(slices.Values(list))); len(list) == 0 {
		return nil
	}
	return list
}

func compareHours(a, b Hours) int {
	return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
}
