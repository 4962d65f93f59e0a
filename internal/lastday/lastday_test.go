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
		got, err := lastday.End(day)
		if want := day + "T23:59:59.999Z"; err != nil || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%s: got %s, error %v; want %s", day, got.Format(time.RFC3339Nano), err, want)
		}
		if morning := got.Add(-23 * time.Hour); !lastday.Of(morning).Equal(got) || !lastday.Of(got).Equal(got) {
			t.Errorf("%s: its morning has the last moment %s, want %s", day, lastday.Of(morning), got)
		}
		away := got.In(time.FixedZone("away", 13*60*60))
		if lastday.Day(away) != day || !lastday.Is(away) {
			t.Errorf("%s: got the day %s, a last day: %t; want %s, true", day, lastday.Day(away), lastday.Is(away), day)
		}
	}
	for _, text := range []string{"", "soon", "04.03.2026", "2026-13-01", "2026-02-30", "2026-03-04T10:00:00Z"} {
		if got, err := lastday.End(text); err == nil {
			t.Errorf("%q: got %s, want an error", text, got)
		}
	}
	midnight := time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC)
	if lastday.Is(midnight) || lastday.Is(midnight.Add(-time.Hour)) {
		t.Error("midnight or an hour before it is the end of a day, want neither")
	}
}
