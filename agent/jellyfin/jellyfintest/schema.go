package jellyfintest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// decodeAny reads one JSON value.
func decodeAny(raw []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("jellyfintest: something follows the JSON")
	}
	return value, nil
}

// without returns a JSON value without the members that have some names, at any depth.
func without(value any, names map[string]bool) any {
	switch value := value.(type) {
	case map[string]any:
		maps.DeleteFunc(value, func(name string, _ any) bool { return names[name] })
		for _, inner := range value {
			without(inner, names)
		}
	case []any:
		for _, inner := range value {
			without(inner, names)
		}
	}
	return value
}

// faults returns the differences between a JSON value and its schema, each with its place
// in the value: "/Policy/IsHidden: value must be a boolean". It returns nil if the value
// fits the schema.
func faults(schema *openapi3.Schema, value any) []string {
	return faultsOf(schema.VisitJSON(value, openapi3.MultiErrors(), openapi3.EnableFormatValidation(),
		openapi3.WithStringFormatValidator("uuid", openapi3.NewCallbackValidator(checkUUID))))
}

func faultsOf(err error) []string {
	if many, ok := errors.AsType[openapi3.MultiError](err); ok {
		var all []string
		for _, one := range many {
			all = append(all, faultsOf(one)...)
		}
		return all
	}
	one, ok := errors.AsType[*openapi3.SchemaError](err)
	switch {
	case err == nil:
		return nil
	case !ok:
		return []string{": " + err.Error()}
	case one.SchemaField == "allOf": // its reason is the same for all faults inside
		return faultsOf(one.Origin)
	}
	place := strings.Join(append([]string{""}, one.JSONPointer()...), "/")
	return []string{place + ": " + one.Reason}
}

// checkUUID refuses every text except 32 hex digits, with dashes or without.
func checkUUID(text string) error {
	plain := strings.ReplaceAll(text, "-", "")
	if len(plain) != 32 || strings.Trim(strings.ToLower(plain), "0123456789abcdef") != "" {
		return errors.New("not a UUID")
	}
	return nil
}

// textFaults returns the differences between one value of a path or a query and its schema.
func textFaults(schema *openapi3.Schema, text string) []string {
	var (
		value any = text
		err   error
	)
	switch types := schema.Type; {
	case types.Is("boolean"):
		value, err = strconv.ParseBool(text)
	case types.Is("integer"):
		value, err = strconv.ParseInt(text, 10, 64)
	case types.Is("number"):
		value, err = strconv.ParseFloat(text, 64)
	}
	if err != nil {
		return []string{": it has the wrong type"}
	}
	return faults(schema, value)
}

// neverNull returns the names of the members of an object that are never null.
func neverNull(schema *openapi3.Schema) []string {
	var names []string
	for name, member := range schema.Properties {
		if !member.Value.PermitsNull() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
