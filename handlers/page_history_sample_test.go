package handlers

import "github.com/latchkey-media/latchkey/models"

// historySamples returns the history of an account: its first page with every kind of
// event, a later page, and an empty history.
func (s sampler) historySamples() []sample {
	life := s.base("").T("duration.days", "Count", 90)
	var kinds []string
	for _, kind := range models.EventKinds() {
		kinds = append(kinds, string(kind))
	}
	return []sample{
		{"history", historyPage{Base: s.signedIn("history"), Life: life, Events: s.events(kinds...), Turns: Turns{Next: "/account/history?before=cursor"}}},
		{"history-last", historyPage{Base: s.signedIn("history"), Life: life, Events: s.events("confirmed", "signed_up"), Turns: Turns{First: "/account/history"}}},
		{"history-empty", historyPage{Base: s.signedIn("history"), Life: life}},
	}
}

// events returns one event of each kind. Every third event has no address and no device,
// like an event that the person did not cause.
func (s sampler) events(kinds ...string) []eventView {
	var list []eventView
	for i, kind := range kinds {
		event := models.Event{Kind: models.EventKind(kind), At: s.at}
		if i%2 == 0 {
			event.Subject = "The <old> television in the living room"
		}
		one := viewEvent(s.base(""), event)
		if i%3 != 2 {
			one.Address, one.Device = "2001:db8:85a3:1319:8a2e:370:7344:1020", "Firefox on Linux"
		}
		list = append(list, one)
	}
	return list
}
