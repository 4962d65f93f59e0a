package client_test

import (
	"testing"
	"time"
)

// The request of a poll asks the service to wait for as long as it allows, and no longer.
func TestChanges(t *testing.T) {
	t.Parallel()
	body := `{"changes":[{"seq":8,"kind":"link_removed","at":"2026-03-04T05:06:07Z","link_id":"5","account_id":null,"device_id":null,"link":null}],"last":8}`
	f := newFake(t, reply{status: 200, body: body})
	c := f.client(t)
	for wait, want := range map[time.Duration]string{-time.Second: "0", 1999 * time.Millisecond: "1", time.Hour: "25"} {
		got, err := c.Agent.Changes(t.Context(), 7, wait)
		if err != nil || got.Last != 8 || len(got.Changes) != 1 || got.Changes[0].LinkID != "5" || got.Changes[0].Link != nil {
			t.Fatalf("%+v, %v, want last 8, 1 change, link ID 5, no link", got, err)
		}
		if query := f.got()[len(f.got())-1].URL.RawQuery; query != "after=7&wait="+want {
			t.Errorf("wait %s: query %s, want after=7&wait=%s", wait, query, want)
		}
	}
}
