package handlers

import (
	"strings"
	"testing"
)

func TestParseForm(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		ok         bool
	}{
		{"plain", "a=1&b=2", true},
		{"text of any script", "a=%E2%82%AC+x", true},
		{"no value", "a=&b", true},
		{"brackets are a name like any", "email[]=a", true},
		{"twice", "a=1&a=2", false},
		{"twice with brackets", "email[]=a&email[]=b", false},
		{"twice, once escaped", "email=a&%65mail=b", false},
		{"broken escape", "a=%zz", false},
		{"semicolon", "a=1;b=2", false},
		{"not UTF-8", "a=%ff", false},
		{"name not UTF-8", "%ff=a", false},
		{"NUL", "a=x%00y", false},
		{"too many", strings.Repeat("a&", 200), false},
	}
	for _, tt := range tests {
		if _, ok := parseForm(tt.body); ok != tt.ok {
			t.Errorf("%s: ok = %v, want %v", tt.name, ok, tt.ok)
		}
	}
}

func FuzzParseForm(f *testing.F) {
	f.Add("a=1&b=2")
	f.Add("a=%00")
	f.Fuzz(func(t *testing.T, body string) {
		read, ok := parseForm(body)
		if !ok {
			return
		}
		for name, value := range read {
			if !isText(name) || !isText(value) {
				t.Errorf("%q gave %q=%q, want only text", body, name, value)
			}
		}
	})
}

func TestIsForm(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]bool{
		"application/x-www-form-urlencoded":                true,
		"application/x-www-form-urlencoded; charset=UTF-8": true,
		"APPLICATION/X-WWW-FORM-URLENCODED":                true,
		"application/x-www-form-urlencoded; charset=utf-7": false,
		"multipart/form-data; boundary=x":                  false,
		"application/json":                                 false,
		"text/plain":                                       false,
		"":                                                 false,
	} {
		if isForm(kind) != want {
			t.Errorf("isForm(%q) = %v", kind, !want)
		}
	}
}
