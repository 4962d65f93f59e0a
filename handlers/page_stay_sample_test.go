package handlers

import (
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// staySamples returns the pages about the stay of a person at a server.
func (s sampler) staySamples() []sample {
	berlin := (&timeZones{}).named("Europe/Berlin")
	base := s.noticed(s.signedIn("stay"), "notice.stay_saved")
	in := newInputs(base, form{}, mistakes{})
	in.fresh = false
	field := func(name, label, value, wrong string) Field {
		f := in.add(Field{Name: name, Type: "date", Hint: in.hint(label), Autocomplete: "off"}, label)
		f.Value, f.Error = value, wrong
		return f
	}
	libraries := []models.Library{{ExternalID: "a1", Name: "Cartoons"}, {ExternalID: "b2", Name: "Films & series that have a rather long name"}}
	page := stayPage{
		Base: base, To: "/servers/1/people/2/stay", ServerID: "1", Server: longName, Name: "Mira Køhler", Username: "mira.k", LocalUser: "mira", Guest: true,
		End: base.stayTimeOf(s.at, berlin), LastDay: field("ends_at", "stay_end", "2026-11-21", ""), EndsWas: "2026-11-21", CanPause: true,
		Back: field("back_on", "stay_back", "", ""), Hand: models.HandChanges(),
		Choices: base.libraryChoices("library", 1, libraries, func(l models.Library) bool { return l.ExternalID == "a1" }),
	}
	paused := page
	paused.Base, paused.Paused, paused.Until, paused.HandKept = s.signedIn("stay"), true, base.stayTimeOf(s.at.Add(24*time.Hour), berlin), true
	bare := stayPage{
		Base: s.signedIn("stay"), To: "/servers/1/people/3/stay", ServerID: "1", Server: "Den", Username: "tom", LastDay: field("ends_at", "stay_end", "", ""),
		CanPause: true, Paused: true, Back: field("back_on", "stay_back", "", ""),
	}
	linked := bare
	linked.Paused = false
	wrong := page
	wrong.Base, wrong.Hand = s.signedIn("stay"), nil
	wrong.Wrong = true
	wrong.LastDay = field("ends_at", "stay_end", "2020-01-01", s.base("").T("error.ends_at_invalid"))
	wrong.Back = field("back_on", "stay_back", "2020-01-01", s.base("").T("error.pause_until_invalid"))
	wrong.LibrariesError = s.base("").T("error.library_unknown")
	more := stayMorePage{
		Base: s.base("stay_more"), Server: longName, Person: "Mira Køhler", End: base.stayTimeOf(s.at, berlin), Until: base.stayTimeOf(s.at.AddDate(0, 0, 14), berlin),
	}
	over, done := more, more
	over.Over, done.Done = true, true
	return []sample{
		{"stay", page},
		{"stay-paused", paused},
		{"stay-bare", bare},
		{"stay-linked", linked},
		{"stay-wrong", wrong},
		{"stay_more", more},
		{"stay_more-over", over},
		{"stay_more-done", done},
	}
}
