package handlers_test

import (
	"strings"
	"testing"
)

func TestAccessLog(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	b.get("/signin?return_to=/secret-in-query")
	b.get("/secret-in-path/%0aforged=line")
	b.send(b.request("SECRETMETHOD", "/signin", ""))
	logged := s.Log.String()
	for _, want := range []string{"route=/signin", "status=200", "route=unmatched", "method=other", "address=127.0.0.1"} {
		if !strings.Contains(logged, want) {
			t.Errorf("the log lacks %q", want)
		}
	}
	for _, lost := range []string{"secret-in", "SECRETMETHOD", "Firefox", "forged"} {
		if strings.Contains(logged, lost) {
			t.Errorf("the log holds %q:\n%s", lost, logged)
		}
	}
}
