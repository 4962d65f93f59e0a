// Package lastday reads and writes the last day of a link or an invite. A day is a day of somebody's time zone: of
// the person who typed it or reads it, or UTC where no person is known.
package lastday

import (
	"fmt"
	"time"
)

// End returns the last moment of a day such as 2027-01-31 in a zone, which is 2027-01-31T23:59:59.999Z in UTC:
// milliseconds are what the databases of the service keep. It returns an error for a text that is not a date.
func End(day string, zone *time.Location) (time.Time, error) {
	begin, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return time.Time{}, fmt.Errorf("the last day: %w", err)
	}
	return end(begin, zone), nil
}

// Is reports whether a moment is the last moment of a day in a zone, so that the date alone describes it. The
// midnight that follows is not such a moment: it belongs to the next day.
func Is(moment time.Time, zone *time.Location) bool { return moment.Equal(Of(moment, zone)) }

// Day returns the day of a moment in a zone, such as 2027-01-31: the text that [End] reads.
func Day(moment time.Time, zone *time.Location) string { return moment.In(zone).Format(time.DateOnly) }

// Of returns the last moment of the day in a zone to which a moment belongs.
func Of(moment time.Time, zone *time.Location) time.Time { return end(moment.In(zone), zone) }

// end returns the last moment of the day that the calendar shows in begin. The result is in UTC.
func end(begin time.Time, zone *time.Location) time.Time {
	year, month, day := begin.Date()
	return time.Date(year, month, day+1, 0, 0, 0, 0, zone).Add(-time.Millisecond).UTC()
}
