package client_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/client"
)

// A member that does not change is left out; a member that is removed is null.
func TestPersonChange(t *testing.T) {
	t.Parallel()
	never, none, some := time.Time{}, []string(nil), []string{"films"}
	for want, in := range map[string]client.PersonChange{
		`{}`:                 {},
		`{"ends_at":null}`:   {EndsAt: &never},
		`{"libraries":null}`: {Libraries: &none},
		`{"ends_at":"2026-03-04T04:06:07Z","libraries":["films"]}`: {
			EndsAt: new(time.Date(2026, 3, 4, 5, 6, 7, 0, time.FixedZone("", 3600))), Libraries: &some,
		},
	} {
		if got, err := json.Marshal(in); err != nil || string(got) != want {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
}
