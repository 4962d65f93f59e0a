package handlers

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/internal/lastday"
	"github.com/latchkey-media/latchkey/models"
)

// circleTermsForm has the fields of the terms of one server.
type circleTermsForm struct {
	People, LinkDays, EndsAt Field
	AskFirst, Shut           Choice
	Libraries                []Choice
	LibrariesError           string
}

// circlePeopleUsual is the number of people that the form of new terms proposes.
const circlePeopleUsual = "20"

// circleTerms returns the fields of terms. prefix makes the ids of the elements different from others on the page.
func (in *inputs) circleTerms(prefix string) circleTermsForm {
	if in.stored["people_most"] == "" {
		in.show("people_most", circlePeopleUsual)
	}
	field := func(name, label, kind, mode string) Field {
		return in.add(Field{Name: name, ID: prefix + name, Type: kind, Hint: in.hint(label), Autocomplete: "off", InputMode: mode}, label)
	}
	choice := func(name, label string) Choice {
		chosen := in.stored[name] != ""
		if in.typed != nil {
			chosen = in.typed[name] != ""
		}
		return Choice{ID: prefix + name, Name: name, Label: in.base.T("field." + label), Chosen: chosen}
	}
	return circleTermsForm{
		People: field("people_most", "circle_people", "text", "numeric"), LinkDays: field("link_days", "circle_days", "text", "numeric"),
		EndsAt: field("ends_at", "circle_end", "date", ""), AskFirst: choice("ask_first", "circle_ask_first"), Shut: choice("shut", "circle_shut"),
		LibrariesError: in.wrong.fields["libraries"],
	}
}

// readCircleTerms reads the terms from a form about a server. The last day in the form is a day of the zone.
func readCircleTerms(f form, serverID int64, zone *time.Location) (models.CircleTerms, error) {
	terms := models.CircleTerms{AskFirst: f["ask_first"] != "", Shut: f["shut"] != "", Libraries: librariesIn(f, serverID)}
	number := func(name string, into *int) error {
		text := strings.TrimSpace(f[name])
		if text == "" {
			return nil
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			return oneMistake(name, name+"_invalid")
		}
		*into = n
		return nil
	}
	end, wrongEnd := endOfDay(f["ends_at"], zone)
	terms.EndsAt = end
	return terms, joinMistakes(number("people_most", &terms.PeopleMost), number("link_days", &terms.LinkDays), wrongEnd)
}

// termsOf returns the form with the terms of an own server.
func (p *circlePage) termsOf(one models.CircleServer, libraries []models.Library, sent form, wrong mistakes) circleTermsForm {
	id := idText(one.ServerID)
	if sent != nil && sent["server"] != id {
		sent = nil
	}
	in := p.inputsOf(sent, wrong.inOrder("people_most", "link_days", "ends_at", "libraries"))
	in.show("people_most", strconv.Itoa(one.Terms.PeopleMost))
	if one.Terms.LinkDays > 0 {
		in.show("link_days", strconv.Itoa(one.Terms.LinkDays))
	}
	if !one.Terms.EndsAt.IsZero() {
		in.show("ends_at", lastday.Day(one.Terms.EndsAt, p.zone()))
	}
	for name, on := range map[string]bool{"ask_first": one.Terms.AskFirst, "shut": one.Terms.Shut} {
		if on {
			in.show(name, "on")
		}
	}
	out := in.circleTerms("server-" + id + "-")
	out.Libraries = p.libraryChoices("library-"+id, one.ServerID, libraries, func(l models.Library) bool {
		if sent != nil {
			return sent[libraryBox(one.ServerID, l.ExternalID)] != ""
		}
		return slices.ContainsFunc(one.Terms.Libraries, func(have models.Library) bool { return have.ExternalID == l.ExternalID })
	})
	return out
}
