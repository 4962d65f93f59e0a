package lastday_test

import (
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/lastday"
)

// A day ends at the same moment for everybody, and is written in the form in which it was read.
func TestLastDay(t *testing.T) {
	t.Parallel()
	for _, day := range []string{"2026-03-04", "2024-02-29", "2026-12-31", "2027-03-28"} {
		got, err := lastday.End(day, time.UTC)
		if want := day + "T23:59:59.999Z"; err != nil || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%s: got %s, error %v; want %s", day, got.Format(time.RFC3339Nano), err, want)
		}
		if morning := got.Add(-23 * time.Hour); !lastday.Of(morning, time.UTC).Equal(got) || !lastday.Of(got, time.UTC).Equal(got) {
			t.Errorf("%s: its morning has the last moment %s, want %s", day, lastday.Of(morning, time.UTC), got)
		}
		away := got.In(time.FixedZone("away", 13*60*60))
		if lastday.Day(away, time.UTC) != day || !lastday.Is(away, time.UTC) {
			t.Errorf("%s: got the day %s, a last day: %t; want %s, true", day, lastday.Day(away, time.UTC), lastday.Is(away, time.UTC), day)
		}
	}
	for _, text := range []string{"", "soon", "04.03.2026", "2026-13-01", "2026-02-30", "2026-03-04T10:00:00Z"} {
		if got, err := lastday.End(text, time.UTC); err == nil {
			t.Errorf("%q: got %s, want an error", text, got)
		}
	}
	midnight := time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC)
	if lastday.Is(midnight, time.UTC) || lastday.Is(midnight.Add(-time.Hour), time.UTC) {
		t.Error("midnight or an hour before it is the end of a day, want neither")
	}
}

// A day ends at midnight of the zone, also where a day has 23 or 25 hours, or no midnight.
func TestLastDayInAZone(t *testing.T) {
	t.Parallel()
	for _, one := range []struct{ zone, day, end string }{
		{"Europe/Berlin", "2027-01-31", "2027-01-31T22:59:59.999Z"},
		{"Europe/Berlin", "2027-03-28", "2027-03-28T21:59:59.999Z"}, // has 23 hours
		{"Europe/Berlin", "2027-10-31", "2027-10-31T22:59:59.999Z"}, // has 25 hours
		{"America/Los_Angeles", "2026-12-31", "2027-01-01T07:59:59.999Z"},
		{"Pacific/Kiritimati", "2027-01-01", "2027-01-01T09:59:59.999Z"},
		{"America/Havana", "2027-03-13", ""}, // the next day begins at one o'clock
	} {
		zone, err := time.LoadLocation(one.zone)
		if err != nil {
			t.Fatal(err)
		}
		got, err := lastday.End(one.day, zone)
		if text := got.Format(time.RFC3339Nano); err != nil || one.end != "" && text != one.end {
			t.Errorf("%s in %s ends at %s, error %v; want %s", one.day, one.zone, text, err, one.end)
		}
		if !lastday.Is(got, zone) || lastday.Day(got, zone) != one.day || lastday.Is(got.Add(-time.Hour), zone) {
			t.Errorf("%s in %s: the end is the last moment of a day: %t, of %s; want true, of the same day", one.day, one.zone, lastday.Is(got, zone), lastday.Day(got, zone))
		}
		if morning := got.Add(-20 * time.Hour); !lastday.Of(morning, zone).Equal(got) {
			t.Errorf("%s in %s: its morning has the last moment %s, want %s", one.day, one.zone, lastday.Of(morning, zone), got)
		}
	}
}
