package handlers_test

import (
	"regexp"
	"testing"
)

// TestNoHintsOrQuestions looks for hints, security questions and passwords that expire
// among the members of the API and the fields of the pages.
func TestNoHintsOrQuestions(t *testing.T) {
	t.Parallel()
	extra := regexp.MustCompile(`(?i)password_?hint|pin_?hint|question|security_?answer|password_?(expire|until|end|life|age)`)
	members := 0
	for name, schema := range contractOf(t).doc.Components.Schemas {
		for member := range schema.Value.Properties {
			members++
			if extra.MatchString(member) {
				t.Errorf("openapi.yaml: %s has the member %s, want no end of passwords, no hints and no security questions", name, member)
			}
		}
	}
	fields := regexp.MustCompile(`\bName: +"(\w+)"`).FindAllStringSubmatch(sourceOf(t, "form_*.go")+sourceOf(t, "page_*.go"), -1)
	for _, field := range fields {
		if extra.MatchString(field[1]) {
			t.Errorf("a page has the field %s, want no hints and no security questions", field[1])
		}
	}
	if members < 100 || len(fields) < 10 {
		t.Errorf("%d members and %d fields, want more: this test shows nothing", members, len(fields))
	}
}
