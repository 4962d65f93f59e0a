package handlers_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/servicetest"
	"github.com/latchkey-media/latchkey/templates"
)

// The file is valid OpenAPI, and its examples match its schemas.
func TestContractIsValid(t *testing.T) {
	t.Parallel()
	file := contractOf(t)
	if file.doc.OpenAPI != "3.0.3" {
		t.Errorf("version %s, want 3.0.3", file.doc.OpenAPI)
	}
	if err := file.doc.Validate(t.Context(), openapi3.EnableExamplesValidation(), openapi3.EnableSchemaFormatValidation()); err != nil {
		t.Error(err)
	}
}

// Every operation describes everything that the page about the API and the other tests
// need.
func TestContractIsWhole(t *testing.T) {
	t.Parallel()
	file := contractOf(t)
	var tags []string
	for _, tag := range file.doc.Tags {
		tags = append(tags, tag.Name)
	}
	ids := map[string]string{}
	for _, o := range file.operations {
		if other := ids[o.OperationID]; other != "" || !regexp.MustCompile(`^[a-z][A-Za-z]+$`).MatchString(o.OperationID) {
			t.Errorf("%s: operationId %q of %q too, want one of its own in camelCase", o, o.OperationID, other)
		}
		ids[o.OperationID] = o.String()
		if len(o.Tags) != 1 || !slices.Contains(tags, o.Tags[0]) {
			t.Errorf("%s: tags %v, want one of %v", o, o.Tags, tags)
		}
		if o.Summary == "" || !strings.HasSuffix(o.Description, ".") && !strings.HasSuffix(o.Description, "?") {
			t.Errorf("%s: summary %q and description %q, want both, the description as whole sentences", o, o.Summary, o.Description)
		}
		o.checkCallers(t)
		o.checkBody(t)
		o.checkResponses(t)
	}
}

func (o contractOperation) checkCallers(t *testing.T) {
	t.Helper()
	if o.Security == nil {
		t.Errorf("%s does not say who may call it, want security", o)
		return
	}
	who := map[string]string{"session": "session", "serverKey": "server key", "": "anybody"}[o.scheme()]
	if callers := o.callers(); len(callers) == 0 || callers[0] != who {
		t.Errorf("%s: callers %v, security %q, want some callers, callers %v", o, callers, o.scheme(), who)
	}
	isOperators := strings.HasPrefix(o.path, belowV1+"operator/")
	if isOperators != slices.Contains(o.callers(), "operator") || isOperators != slices.Contains(o.problems()["403"], "operators_only") {
		t.Errorf("%s: callers %v, want operator and the problem operators_only together, and only below /operators", o, o.callers())
	}
	if slices.Contains(o.callers(), "fresh password") != slices.Contains(o.problems()["403"], "confirm_password") {
		t.Errorf("%s: fresh password, but not among its codes, or the other way", o)
	}
	want := map[string][]string{
		"session": {"token_missing", "session_ended"}, "serverKey": {"token_missing", "server_key_wrong", "server_disabled"},
	}[o.scheme()]
	for _, code := range want {
		if !slices.Contains(o.problems()["401"], code) || !slices.Contains(o.problems()["403"], "wrong_kind_of_token") {
			t.Errorf("%s: problem codes %v, want %s and wrong_kind_of_token", o, o.problems(), code)
		}
	}
}

func (o contractOperation) checkBody(t *testing.T) {
	t.Helper()
	if o.method == http.MethodGet {
		return
	}
	if o.takesFile() {
		if !slices.Equal(o.problems()["415"], []string{"picture_wanted"}) || !slices.Contains(o.problems()["413"], "body_too_large") {
			t.Errorf("%s: problem codes %v, want picture_wanted for 415 and body_too_large for 413", o, o.problems())
		}
		return
	}
	if media := o.body(); o.RequestBody != nil {
		if media == nil || !o.RequestBody.Value.Required || media.Example == nil {
			t.Errorf("%s: its body is not JSON, not required, or has no example", o)
			return
		}
		closed(t, o.String(), media.Schema.Value)
		if form := o.RequestBody.Value.Content.Get(formType); form != media && form != nil && form.Example == nil {
			t.Errorf("%s: its form has no example, want one", o)
		}
	}
	for status, code := range map[string]string{"400": "json_invalid", "413": "body_too_large", "415": "json_wanted"} {
		if !slices.Contains(o.problems()[status], code) {
			t.Errorf("%s: problem codes %v, want %s for %s", o, o.problems(), code, status)
		}
	}
}

// closed checks that an object allows no member that is not described.
func closed(t *testing.T, where string, schema *openapi3.Schema) {
	t.Helper()
	if schema.Items != nil {
		closed(t, where+"[]", schema.Items.Value)
	}
	if !schema.Type.Is("object") {
		return
	}
	if schema.AdditionalProperties.Has == nil || *schema.AdditionalProperties.Has {
		t.Errorf("%s allows any member, want a closed object", where)
	}
	for name, property := range schema.Properties {
		closed(t, where+"."+name, property.Value)
	}
}

func (o contractOperation) checkResponses(t *testing.T) {
	t.Helper()
	var failing []string
	for status, response := range o.Responses.Map() {
		if status >= "400" {
			failing = append(failing, status)
		}
		if none := status == "204" || status == "304"; none != (len(response.Value.Content) == 0) {
			t.Errorf("%s: %s describes a body: %t, want %t", o, status, none, !none)
		}
		for media, content := range response.Value.Content {
			if content.Schema == nil || content.Schema.Ref == "" || (status >= "400") != (media == "application/problem+json") && media != grantType {
				t.Errorf("%s: %s answers %s of no named shape", o, status, media)
			}
		}
	}
	slices.Sort(failing)
	if got := slices.Sorted(maps.Keys(o.problems())); !slices.Equal(got, failing) {
		t.Errorf("%s: statuses %v, problem codes for %v, want %v", o, failing, got, failing)
	}
}

