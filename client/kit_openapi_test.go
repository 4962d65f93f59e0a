package client_test

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// contract holds the parts of openapi.yaml that these tests use.
type contract struct {
	Paths        map[string]map[string]operation
	ProblemCodes map[string][]string `yaml:"x-problem-codes"`
	Components   struct {
		Schemas    map[string]schema
		Parameters map[string]parameter
	}
}

type operation struct {
	OperationID string              `yaml:"operationId"`
	Security    []map[string]any    // empty: nobody has to be signed in
	Parameters  []parameter         //
	RequestBody content             `yaml:"requestBody"`
	Responses   map[string]content  //
	Codes       map[string][]string `yaml:"x-problem-codes"`

	method, path string
}

type parameter struct {
	Ref  string `yaml:"$ref"`
	Name string
	In   string
}

type content struct {
	Content map[string]struct{ Schema schema }
}

type schema struct {
	Ref        string `yaml:"$ref"`
	Type       string
	Format     string
	Nullable   bool
	Required   []string
	AllOf      []schema `yaml:"allOf"`
	Items      *schema
	Properties map[string]schema
}

func readContract(t *testing.T) contract {
	t.Helper()
	text, err := os.ReadFile("../handlers/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var c contract
	if err := yaml.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// operations returns the operations of the contract by their ids.
func (c contract) operations() map[string]operation {
	out := map[string]operation{}
	for path, all := range c.Paths {
		for method, op := range all {
			op.method, op.path = strings.ToUpper(method), path
			out[op.OperationID] = op
		}
	}
	return out
}

// resolve follows references.
func (c contract) resolve(s schema) schema {
	nullable := s.Nullable
	for s.Ref != "" || len(s.AllOf) == 1 {
		if len(s.AllOf) == 1 {
			s = s.AllOf[0]
		}
		if s.Ref != "" {
			s = c.Components.Schemas[s.Ref[strings.LastIndex(s.Ref, "/")+1:]]
		}
	}
	s.Nullable = s.Nullable || nullable
	return s
}

const aTime = "2026-03-04T05:06:07Z"

// sample returns a value of the schema s with all its members. If null is true, every value that
// may be null is null.
func (c contract) sample(s schema, null bool) any {
	s = c.resolve(s)
	switch {
	case null && s.Nullable:
		return nil
	case s.Type == "array":
		return []any{c.sample(*s.Items, null)}
	case s.Type == "object":
		out := map[string]any{}
		for name, one := range s.Properties {
			out[name] = c.sample(one, null)
		}
		return out
	case s.Type == "boolean":
		return true
	case s.Type == "integer":
		return 1.0
	case s.Format == "date-time":
		return aTime
	default:
		return "1"
	}
}

// parameters returns the names of the parameters that an operation takes in one place, which
// is "query" or "header".
func (c contract) parameters(op operation, in string) []string {
	var names []string
	for _, p := range op.Parameters {
		if p.Ref != "" {
			p = c.Components.Parameters[p.Ref[strings.LastIndex(p.Ref, "/")+1:]]
		}
		if p.In == in {
			names = append(names, p.Name)
		}
	}
	slices.Sort(names)
	return names
}

// success returns the status that means success, and the schema of its body if it has one.
func success(t *testing.T, op operation) (status int, body *schema) {
	t.Helper()
	for text, response := range op.Responses {
		if !strings.HasPrefix(text, "2") {
			continue
		}
		media, ok := response.Content["application/json"]
		if !ok && len(response.Content) > 0 {
			continue // the answer to a form, which no method sends
		}
		if !ok && body != nil {
			continue // another success, whose answer has no content
		}
		status, _ = strconv.Atoi(text)
		if ok {
			body = &media.Schema
		}
	}
	if status == 0 {
		t.Errorf("%s never succeeds", op.OperationID)
	}
	return status, body
}
