package handlers

import (
	"time"
)

// errorText returns the text of an error code in the language of locale.
// Durations and times among its placeholders are written for people.
func (s *site) errorText(locale, code string, params map[string]string, wait time.Duration) string {
	given := make(map[string]any, len(params)+1)
	for name, value := range params {
		given[name] = value
	}
	if wait > 0 {
		given["Wait"] = s.duration(locale, wait)
	}
	if until, err := time.Parse(time.RFC3339, params["Until"]); err == nil {
		given["Until"] = s.Catalogue.DateTime(locale, until)
	}
	key := "error." + code
	if reason := params["Reason"]; reason != "" {
		if text := s.Catalogue.Say(locale, key+"."+reason, given); text != key+"."+reason {
			return text
		}
	}
	return s.Catalogue.Say(locale, key, given)
}

// life returns d exactly, in the largest unit that divides it: "3 days".
func (s *site) life(locale string, d time.Duration) string {
	unit, key := time.Second, "duration.seconds"
	switch {
	case d%(24*time.Hour) == 0:
		unit, key = 24*time.Hour, "duration.days"
	case d%time.Hour == 0:
		unit, key = time.Hour, "duration.hours"
	case d%time.Minute == 0:
		unit, key = time.Minute, "duration.minutes"
	}
	return s.Catalogue.Say(locale, key, map[string]any{"Count": int(d / unit)})
}

// duration returns d in its largest whole unit, rounded up: "5 minutes".
func (s *site) duration(locale string, d time.Duration) string {
	unit, key := time.Second, "duration.seconds"
	switch {
	case d > 2*time.Hour:
		unit, key = time.Hour, "duration.hours"
	case d > 2*time.Minute:
		unit, key = time.Minute, "duration.minutes"
	}
	return s.Catalogue.Say(locale, key, map[string]any{"Count": int((d + unit - 1) / unit)})
}
