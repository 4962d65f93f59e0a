package mailer

import (
	"strings"
	"testing"
)

func TestGreetName(t *testing.T) {
	t.Parallel()
	tests := []struct{ display, username, want string }{
		{"Ann Müller", "annm", "Ann Müller"},
		{"  Ann  ", "annm", "Ann"},
		{"小林", "koba", "小林"},
		{"J. R. R.", "jrr", "J. R. R."},
		{"Agent 0.07", "bond", "Agent 0.07"},
		{"Ann :)", "annm", "Ann :)"},
		{"", "annm", "annm"},
		{strings.Repeat("ü", 40), "annm", strings.Repeat("ü", 40)},
		{strings.Repeat("ü", 41), "annm", "annm"},
		{"evil.com", "annm", "annm"},
		{"see evil.com now", "annm", "annm"},
		{"evil．com", "annm", "annm"},
		{"пример.рф", "annm", "annm"},
		{"https://evil", "annm", "annm"},
		{"mailto:eve", "annm", "annm"},
		{"eve@example", "annm", "annm"},
		{"Ann\nBob", "annm", "annm"},
		{"Ann\u2028Bob", "annm", "annm"},
		{"\u202ennA", "annm", "annm"},
		{"A\u200bnn", "annm", "annm"},
		{"\xffAnn", "annm", "annm"},
		{"evil.com", "evil.com", ""},
		{"", "", ""},
	}
	for _, tt := range tests {
		got := greetName(Facts{DisplayName: tt.display, Username: tt.username})
		if got != tt.want {
			t.Errorf("%q, %q: %q, want %q", tt.display, tt.username, got, tt.want)
		}
	}
}

func TestInert(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in      string
		longest int
		want    string
	}{
		{"Ann", 3, "Ann"},
		{"Anna", 3, "An…"},
		{"A\r\nn\x00n\u202e\u200b\u2028", 9, "Ann"},
		{"\xffAnn", 9, "Ann"},
	}
	for _, tt := range tests {
		if got := inert(tt.in, tt.longest); got != tt.want {
			t.Errorf("inert(%q, %d) = %q, want %q", tt.in, tt.longest, got, tt.want)
		}
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 100)
	got := words{}.Wrap(strings.Repeat("word ", 20) + long + " end")
	for line := range strings.Lines(got) {
		if len(strings.TrimSpace(line)) > 72 && !strings.HasPrefix(line, long) {
			t.Errorf("got the line %q, want at most 72 characters", line)
		}
	}
	if strings.Join(strings.Fields(got), " ") != strings.TrimSpace(strings.Repeat("word ", 20))+" "+long+" end" {
		t.Errorf("got %q, want all words", got)
	}
}
