// Package lastday reads and writes the last day of a link or an invite. Such a day is meant in UTC, wherever it
// is named: on a page, at the API or by a command of the agent, whatever the time zone of the machine or of the
// browser is. One rule for all of them makes the same day the same moment.
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

// Is reports whether a moment is the end of a day in UTC, so that the day alone says all of it. The midnight
// that follows does not count: it belongs to the next day.
func Is(moment time.Time) bool {
	midnight := moment.Add(time.Millisecond).UTC()
	return midnight.Equal(midnight.Truncate(24 * time.Hour))
}

// Day returns the day of a moment in UTC, such as 2027-01-31: the text that [End] reads.
func Day(moment time.Time) string { return moment.UTC().Format(time.DateOnly) }