// The file openapi.yaml itself forbids members in requests that it does not describe. The tests are
// not the only thing that forbids them.
func TestContractClosesRequests(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(source)
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			if body := (contractOperation{operation, method, path}).body(); body != nil {
				closed(t, method+" "+path, body.Schema.Value)
			}
		}
	}
}

// Every described operation has a route, and every route is described.
func TestContractMatchesRoutes(t *testing.T) {
	t.Parallel()
	routes, err := handlers.Routes(servicetest.Handlers(t, nil, nil))
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, route := range routes {
		if strings.HasPrefix(route.Path, belowV1) {
			there[route.Method+" "+regexp.MustCompile(`:([a-z_]+)`).ReplaceAllString(route.Path, "{$1}")] = true
		}
	}
	for _, o := range contractOf(t).operations {
		if !there[o.String()] {
			t.Errorf("openapi.yaml has %s, and no route: add it to handlers/routes_api.go", o)
		}
		delete(there, o.String())
		if o.method == http.MethodGet {
			if head := "HEAD " + o.path; !there[head] {
				t.Errorf("there is no route %s: register the operation with get, in handlers/routes_api.go", head)
			} else {
				delete(there, head)
			}
		}
	}
	for name := range there {
		t.Errorf("%s is not described: add it to handlers/openapi.yaml", name)
	}
}

// Every code of the file has a text in every language.
func TestContractCodesHaveTexts(t *testing.T) {
	t.Parallel()
	catalogue, err := templates.NewCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	file := contractOf(t)
	codes := map[string]bool{}
	note := func(all []string) {
		for _, code := range all {
			codes[code] = true
		}
	}
	for _, all := range problems(file.doc.Extensions) {
		note(all)
	}
	for _, o := range file.operations {
		note(o.fieldCodes())
		for _, all := range o.problems() {
			note(all)
		}
	}
	for _, language := range catalogue.Languages() {
		for _, code := range slices.Sorted(maps.Keys(codes)) {
			if key := "error." + code; catalogue.Say(language.Code, key, map[string]any{"Count": 2}) == key {
				t.Errorf("no text has the key %s: write it in templates/locales/%s/", key, language.Code)
			}
		}
	}
}

// The check of answers finds members, codes and statuses that are not
// described.
func TestContractSeesWhatIsWrong(t *testing.T) {
	t.Parallel()
	file := contractOf(t)
	o, ok := file.find(http.MethodGet, "/api/v1/servers")
	if !ok {
		t.Fatal("no operation")
	}
	good := func() answer {
		return answer{status: 200, header: http.Header{"Content-Type": {"application/json"}, "Etag": {`"a"`}}, body: `{"servers":[]}`}
	}
	problem := func(status int, code string) answer {
		body, _ := json.Marshal(map[string]any{"type": "about:blank", "title": "x", "status": status, "code": code, "detail": "x"})
		return answer{status: status, header: http.Header{
			"Content-Type": {"application/problem+json"}, "Www-Authenticate": {"Bearer"}, "X-Request-Id": {"0123456789012345678901"},
		}, body: string(body)}
	}
	if err := file.checkAnswer(o, http.MethodGet, good()); err != nil {
		t.Error(err)
	}
	if err := file.checkAnswer(o, http.MethodGet, problem(401, "session_ended")); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(a *answer){
		"status":        func(a *answer) { a.status = 201 },
		"member":        func(a *answer) { a.body = `{"servers":[],"more":1}` },
		"no member":     func(a *answer) { a.body = `{}` },
		"type":          func(a *answer) { a.body = `{"servers":{}}` },
		"content type":  func(a *answer) { a.header.Set("Content-Type", "text/plain") },
		"no header":     func(a *answer) { a.header.Del("ETag") },
		"other header":  func(a *answer) { a.header.Set("Retry-After", "5") },
		"code":          func(a *answer) { *a = problem(401, "sign_in_wrong") },
		"code's status": func(a *answer) { *a = problem(403, "session_ended"); a.header.Del("WWW-Authenticate") },
	} {
		a := good()
		if change(&a); file.checkAnswer(o, http.MethodGet, a) == nil {
			t.Errorf("an answer with another %s passes, want an error", name)
		}
	}
	if found, ok := file.find(http.MethodGet, "/api/v1/servers/owned"); !ok || found.OperationID != "listOwnedServers" {
		t.Errorf("found %s, want listOwnedServers", found)
	}
}

// The file is served as it is, and cached.
func TestContractIsServed(t *testing.T) {
	t.Parallel()
	p := newSite(t).program(t)
	want, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	a := p.do(http.MethodGet, "/api/openapi.yaml", "", "")
	if a.status != http.StatusOK || a.body != string(want) || a.header.Get("Content-Type") != "application/yaml" ||
		a.header.Get("Access-Control-Allow-Origin") != "*" || strings.Contains(a.header.Get("Cache-Control"), "no-store") {
		t.Errorf("status %d with %v, want 200 for every origin, to be kept", a.status, a.header)
	}
	tag := a.header.Get("ETag")
	if again := p.with("If-None-Match", tag).do(http.MethodGet, "/api/openapi.yaml", "", ""); tag == "" || again.status != http.StatusNotModified {
		t.Errorf("with the tag %s: %d, want some tag, status %d", tag, again.status, http.StatusNotModified)
	}
}
