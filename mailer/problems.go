package mailer

import (
	"encoding/json"
	"strings"
	"time"
)

// problem is one thing that is wrong at a server, in the fact Problems.
type problem struct {
	Name    string    `json:"name"` // of the check
	Subject string    `json:"subject"`
	Reason  string    `json:"reason"`
	Until   time.Time `json:"until"`
}

// problemsMost is the greatest number of problems in a mail. The page of the server shows all of them.
const problemsMost = 10

// spoken returns an address as people say it: without the scheme and the usual port, which browsers
// add by themselves.
func spoken(address string) string {
	for scheme, port := range map[string]string{"https://": ":443", "http://": ":80"} {
		if rest, ok := strings.CutPrefix(address, scheme); ok {
			host, path, _ := strings.Cut(rest, "/")
			address = strings.TrimSuffix(strings.TrimSuffix(host, port)+"/"+path, "/")
		}
	}
	return inert(address, maxNames)
}

// problems returns a line for each problem: the name of the check, and what is wrong. A check that has no texts is left
// out; a later version of the service may have written it.
func (v *voice) problems() []detail {
	var list []problem
	_ = json.Unmarshal([]byte(v.letter.Facts.Problems), &list) // the service has written it
	var shown []detail
	for _, one := range list[:min(len(list), problemsMost)] {
		key := "check." + one.Name + "." + one.Reason
		params := map[string]any{"Date": "", "Duration": "", "Megabytes": "", "Version": ""}
		if !one.Until.IsZero() {
			params["Date"] = v.catalogue.Date(v.locale, one.Until)
		}
		said := v.phrase(key, params)
		if said == key || !only(one.Name, "abcdefghijklmnopqrstuvwxyz_") {
			continue
		}
		about := v.phrase("check.name."+one.Name, nil)
		if one.Subject != "" {
			about += " " + spoken(one.Subject)
		}
		shown = append(shown, detail{Label: v.phrase("mail.detail.problems", nil), Value: about + ": " + said})
	}
	return shown
}
