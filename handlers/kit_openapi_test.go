package handlers_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

const belowV1 = "/api/v1/"

// contractFile is openapi.yaml as the tests read it: with every object closed,
// so that an answer must not have a member that is not described.
type contractFile struct {
	doc        *openapi3.T
	operations []contractOperation
}

type contractOperation struct {
	*openapi3.Operation
	method, path string
}

func (o contractOperation) String() string { return o.method + " " + o.path }

// theContract is read once for all tests.
var theContract = sync.OnceValues(func() (*contractFile, error) {
	source, err := os.ReadFile("openapi.yaml")
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(source)
	if err != nil {
		return nil, err
	}
	no := false
	for _, schema := range doc.Components.Schemas {
		if s := schema.Value; s.Type.Is("object") && s.AdditionalProperties.Has == nil && s.AdditionalProperties.Schema == nil {
			s.AdditionalProperties.Has = &no
		}
	}
	file := &contractFile{doc: doc}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			file.operations = append(file.operations, contractOperation{operation, method, path})
		}
	}
	slices.SortFunc(file.operations, func(a, b contractOperation) int { return strings.Compare(a.String(), b.String()) })
	return file, nil
})

func contractOf(t testing.TB) *contractFile {
	t.Helper()
	file, err := theContract()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// find returns the operation for a request. A literal segment of a path wins
// over a parameter.
func (f *contractFile) find(method, path string) (contractOperation, bool) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	best, most := contractOperation{}, -1
	for _, one := range f.operations {
		if one.method != method {
			continue
		}
		if written, ok := matches(one.path, path); ok && written > most {
			best, most = one, written
		}
	}
	return best, most >= 0
}

// matches reports whether path matches pattern, and with how many literal
// segments.
func matches(pattern, path string) (written int, ok bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return 0, false
	}
	for i := range want {
		switch {
		case want[i] == got[i]:
			written++
		case !strings.HasPrefix(want[i], "{") || got[i] == "":
			return 0, false
		}
	}
	return written, true
}

// list returns an extension that holds texts.
func list(value any) []string {
	var texts []string
	all, _ := value.([]any)
	for _, one := range all {
		text, _ := one.(string)
		texts = append(texts, text)
	}
	return texts
}

// problems returns the codes that an operation may answer with, by status.
func problems(extensions map[string]any) map[string][]string {
	byStatus, _ := extensions["x-problem-codes"].(map[string]any)
	out := map[string][]string{}
	for status, codes := range byStatus {
		out[status] = list(codes)
	}
	return out
}

func (o contractOperation) problems() map[string][]string { return problems(o.Extensions) }
func (o contractOperation) fieldCodes() []string          { return list(o.Extensions["x-field-codes"]) }

func (o contractOperation) callers() []string { return list(o.Extensions["x-latchkey-callers"]) }

// scheme returns session, serverKey, or "" for an operation that needs no
// token, even if it takes one.
func (o contractOperation) scheme() string {
	if o.Security == nil {
		return ""
	}
	if slices.ContainsFunc(*o.Security, func(one openapi3.SecurityRequirement) bool { return len(one) == 0 }) {
		return ""
	}
	for _, one := range *o.Security {
		for name := range maps.Keys(one) {
			return name
		}
	}
	return ""
}

// The media types of the forms that OAuth libraries send, and of the answers to them.
const (
	formType  = "application/x-www-form-urlencoded"
	grantType = "application/json;charset=UTF-8"
)

// checkForm checks that the contract allows a form that the service has accepted. It leaves
// out the parameters that the contract does not know, because the service ignores them (RFC
// 6749 §3.2).
func checkForm(form *openapi3.MediaType, sent string) error {
	values, err := url.ParseQuery(sent)
	if err != nil {
		return err
	}
	object := map[string]any{}
	for name := range form.Schema.Value.Properties {
		if values.Has(name) {
			object[name] = values.Get(name)
		}
	}
	return form.Schema.Value.VisitJSON(object, openapi3.VisitAsRequest())
}

// body returns the body of the request, or nil if the operation has no body.
func (o contractOperation) body() *openapi3.MediaType {
	if o.RequestBody == nil {
		return nil
	}
	return o.RequestBody.Value.Content.Get("application/json")
}

// takesFile reports whether the body is the file of a picture.
func (o contractOperation) takesFile() bool {
	return o.RequestBody != nil && o.RequestBody.Value.Content["image/*"] != nil
}

// checkContract fails the test if the contract does not describe the answer, or
// if it does not allow a request that was granted.
func checkContract(t testing.TB, request *http.Request, sent string, a answer) {
	t.Helper()
	path := request.URL.Path
	if path != "/api" && !strings.HasPrefix(path, "/api/") || path == "/api/docs" || strings.HasPrefix(path, "/api/docs/") || path == "/api/openapi.yaml" || request.Method == http.MethodOptions {
		return
	}
	file := contractOf(t)
	operation, ok := file.find(request.Method, path)
	if !ok {
		if err := file.checkNowhere(a); err != nil {
			t.Errorf("contract: %s %s is not described, and its answer is wrong: %v", request.Method, path, err)
		}
		return
	}
	if err := file.checkAnswer(operation, request.Method, a); err != nil {
		t.Errorf("contract: %s: %d: %s: describe it in handlers/openapi.yaml, or change the answer\n%s", operation, a.status, brief(err), a.body)
	}
	if a.status < 300 {
		if err := operation.checkRequest(request, sent); err != nil {
			t.Errorf("contract: %s was granted: %s: describe it in handlers/openapi.yaml, or refuse it\n%s", operation, brief(err), sent)
		}
	}
}

