package jellyfintest

import (
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// checker compares requests and answers with the description of a version. Each difference
// is called drift, whether the agent, a client or the fake itself causes it.
type checker struct {
	*described
	extra  map[string]bool // members that a test made up
	legacy bool            // the server takes the old ways of showing a token
	isKey  func(token string) bool
	report func(drift string)
}

// sayFunc reports one way in which a request or an answer differs from the description.
type sayFunc func(format string, a ...any)

// saying returns a function that reports a difference between a request or an answer of an
// operation and its description.
func (c *checker) saying(of string, o *operation) sayFunc {
	return func(format string, a ...any) { c.report(of + " " + o.OperationID + ": " + fmt.Sprintf(format, a...)) }
}

// request checks a request for an operation.
func (c *checker) request(o *operation, params map[string]string, r *http.Request, body []byte) {
	say := c.saying("request", o)
	for name, value := range params {
		for _, fault := range textFaults(o.Parameters.GetByInAndName(openapi3.ParameterInPath, name).Schema.Value, value) {
			say("%s in the path%s", name, fault)
		}
	}
	if o.Deprecated && o.OperationID == "UpdateUserPasswordLegacy" {
		say("it is an old way that is described nowhere")
	}
	c.query(o, r.URL.Query(), say)
	c.headers(o, r, say)
	c.body(o, r.Header.Get("Content-Type"), body, say)
}

// body checks the body of a request and the type of the body.
func (c *checker) body(o *operation, contentType string, body []byte, say sayFunc) {
	if o.RequestBody == nil {
		if len(body) > 0 {
			say("it has a body")
		}
		return
	}
	kind, _, err := mime.ParseMediaType(contentType)
	if kind == "text/json" || strings.HasSuffix(kind, "+json") {
		kind = "application/json"
	}
	wanted := o.RequestBody.Value.Content.Get(kind)
	if err != nil || wanted == nil {
		say("the Content-Type is %q", contentType)
		return
	}
	if kind != "application/json" {
		return
	}
	value, err := decodeAny(body)
	if err != nil {
		say("the body is not JSON")
		return
	}
	for _, fault := range faults(wanted.Schema.Value, without(value, c.extra)) {
		say("body%s", fault)
	}
	if object, ok := value.(map[string]any); ok && o.OperationID == "UpdateUserPolicy" {
		c.whole(object, say)
	}
}

// whole checks that a policy has each member that is never null, because Jellyfin sets
// missing members to their defaults.
func (c *checker) whole(policy map[string]any, say sayFunc) {
	for _, name := range neverNull(c.schemas["UserPolicy"].Value) {
		if _, ok := policy[name]; !ok {
			say("the whole policy is needed, and %s is missing", name)
		}
	}
}

// query checks the names and values of a query. Their letter case does not count.
func (c *checker) query(o *operation, query url.Values, say sayFunc) {
	for name, values := range query {
		if name == legacyQuery {
			if !c.legacy {
				say("%s in the query is ignored by this version", name)
			}
			continue
		}
		if strings.EqualFold(name, "ApiKey") {
			continue
		}
		at := slices.IndexFunc(o.Parameters, func(p *openapi3.ParameterRef) bool {
			return p.Value.In == openapi3.ParameterInQuery && strings.EqualFold(p.Value.Name, name)
		})
		if at < 0 {
			say("the query has no %s", name)
			continue
		}
		schema := o.Parameters[at].Value.Schema.Value
		if schema.Type.Is("array") {
			schema = schema.Items.Value
		} else if len(values) > 1 {
			say("%s stands twice in the query", name)
		}
		for _, value := range values {
			for _, fault := range textFaults(schema, value) {
				say("%s in the query%s", name, fault)
			}
		}
	}
	for _, p := range o.Parameters {
		if p.Value.In == openapi3.ParameterInQuery && p.Value.Required && ask(query, p.Value.Name) == "" {
			say("%s is missing in the query", p.Value.Name)
		}
	}
}

// ask returns a value of a query, whatever the letter case of its name.
func ask(query url.Values, name string) string {
	for given, values := range query {
		if strings.EqualFold(given, name) && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

// legacyQuery is the old name of a token in a query.
const legacyQuery = "api_key"

// headers checks how the request shows its device and token: in one header,
// percent-encoded. An API key must come without a device, and a device that signs in must
// send all of its names.
func (c *checker) headers(o *operation, r *http.Request, say sayFunc) {
	if !c.legacy {
		for _, name := range []string{"X-Emby-Authorization", "X-Emby-Token", "X-MediaBrowser-Token"} {
			if r.Header.Get(name) != "" {
				say("the header %s is ignored by this version", name)
			}
		}
	}
	header := r.Header.Get("Authorization")
	if header != "" {
		c.scheme(header, say)
	}
	parts := readParts(header)
	known := []string{"Client", "Device", "DeviceId", "Version", "Token"}
	for name, value := range parts {
		if !slices.Contains(known, name) {
			say("Authorization has no %s", name)
		}
		if name != "Token" && value != "" && c.isKey(parts["Token"]) {
			say("an API key goes alone, without %s", name)
		}
	}
	if o.OperationID != "InitiateQuickConnect" && o.OperationID != "AuthenticateUserByName" {
		return
	}
	if header == "" && c.legacy {
		parts = readParts(r.Header.Get("X-Emby-Authorization"))
	}
	for _, name := range known[:4] {
		if parts[name] == "" {
			say("%s is missing in Authorization", name)
		}
	}
	if parts["Token"] != "" && o.OperationID == "InitiateQuickConnect" {
		say("a device that signs in has no token yet")
	}
}

// scheme checks the scheme and the letters of a header Authorization.
func (c *checker) scheme(header string, say sayFunc) {
	scheme, _, _ := strings.Cut(header, " ")
	legacy := strings.EqualFold(scheme, "Emby")
	switch {
	case strings.EqualFold(scheme, "MediaBrowser"), legacy && c.legacy:
	case legacy:
		say("the scheme %s is ignored by this version", scheme)
	default:
		say("the scheme of Authorization is not one of Jellyfin's")
	}
	if strings.ContainsFunc(header, func(r rune) bool { return r < ' ' || r > '~' }) {
		say("the header Authorization is not percent-encoded")
	}
}

// answer checks an answer of the fake.
func (c *checker) answer(o *operation, a answer) {
	say := c.saying("answer", o)
	exception := slices.Contains(exceptions(o.OperationID), a.status)
	described := o.Responses.Status(a.status)
	if described == nil && !exception {
		say("there is no status %d", a.status)
		return
	}
	var content openapi3.Content
	if described != nil {
		content = described.Value.Content
	}
	kind, _, _ := strings.Cut(a.kind, ";")
	wanted := content.Get(kind)
	switch {
	case len(a.body) == 0 && a.kind == "":
		if described == nil || len(content) > 0 && !forbiddenWithoutBody(o, a.status) {
			say("status %d has a body", a.status)
		}
	case exception && (kind == "text/plain" || wanted == nil && len(a.body) > 0 && kind == "application/json"):
	case wanted == nil || len(a.body) == 0:
		say("status %d does not have %d bytes of type %q", a.status, len(a.body), a.kind)
	case kind == "application/json":
		value, err := decodeAny(a.body)
		if err != nil {
			say("the body is not JSON")
			return
		}
		if _, text := value.(string); text && a.status >= http.StatusBadRequest {
			return // the descriptions say that it is an object
		}
		for _, fault := range faults(wanted.Schema.Value, without(value, c.extra)) {
			say("status %d: body%s", a.status, fault)
		}
	}
}

// forbiddenWithoutBody reports whether the status may also come from the check of the
// caller's rights, which answers without a body.
func forbiddenWithoutBody(o *operation, status int) bool {
	return status == http.StatusForbidden && (o.OperationID == "AuthorizeQuickConnect" || o.OperationID == "UpdateUserPolicy")
}
