package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Values of the tag secret.
const (
	secretWhole    = "whole"
	secretPassword = "password"
)

// setting is one field of a Set, together with what its tags say.
type setting struct {
	name, group, help, placeholder string
	standard, development          string // defaults, as text
	secret                         string
	choices                        []string
	least, most                    string
	mandatory                      bool
	console                        bool   // an operator can set it on a page
	commas                         bool   // only commas separate the values of a list, because they may contain spaces
	prefix                         string // of the environment variable
	field                          reflect.Value
}

// settingsOf returns the settings in the order of the struct.
func settingsOf(set Set) []setting {
	value := reflect.ValueOf(set).Elem()
	all := make([]setting, value.NumField())
	for i := range all {
		tag := value.Type().Field(i).Tag
		all[i] = setting{
			name: tag.Get("name"), group: tag.Get("group"), help: tag.Get("help"), placeholder: tag.Get("placeholder"),
			standard: tag.Get("default"), development: tag.Get("development"),
			secret: tag.Get("secret"), least: tag.Get("least"), most: tag.Get("most"),
			mandatory: tag.Get("mandatory") == "true", commas: tag.Get("commas") == "only", console: tag.Get("console") == "yes", prefix: set.traits().prefix, field: value.Field(i),
		}
		if choices := tag.Get("choices"); choices != "" {
			all[i].choices = strings.Split(choices, ",")
		}
	}
	return all
}

// variable returns the name of the setting's environment variable.
func (s setting) variable() string {
	return s.prefix + strings.ToUpper(strings.ReplaceAll(s.name, "-", "_"))
}

// isList reports whether the setting takes several values.
func (s setting) isList() bool { return s.field.Kind() == reflect.Slice }

// read reads text into target, which has the type of the setting's field. Its errors say what is
// wrong and what would be correct, and quote no secret.
func (s setting) read(target reflect.Value, text string) error {
	if s.secret != secretWhole {
		text = strings.TrimSpace(text)
	}
	switch pointer := target.Addr().Interface().(type) {
	case *string:
		*pointer = text
	case *[]string:
		// A flag may be given several times, so its values are added to the earlier ones.
		*pointer = append(*pointer, s.split(text)...)
	case *bool:
		return readBool(pointer, text)
	case *int:
		number, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%s is not a whole number, such as %s", quote(text), s.standard)
		}
		*pointer = number
	case *time.Duration:
		duration, ok := parseDuration(text)
		if !ok {
			return fmt.Errorf("%s is not a length of time, such as 30m, 12h or 7d", quote(text))
		}
		*pointer = duration
	default:
		return fmt.Errorf("a setting cannot be a %T", pointer)
	}
	return nil
}

// split divides a list at commas, spaces and line breaks. If the values of the list may contain
// spaces, it divides the list at commas and line breaks only.
func (s setting) split(text string) []string {
	const commas, blanks = ",\n\r", ",\n\r \t"
	marks := blanks
	if s.commas {
		marks = commas
	}
	var items []string
	for _, item := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(marks, r) }) {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

func readBool(target *bool, text string) error {
	switch strings.ToLower(text) {
	case "true", "yes", "on", "1":
		*target = true
	case "false", "no", "off", "0":
		*target = false
	default:
		return fmt.Errorf("%s is neither true nor false", quote(text))
	}
	return nil
}

// parseDuration reads a length of time as time.ParseDuration does. The length may also begin with
// whole days: 7d, 1d12h.
func parseDuration(text string) (time.Duration, bool) {
	days, rest, found := strings.Cut(text, "d")
	if !found {
		duration, err := time.ParseDuration(text)
		return duration, err == nil
	}
	count, err := strconv.ParseUint(days, 10, 16) // 16 bits of days fit a Duration
	if err != nil {
		return 0, false
	}
	total := time.Duration(count) * 24 * time.Hour
	if rest == "" {
		return total, true
	}
	part, err := time.ParseDuration(rest)
	if err != nil || part < 0 || part > 24*time.Hour {
		return 0, false
	}
	return total + part, true
}

// text returns the value of the setting in the form in which it is written.
func (s setting) text() string {
	switch value := s.field.Interface().(type) {
	case []string:
		return strings.Join(value, ",")
	case time.Duration:
		return durationText(value)
	default:
		return fmt.Sprint(value)
	}
}

// durationText returns 168h for a length of time for which the standard library
// returns 168h0m0s.
func durationText(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// quote returns a value in the form in which a message quotes it: on one line, and cut, so that a
// message never repeats a whole file that was given by mistake.
func quote(text string) string {
	const most = 80
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return strconv.Quote(text)
}
