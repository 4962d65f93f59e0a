package handlers

import (
	"testing"

	"github.com/latchkey-media/latchkey/templates"
)

// A page can show several stored values, even while one of its fields shows
// what was typed.
func TestFieldsShowStoredValues(t *testing.T) {
	t.Parallel()
	catalogue, err := templates.NewCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		title                  string
		typed                  form
		username, name, secret string
	}{
		{"nothing typed", nil, "ann", "Attic", ""},
		{"another form sent", form{"to": "bob"}, "ann", "Attic", ""},
		{"one field typed", form{"name": "Cellar"}, "ann", "Cellar", ""},
		{"one field emptied", form{"name": ""}, "ann", "", ""},
		{"a secret typed", form{"access_key": "secret"}, "ann", "Attic", ""},
	} {
		in := newInputs(sampleBase(catalogue, "en", "server_owner"), row.typed, mistakes{})
		in.show("username", "ann")
		in.show("name", "Attic")
		for _, f := range []struct {
			field Field
			want  string
		}{{in.username(), row.username}, {in.serverName(), row.name}, {in.accessKey(), row.secret}} {
			if f.field.Value != f.want {
				t.Errorf("%s: the field %s shows %q, want %q", row.title, f.field.Name, f.field.Value, f.want)
			}
		}
	}
}
