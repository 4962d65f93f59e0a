package builtin

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// Hours are a part of the day at which a local user is let in, by the clock and the time zone of
// the machine.
type Hours struct {
	Day   string  `json:"day"`   // one of dayNames
	Start float64 `json:"start"` // hours since midnight: 0 to 24
	End   float64 `json:"end"`   // later than Start, except in mediaserver.NeverHours; at this time it is over
}

// dayNames returns the names that [Hours.Day] may have, in the words of Jellyfin and Emby.
func dayNames() []string {
	return []string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Everyday", "Weekday", "Weekend"}
}

// checkHours returns [ErrPolicy] for hours that are not a part of a day.
func checkHours(all []Hours) error {
	if len(all) > policyListMax {
		return fmt.Errorf("%w: hours: there are %d entries, and %d are possible", ErrPolicy, len(all), policyListMax)
	}
	for _, h := range all {
		if !slices.Contains(dayNames(), h.Day) {
			return fmt.Errorf("%w: hours: %q is not one of %s", ErrPolicy, h.Day, strings.Join(dayNames(), ", "))
		}
		if h == Hours(mediaserver.NeverHours()) {
			continue
		}
		if !(h.Start >= 0 && h.Start < h.End && h.End <= 24) { // false for a value that is not a number, too
			return fmt.Errorf("%w: hours: the time from %v to %v is not a part of a day, whose hours are 0 to 24", ErrPolicy, h.Start, h.End)
		}
	}
	return nil
}

// letsIn reports whether a time is within the hours of the policy. The time zone of the time
// decides what its day and hour are.
func (p *Policy) letsIn(at time.Time) bool {
	return len(p.Hours) == 0 || slices.ContainsFunc(p.Hours, func(h Hours) bool { return h.contain(at) })
}

// contain reports whether a time is within the hours.
func (h Hours) contain(at time.Time) bool {
	hour := float64(at.Hour()) + float64(at.Minute())/60 + float64(at.Second())/3600
	return h.isOn(at.Weekday()) && hour >= h.Start && hour < h.End
}

// isOn reports whether a day is the day of the hours.
func (h Hours) isOn(day time.Weekday) bool {
	weekend := day == time.Saturday || day == time.Sunday
	switch h.Day {
	case "Everyday":
		return true
	case "Weekday":
		return !weekend
	case "Weekend":
		return weekend
	default:
		return h.Day == day.String()
	}
}
