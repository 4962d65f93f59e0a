package health

import "maps"

// Line is a check in words.
type Line struct {
	Name    string `json:"name"`
	Title   string `json:"title"`
	Subject string `json:"subject"`
	State   State  `json:"state"`
	Reason  string `json:"reason"`
	Found   string `json:"found"`
	Advice  string `json:"advice"` // what to do; "" if nothing is to be done
}

// Tell returns checks in words. The function say returns the text with a key.
func Tell(list []Check, say func(key string, params map[string]any) string) []Line {
	lines := make([]Line, len(list))
	for i, one := range list {
		found, advice := one.Keys()
		params := maps.Clone(one.Params)
		lines[i] = Line{
			Name: one.Name, Title: say("health.name."+one.Name, nil), Subject: one.Subject, State: one.State, Reason: one.Reason, Found: say(found, params),
		}
		if one.State != OK {
			lines[i].Advice = say(advice, params)
		}
	}
	return lines
}
