package handlers_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// An owner with many people gets pages of them.
func TestManyPeopleComeInPages(t *testing.T) {
	t.Parallel()
	s := busySite(t)
	owner := s.browser(t)
	owner.signIn(owner.join("ann"))
	den := owner.owns("Den")
	names := slices.Collect(func(yield func(string) bool) {
		for i := range 103 {
			if !yield("p" + strings.Repeat("x", i%20) + string(rune('a'+i/20)) + "z") {
				return
			}
		}
	})
	for _, name := range names {
		s.account(t, name)
		den.ask(name, models.LinkLinked)
	}
	first := owner.get(den.page())
	more := regexp.MustCompile(`href="(/servers/\d+\?people=\d+)"`).FindStringSubmatch(first.body)
	if more == nil || strings.Count(first.body, `id="person-`) != 100 {
		t.Fatalf("%d people on the first page, want 100 and a link to more", strings.Count(first.body, `id="person-`))
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+more[1], nil)
	if err != nil {
		t.Fatal(err)
	}
	if rest := owner.send(request); strings.Count(rest.body, `id="person-`) != 3 {
		t.Errorf("%d people on the second page, want 3", strings.Count(rest.body, `id="person-`))
	}
}
