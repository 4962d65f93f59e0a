// Package lastday reads and writes the last day of a link or an invite. Such a day is a day in UTC, wherever
// somebody names it: on a page, at the API or in a command of the agent, whatever the time zone of the machine
// or of the browser is. With this one rule, the same day ends at the same moment everywhere.
package lastday

import (
	"fmt"
	"time"
)

// End returns the last moment of a day such as 2027-01-31, which is 2027-01-31T23:59:59.999Z: milliseconds are
// what the databases of the service keep. It returns an error for a text that is not a date.
func End(day string) (time.Time, error) {
	begin, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return time.Time{}, fmt.Errorf("the last day: %w", err)
	}
	return begin.AddDate(0, 0, 1).Add(-time.Millisecond), nil
}

// Is reports whether a moment is the last moment of a day in UTC, so that the date alone describes it. The
// midnight that follows is not such a moment: it belongs to the next day.
func Is(moment time.Time) bool {
	midnight := moment.Add(time.Millisecond).UTC()
	return midnight.Equal(midnight.Truncate(24 * time.Hour))
}

// Day returns the day of a moment in UTC, such as 2027-01-31: the text that [End] reads.
func Day(moment time.Time) string { return moment.UTC().Format(time.DateOnly) }

// Of returns the last moment of the day in UTC to which a moment belongs.
func Of(moment time.Time) time.Time {
	return moment.UTC().Truncate(24 * time.Hour).Add(24*time.Hour - time.Millisecond)
}
