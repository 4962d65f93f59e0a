package handlers

import (
	"slices"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// serverCheckSamples returns the page of checks: with every result, without any, without an agent, and switched off.
func (s sampler) serverCheckSamples() []sample {
	b := s.signedIn("server_check")
	page := serverCheckPage{Base: b, ServerID: "81985529216486895", Server: longName, Agent: true, CheckedAt: s.at, Outside: true}
	full := page
	words := &site{Server: &Server{Catalogue: s.catalogue}}
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range models.CheckReasons() {
			if !yield(name) {
				return
			}
		}
	}) {
		for _, reason := range models.CheckReasons()[name] {
			state := models.CheckWrong
			if reason == "ok" {
				state = models.CheckOK
			}
			view := words.newCheckView(b, models.Check{
				Name: name, Subject: "https://a-rather-long-name.a-rather-long-domain.example.org:8443/jellyfin", State: state, Reason: reason,
				Until: s.at, Version: "10.11.11", Seconds: 400, Megabytes: 300, Since: s.at,
			})
			if reason == "ok" {
				full.Fine = append(full.Fine, view)
			} else {
				full.Found = append(full.Found, view)
			}
		}
	}
	address, _ := models.ReadAddress("https://a-rather-long-name.a-rather-long-domain.example.org:8443/jellyfin")
	for _, finding := range append([]string{""}, models.TryFindings()...) {
		full.Tries = append(full.Tries, newTryView(b, models.Try{Address: address, Finding: finding, Until: s.at.AddDate(0, 2, 0), At: s.at}))
	}
	waits, slow, bare, none, off := full, full, page, serverCheckPage{Base: b, ServerID: "1", Server: "Attic"}, page
	waits.Waits = true
	slow.Waits, slow.Slow = true, true
	bare.CheckedAt = time.Time{}
	off.Outside = false
	return []sample{
		{"server_check", full}, {"server_check-waits", waits}, {"server_check-slow", slow}, {"server_check-bare", bare}, {"server_check-emby", none}, {"server_check-off", off},
	}
}
