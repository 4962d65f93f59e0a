package builtin

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Rating is a parental rating with the values that Jellyfin 10.11 gives it. Value is an age; a number
// above 100 stands for things that only adults may see or that are banned. Sub orders ratings with an
// equal Value; nil counts as 0.
type Rating struct {
	Name  string
	Value int
	Sub   *int
}

// ratingSets returns the ratings of each country. Each line has the value, the sub-value or a dash, and
// the names, with semicolons between them. Names in brackets are endings of the name before them.
func ratingSets() map[string]string {
	const (
		pictured = "[D L S V DL DS DV LS LV SV DLS DLV DSV LSV DLSV]"
		mature   = "[L S V LS LV SV LSV]"
	)
	return map[string]string{
		"US": `0 0 Approved; G; TV-G; TV-Y
7 0 TV-Y7
7 1 TV-Y7-FV
10 0 PG; TV-PG
10 1 TV-PG-` + pictured + `
13 0 PG-13
14 0 TV-14
14 1 TV-14-` + pictured + `
17 0 R
17 1 NC-17; TV-MA; TV-MA-` + mature + `
18 0 TV-X; TV-AO`,
		"UK": `0 0 0+; All; E; G; U
6 0 6+
7 0 7+
8 0 PG
9 0 9
12 0 12A; 12PG
12 1 12; 12+
13 0 13+; Teen
14 0 14+
15 3 15
16 0 16
18 1 18; Caution
1000 0 Mature; Adult; R18`,
		"DE": `0 - 0; FSK 0; FSK-0; Educational; Infoprogramm
6 - 6; FSK 6; FSK-6
12 - 12; FSK 12; FSK-12
16 - 16; FSK 16; FSK-16
18 - 18; FSK 18; FSK-18`,
	}
}

// ratingCountries returns the countries whose ratings are known. The first one is used if a
// catalogue names no country.
func ratingCountries() []string { return []string{"US", "UK", "DE"} }

// ratingsOf returns the ratings of a country in the order of its set.
func ratingsOf(country string) []Rating {
	var ratings []Rating
	for line := range strings.Lines(ratingSets()[country]) {
		value, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		sub, names, _ := strings.Cut(rest, " ")
		rating := Rating{}
		rating.Value, _ = strconv.Atoi(value) // the tests read every line
		if number, err := strconv.Atoi(sub); err == nil {
			rating.Sub = &number
		}
		for name := range strings.SplitSeq(names, ";") {
			for _, rating.Name = range endings(strings.TrimSpace(name)) {
				ratings = append(ratings, rating)
			}
		}
	}
	return ratings
}

// endings returns the names that a name with endings in brackets stands for.
func endings(name string) []string {
	stem, list, several := strings.Cut(strings.TrimSuffix(name, "]"), "[")
	if !several {
		return []string{name}
	}
	var names []string
	for ending := range strings.FieldsSeq(list) {
		names = append(names, stem+ending)
	}
	return names
}

// shownRatings returns the ratings that a server of a country offers. They are in the order of their
// values. As Jellyfin does, it adds a rating for each step that the country lacks.
func shownRatings(country string) []Rating {
	ratings := ratingsOf(country)
	lacks := func(from, to int) bool {
		return !slices.ContainsFunc(ratings, func(r Rating) bool { return r.Value >= from && r.Value <= to })
	}
	for _, step := range []struct {
		Rating
		to int
	}{
		{Rating{Name: "Approved"}, 0},
		{Rating{Name: "10", Value: 10}, 10},
		{Rating{Name: "13", Value: 13}, 13},
		{Rating{Name: "14", Value: 14}, 14},
		{Rating{Name: "21", Value: 21}, bannedRating},
		{Rating{Name: "XXX", Value: 1000}, 1000},
		{Rating{Name: "Banned", Value: bannedRating}, bannedRating},
	} {
		if lacks(step.Value, step.to) {
			ratings = append(ratings, step.Rating)
		}
	}
	slices.SortStableFunc(ratings, compareRatings)
	return ratings
}

// bannedRating is the greatest value of a rating.
const bannedRating = 1001

func compareRatings(a, b Rating) int {
	return cmp.Or(cmp.Compare(a.Value, b.Value), cmp.Compare(a.sub(), b.sub()))
}

func (r Rating) sub() int {
	if r.Sub == nil {
		return 0
	}
	return *r.Sub
}

// within reports whether a policy allows the rating.
func (r Rating) within(p *Policy) bool {
	switch {
	case p.MaxRating == nil:
		return true
	case r.Value != *p.MaxRating:
		return r.Value < *p.MaxRating
	default:
		return p.MaxSubRating == nil || r.sub() <= *p.MaxSubRating
	}
}

// ratingBook has the ratings of every country.
type ratingBook map[string][]Rating

func newRatingBook() ratingBook {
	book := ratingBook{}
	for _, country := range ratingCountries() {
		book[country] = ratingsOf(country)
	}
	return book
}

// find returns the rating with a name, in any letter case. As in Jellyfin, a number is an age. Otherwise
// the country's own ratings come first, then the ratings of the US, then the ratings of the other
// countries. A name can also have its country before it: "UK: PG". The error lists the ratings that are
// known.
func (b ratingBook) find(country, name string) (Rating, error) {
	if age, err := strconv.Atoi(name); err == nil && age >= 0 && age <= ageMax {
		return Rating{Name: name, Value: age}, nil
	}
	if from, rest, named := strings.Cut(name, ":"); named {
		if found, ok := b.in(strings.ToUpper(strings.TrimSpace(from)), strings.TrimSpace(rest)); ok {
			found.Name = name
			return found, nil
		}
	}
	for _, one := range append([]string{country}, ratingCountries()...) {
		if found, ok := b.in(one, name); ok {
			return found, nil
		}
	}
	return Rating{}, fmt.Errorf("the rating %q is not known; known are %s, and an age from 0 to %d", name, b.known(), ageMax)
}

// FindRating returns the rating with a name, in any letter case: first a rating of the country of the
// catalogue, then a rating of the US or of another country. A number is an age. The error lists the
// ratings that are known.
func (s *Server) FindRating(name string) (Rating, error) {
	return newRatingBook().find(s.stock.country, strings.TrimSpace(name))
}

// in returns the rating of a country with a name, in any letter case.
func (b ratingBook) in(country, name string) (Rating, bool) {
	i := slices.IndexFunc(b[country], func(r Rating) bool { return strings.EqualFold(r.Name, name) })
	if i < 0 {
		return Rating{}, false
	}
	return b[country][i], true
}

// known lists the ratings by country, for people. It leaves out the many names such as TV-PG-DLSV.
func (b ratingBook) known() string {
	var parts []string
	for _, country := range ratingCountries() {
		var names []string
		for _, r := range b[country] {
			if strings.Count(r.Name, "-") < 2 {
				names = append(names, r.Name)
			}
		}
		parts = append(parts, country+": "+strings.Join(names, ", "))
	}
	return strings.Join(parts, "; ")
}

// ageMax is the greatest age that can stand in place of a rating.
const ageMax = 21
