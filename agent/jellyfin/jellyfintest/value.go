package jellyfintest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"time"
)

// decodeAny reads one JSON value; numbers stay as they are written.
func decodeAny(raw []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("jellyfintest: something follows the JSON")
	}
	return value, nil
}

// value checks a value against a type of the table; where says which it is.
func (c *checker) value(kind string, value any, where string, say func(string, ...any)) {
	kind = strings.TrimSuffix(kind, "!")
	kind, nullable := strings.CutSuffix(kind, "?")
	if value == nil {
		if !nullable {
			say("%s is null and may not be", where)
		}
		return
	}
	if inner, ok := strings.CutPrefix(kind, "[]"); ok {
		list, ok := value.([]any)
		if !ok {
			say("%s is no list", where)
			return
		}
		for _, item := range list {
			c.value(inner, item, where+"[]", say)
		}
		return
	}
	if s, ok := c.schemas[kind]; ok {
		c.schema(s, value, where, say)
		return
	}
	if !scalar(kind, value) {
		say("%s is no %s", where, kind)
	}
}

func (c *checker) schema(s *schema, value any, where string, say func(string, ...any)) {
	if len(s.Values) > 0 {
		if text, ok := value.(string); !ok || !slices.Contains(s.Values, text) {
			say("%s is no %s", where, s.Name)
		}
		return
	}
	object, ok := value.(map[string]any)
	if !ok {
		say("%s is no %s", where, s.Name)
		return
	}
	for name, inner := range object {
		kind, ok := s.Members[name]
		if !ok {
			if !c.extra[s.Name+"."+name] {
				say("%s: %s has no member %s", where, s.Name, name)
			}
			continue
		}
		c.value(kind, inner, where+"."+name, say)
	}
	for name, kind := range s.Members {
		if _, ok := object[name]; !ok && strings.HasSuffix(kind, "!") {
			say("%s.%s is missing", where, name)
		}
	}
}

// scalar reports whether a value is of a type that is no schema.
func scalar(kind string, value any) bool {
	switch kind {
	case "string":
		_, ok := value.(string)
		return ok
	case "boolean":
		_, ok := value.(bool)
		return ok
	case "object":
		_, ok := value.(map[string]any)
		return ok
	case "uuid":
		text, ok := value.(string)
		return ok && isUUID(text)
	case "date-time":
		text, ok := value.(string)
		_, err := time.Parse(time.RFC3339Nano, text)
		return ok && err == nil
	case "int32", "int64":
		number, ok := value.(json.Number)
		whole, err := number.Int64()
		return ok && err == nil && (kind == "int64" || whole >= math.MinInt32 && whole <= math.MaxInt32)
	case "double", "float":
		number, ok := value.(json.Number)
		_, err := number.Float64()
		return ok && err == nil
	default:
		return false
	}
}

// isUUID takes 32 hex digits, with dashes or without.
func isUUID(text string) bool {
	plain := strings.ReplaceAll(text, "-", "")
	return len(plain) == 32 && strings.Trim(strings.ToLower(plain), "0123456789abcdef") == ""
}
