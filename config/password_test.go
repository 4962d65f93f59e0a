package config_test

import (
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/latchkey-media/latchkey/config"
)

// TestNoSettingEndsPasswords looks at every setting that is about passwords: none of them
// makes a password expire, and none asks for hints or security questions.
func TestNoSettingEndsPasswords(t *testing.T) {
	t.Parallel()
	var got []string
	about := regexp.MustCompile("password|hint|question|expir")
	for field := range reflect.TypeFor[config.Settings]().Fields() {
		if name := field.Tag.Get("name"); about.MatchString(name) {
			got = append(got, name)
		}
	}
	if want := []string{"password-min-length"}; !slices.Equal(got, want) {
		t.Errorf("settings about passwords %q, want %q", got, want)
	}
}