// brief returns the text of an error in one line. An error about a schema names the
// place and the reason, without the whole schema.
func brief(err error) string {
	if schema, ok := errors.AsType[*openapi3.SchemaError](err); ok {
		return "/" + strings.Join(schema.JSONPointer(), "/") + ": " + schema.Reason
	}
	return err.Error()
}

// checkNowhere checks the answer to a request that matches no operation.
func (f *contractFile) checkNowhere(a answer) error {
	problem := &openapi3.Response{Content: openapi3.Content{"application/problem+json": {Schema: f.doc.Components.Schemas["Problem"]}}}
	value, err := checkBody(problem, a)
	if err != nil {
		return err
	}
	codes := problems(f.doc.Extensions)
	if a.status == http.StatusBadRequest || a.status >= 500 { // errors before the routing have the same form everywhere
		codes = contractOperation{Operation: f.doc.Paths.Value("/api/v1/account").Get}.problems()
	}
	return checkCodes(codes, nil, a.status, value)
}

func (f *contractFile) checkAnswer(o contractOperation, method string, a answer) error {
	reference := o.Responses.Value(strconv.Itoa(a.status))
	if reference == nil {
		return fmt.Errorf("the status is not described")
	}
	if err := checkHeaders(reference.Value, a.header); err != nil {
		return err
	}
	if method == http.MethodHead {
		return nil
	}
	value, err := checkBody(reference.Value, a)
	if err != nil || a.status < 400 || a.header.Get("Content-Type") == grantType {
		return err
	}
	return checkCodes(o.problems(), o.fieldCodes(), a.status, value)
}

// told holds the headers that the contract must describe if an answer has them.
var told = []string{"ETag", "Retry-After", "WWW-Authenticate", "Location", "Link", "Content-Disposition", "Set-Cookie", "X-Request-Id"}

func checkHeaders(response *openapi3.Response, header http.Header) error {
	for name, reference := range response.Headers {
		text := header.Get(name)
		if text == "" {
			if reference.Value.Required {
				return fmt.Errorf("the header %s is missing", name)
			}
			continue
		}
		var value any = text
		if reference.Value.Schema.Value.Type.Is("integer") {
			number, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return fmt.Errorf("header %s: %w", name, err)
			}
			value = number
		}
		if err := reference.Value.Schema.Value.VisitJSON(value); err != nil {
			return fmt.Errorf("header %s: %w", name, err)
		}
	}
	for _, name := range told {
		if _, ok := response.Headers[name]; !ok && header.Get(name) != "" {
			return fmt.Errorf("the header %s is not described", name)
		}
	}
	return nil
}

// checkBody checks the type and the shape of a body, and returns the decoded
// body.
func checkBody(response *openapi3.Response, a answer) (any, error) {
	if len(response.Content) == 0 {
		if a.body != "" || a.header.Get("Content-Type") != "" {
			return nil, fmt.Errorf("want no body, got %s", a.header.Get("Content-Type"))
		}
		return nil, nil
	}
	media := response.Content[a.header.Get("Content-Type")] // the exact content type
	if media == nil {
		return nil, fmt.Errorf("the type %q is not described", a.header.Get("Content-Type"))
	}
	var value any
	if err := json.Unmarshal([]byte(a.body), &value); err != nil {
		return nil, err
	}
	return value, media.Schema.Value.VisitJSON(value, openapi3.VisitAsResponse(), openapi3.EnableFormatValidation())
}

// checkCodes checks that the contract describes all codes of a problem.
func checkCodes(byStatus map[string][]string, ofFields []string, status int, value any) error {
	object, _ := value.(map[string]any)
	code, _ := object["code"].(string)
	if !slices.Contains(byStatus[strconv.Itoa(status)], code) {
		return fmt.Errorf("the code %q is not described", code)
	}
	if object["status"] != float64(status) {
		return fmt.Errorf("the problem says status %v", object["status"])
	}
	wrong, _ := object["errors"].([]any)
	for _, one := range wrong {
		field, _ := one.(map[string]any)
		if code, _ := field["code"].(string); !slices.Contains(ofFields, code) {
			return fmt.Errorf("the code %q of a member is not described", code)
		}
	}
	return nil
}

// checkRequest checks that the contract allows a request that was granted.
func (o contractOperation) checkRequest(request *http.Request, sent string) error {
	for name := range request.URL.Query() {
		if o.Parameters.GetByInAndName("query", name) == nil {
			return fmt.Errorf("the parameter %s is not described", name)
		}
	}
	media := o.body()
	if media == nil {
		return nil
	}
	kind, _, err := mime.ParseMediaType(request.Header.Get("Content-Type"))
	if form := o.RequestBody.Value.Content[formType]; form != nil && kind == formType {
		return checkForm(form, sent)
	}
	if err != nil || kind != "application/json" {
		return fmt.Errorf("the body came as %q", request.Header.Get("Content-Type"))
	}
	var value any
	if err := json.Unmarshal([]byte(strings.TrimPrefix(sent, "\ufeff")), &value); err != nil { // the API reads past the mark
		return err
	}
	return media.Schema.Value.VisitJSON(value, openapi3.VisitAsRequest(), openapi3.EnableFormatValidation())
}
