package handlers

import (
	"strings"
	"testing"
)

// Forms bring the names of time zones from outside, and on most machines one zone has many spellings: what is kept of
// them has a bound.
func TestTimeZonesThatAreKept(t *testing.T) {
	t.Parallel()
	var zones timeZones
	for n := range timeZonesMost + 50 {
		zones.named("Europe" + strings.Repeat("/", n+1) + "Berlin")
		zones.named("Nowhere/" + strings.Repeat("x", n))
	}
	if got := zones.named("Europe/Berlin").String(); got != "Europe/Berlin" && got != "UTC" || len(zones.known) > timeZonesMost {
		t.Errorf("%d zones are kept and Berlin is %s, want at most %d", len(zones.known), got, timeZonesMost)
	}
}
