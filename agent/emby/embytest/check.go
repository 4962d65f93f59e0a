package embytest

import (
	"bytes"
	_ "embed" // for the published description
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

// published is the description of the calls that the agent, or an app that signs in, makes.
// testdata/trim.jq makes it from the OpenAPI description that Emby publishes.
//
//go:embed testdata/emby-4.8.json
var published []byte

// described holds the published description.
type described struct {
	exact      string // the full version: "4.8.11.0"
	operations []*operation
}

type operation struct {
	*openapi3.Operation
	method, path string
}

// describe reads the description. The result is never changed.
var describe = sync.OnceValues(func() (*described, error) {
	doc, err := openapi3.NewLoader().LoadFromData(published)
	if err != nil {
		return nil, fmt.Errorf("embytest: the description: %w", err)
	}
	for _, schema := range doc.Components.Schemas {
		if len(schema.Value.Properties) > 0 { // a member that the description does not know is drift
			schema.Value.AdditionalProperties = openapi3.AdditionalProperties{Has: new(false)}
		}
	}
	d := &described{exact: doc.Info.Version}
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			d.operations = append(d.operations, &operation{o, method, path})
		}
	}
	return d, nil
})

// needs returns what a caller must show: "" for nothing, "user" for any token, or "administrator". The
// description also says "user" of the calls with which apps find a server and sign in.
func (o *operation) needs() string {
	if slices.Contains([]string{"/System/Info/Public", "/System/Ping", "/Users/AuthenticateByName", "/Users/Public"}, o.path) {
		return ""
	}
	if said, _ := o.Extensions["x-RequiredAuthentication"].(string); strings.Contains(said, "administrator") {
		return "administrator"
	}
	return "user"
}

// find returns the operation of a method and path, in any letter case, with its parameters.
func (d *described) find(method, path string) (*operation, map[string]string) {
	var found *operation
	var params map[string]string
	for _, o := range d.operations {
		if o.method != method {
			continue
		}
		// "/Users/New" and "/Users/{Id}" fit the same path: the one with fewer parameters is meant.
		if got, ok := matched(o.path, path); ok && (found == nil || len(got) < len(params)) {
			found, params = o, got
		}
	}
	return found, params
}

func matched(pattern, path string) (map[string]string, bool) {
	parts, given := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(parts) != len(given) {
		return nil, false
	}
	params := map[string]string{}
	for i, part := range parts {
		switch {
		case strings.HasPrefix(part, "{"):
			params[strings.Trim(part, "{}")] = given[i]
		case !strings.EqualFold(part, given[i]):
			return nil, false
		}
	}
	return params, true
}

// checker compares requests and answers with the description.
type checker struct {
	*described
	report func(drift string)
}

// sayFunc reports one way in which a request or an answer differs from the description.
type sayFunc func(format string, a ...any)

func (c *checker) saying(of string, o *operation) sayFunc {
	return func(format string, a ...any) { c.report(of + " " + o.OperationID + ": " + fmt.Sprintf(format, a...)) }
}

// request checks a request for an operation.
func (c *checker) request(o *operation, r *http.Request, body []byte) {
	say := c.saying("request", o)
	query := r.URL.Query()
	for name := range query {
		if !strings.EqualFold(name, "api_key") && o.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil {
			say("the query has no %s", name)
		}
	}
	for _, p := range o.Parameters {
		switch p := p.Value; {
		case p.In == openapi3.ParameterInQuery && p.Required && query.Get(p.Name) == "":
			say("%s is missing in the query", p.Name)
		case p.In == openapi3.ParameterInHeader && p.Required && r.Header.Get(p.Name) == "":
			say("the header %s is missing", p.Name)
		}
	}
	if o.RequestBody == nil {
		if len(body) > 0 {
			say("it has a body")
		}
		return
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	wanted := o.RequestBody.Value.Content.Get(kind)
	if err != nil || wanted == nil {
		say("the Content-Type is %q", r.Header.Get("Content-Type"))
		return
	}
	c.json(wanted.Schema.Value, body, say)
	if o.OperationID == "postUsersByIdPolicy" {
		c.whole(wanted.Schema.Value, body, say)
	}
}

// whole checks that a policy has each member, except those that may be null: Emby sets missing members
// to their defaults.
func (c *checker) whole(schema *openapi3.Schema, body []byte, say sayFunc) {
	var policy map[string]json.RawMessage
	_ = json.Unmarshal(body, &policy) // checked before
	for name, member := range schema.Properties {
		if _, ok := policy[name]; !ok && !member.Value.Nullable {
			say("the whole policy is needed, and %s is missing", name)
		}
	}
}

// answer checks an answer of the fake.
func (c *checker) answer(o *operation, a answer) {
	say := c.saying("answer", o)
	of := o.Responses.Status(a.status)
	if of == nil {
		say("there is no status %d", a.status)
		return
	}
	wanted := of.Value.Content.Get("application/json")
	switch {
	case a.status != http.StatusOK:
	case wanted == nil && len(a.body) > 0:
		say("status %d has a body", a.status)
	case wanted != nil:
		c.json(wanted.Schema.Value, a.body, say)
	}
}

// json compares a JSON text with its schema.
func (c *checker) json(schema *openapi3.Schema, raw []byte, say sayFunc) {
	var value any
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&value); err != nil {
		say("the body is not JSON")
		return
	}
	err := schema.VisitJSON(value, openapi3.MultiErrors())
	for _, fault := range faultsOf(err) {
		say("body%s", fault)
	}
}

// faultsOf returns the texts of the differences that an error joins, each with its place.
func faultsOf(err error) []string {
	if many, ok := errors.AsType[openapi3.MultiError](err); ok {
		var all []string
		for _, one := range many {
			all = append(all, faultsOf(one)...)
		}
		return all
	}
	if err == nil {
		return nil
	}
	one, ok := errors.AsType[*openapi3.SchemaError](err)
	if !ok {
		return []string{": " + err.Error()}
	}
	return []string{strings.Join(append([]string{""}, one.JSONPointer()...), "/") + ": " + one.Reason}
}
