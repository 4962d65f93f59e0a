package agent

import (
	"cmp"
	"slices"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// The names of several days in one. All other names are days of the week.
const (
	everyDay = "Everyday"
	weekday  = "Weekday"
	weekend  = "Weekend"
)

// weekDays returns the days of the week in order.
func weekDays() []string {
	return []string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
}

// daysOf returns the days of the week that a name stands for, or nil for an unknown name.
func daysOf(name string) []string {
	week := weekDays()
	switch {
	case name == everyDay:
		return week
	case name == weekday:
		return week[1:6]
	case name == weekend:
		return []string{week[0], week[6]}
	case slices.Contains(week, name):
		return []string{name}
	}
	return nil
}

// span is a part of a day, in hours since midnight.
type span struct{ start, end float64 }

// spansOf returns the parts of each day of the week that a list of hours has, sorted and joined.
func spansOf(hours []mediaserver.Hours) map[string][]span {
	byDay := map[string][]span{}
	for _, h := range hours {
		if h.End <= h.Start {
			continue
		}
		for _, day := range daysOf(h.Day) {
			byDay[day] = append(byDay[day], span{h.Start, h.End})
		}
	}
	for day, spans := range byDay {
		slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.start, b.start) })
		joined := spans[:1]
		for _, one := range spans[1:] {
			if last := &joined[len(joined)-1]; one.start <= last.end {
				last.end = max(last.end, one.end)
			} else {
				joined = append(joined, one)
			}
		}
		byDay[day] = joined
	}
	return byDay
}

// hoursOf returns parts of days as a list of hours, in the order of the week. If all days are the same,
// the list has them once. Without any part it returns hours that never come.
func hoursOf(byDay map[string][]span) []mediaserver.Hours {
	var list []mediaserver.Hours
	week := weekDays()
	same := !slices.ContainsFunc(week, func(day string) bool { return !slices.Equal(byDay[day], byDay[week[0]]) })
	for _, day := range week {
		name := day
		if same {
			name = everyDay
		}
		for _, one := range byDay[day] {
			list = append(list, mediaserver.Hours{Day: name, Start: one.start, End: one.end})
		}
		if same {
			break
		}
	}
	if len(list) == 0 {
		return []mediaserver.Hours{mediaserver.NeverHours()}
	}
	return list
}

// normalHours returns a list of hours in the one form in which equal hours are equal lists. An empty
// list, which means always, stays empty.
func normalHours(hours []mediaserver.Hours) []mediaserver.Hours {
	if len(hours) == 0 {
		return nil
	}
	return hoursOf(spansOf(hours))
}

// commonHours returns the hours that both the bound and the level have. For the bound, an empty list
// means always; for a level, nil does.
func commonHours(bound []mediaserver.Hours, level []client.LevelHours) []mediaserver.Hours {
	if level == nil {
		return bound
	}
	const minutes = 60
	by := make([]mediaserver.Hours, 0, len(level))
	for _, h := range level {
		by = append(by, mediaserver.Hours{Day: h.Day, Start: float64(h.From) / minutes, End: float64(h.To) / minutes})
	}
	theirs := spansOf(by)
	if len(bound) == 0 {
		return hoursOf(theirs)
	}
	both := map[string][]span{}
	for day, given := range spansOf(bound) {
		for _, one := range given {
			for _, other := range theirs[day] {
				if start, end := max(one.start, other.start), min(one.end, other.end); start < end {
					both[day] = append(both[day], span{start, end})
				}
			}
		}
	}
	return hoursOf(both)
}
