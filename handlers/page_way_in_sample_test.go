package handlers

import (
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// wayInSamples returns the page that says why somebody cannot get in.
func (s sampler) wayInSamples() []sample {
	fine, emby := s.wayIn("hours", models.WayOK, ""), s.wayIn("server", models.WayUnknown, models.WayNoAgent)
	fine.Broken, emby.Broken, emby.Agent, emby.StatesAt = nil, nil, false, time.Time{}
	old := s.wayIn("local_user", models.WayBroken, models.LocalUserNotAllowed)
	old.StatesAt = time.Time{}
	samples := []sample{{"way_in-fine", fine}, {"way_in-emby", emby}, {"way_in-old", old}}
	for reason := range wayReasons() {
		name := "way_in-" + reason
		if reason == models.WayOutsideHours {
			name = "way_in"
		}
		samples = append(samples, sample{name, s.wayIn("hours", models.WayBroken, reason)})
	}
	return samples
}

func (s sampler) wayIn(name, state, reason string) wayInPage {
	b := s.signedIn("way_in")
	entry := models.RosterEntry{Person: models.Person{LocalUser: models.LocalUser{Name: "bertram", NotAllowed: true, LinkedTo: "bert"}}}
	broken := b.wayStep(models.WayStep{Name: name, State: state, Reason: reason}, &entry)
	page := wayInPage{
		Base: b, Server: "Attic", Back: "/servers/81985529216486895/people/1", Name: "Bert Ørsted", Broken: &broken, Agent: true, LastSeenAt: s.at, StatesAt: s.at,
	}
	for _, step := range []models.WayStep{
		{Name: models.WayAccount, State: models.WayOK},
		{Name: models.WayLink, State: models.WayOK},
		{Name: models.WayPIN, State: models.WayOK},
		{Name: models.WaySessions, State: models.WayUnknown, Reason: models.WayNotTold},
		{Name: models.WayAddress, State: models.WayPartly, Reason: models.WayOnlyHome},
	} {
		page.Steps = append(page.Steps, b.wayStep(step, &entry))
	}
	page.Steps = append(page.Steps, broken)
	return page
}
