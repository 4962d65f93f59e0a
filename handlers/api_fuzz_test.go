package handlers_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/latchkey-media/latchkey/models/modelstest"
	"github.com/latchkey-media/latchkey/servicetest"
)

// FuzzAPI makes bad requests from the contract and sends them to each operation, from a
// caller who may call it. Each request must get a 4xx status that the contract describes.
func FuzzAPI(f *testing.F) {
	target := newFuzzTarget(f)
	for i, o := range target.operations {
		for j := range target.bad(o) {
			f.Add(uint16(i), uint16(j), "")
		}
		f.Add(uint16(i), uint16(0), "\x00")
		f.Add(uint16(i), uint16(1), "ä€😀")
	}
	f.Fuzz(func(t *testing.T, operation, which uint16, text string) {
		o := target.operations[int(operation)%len(target.operations)]
		if text != "" {
			target.tryText(t, o, int(which), text)
			return
		}
		if all := target.bad(o); len(all) > 0 {
			target.try(t, o, all[int(which)%len(all)], true)
		}
	})
}

// fuzzTarget is a site with an operator who owns a server.
type fuzzTarget struct {
	*contractFile
	handler             http.Handler
	token, key          string
	serverID, addressID string
	made                map[string]func() []badRequest // by operation; each is made once
	huge                string
}

func newFuzzTarget(f *testing.F) *fuzzTarget {
	f.Helper()
	store, clock := modelstest.New(f, modelstest.Unlimited)
	handler, err := servicetest.Handlers(f, store, clock).Handler()
	if err != nil {
		f.Fatal(err)
	}
	target := &fuzzTarget{
		contractFile: contractOf(f), handler: handler,
		made: map[string]func() []badRequest{}, huge: `{"a":"` + strings.Repeat("a", 5<<20) + `"}`,
	}
	for _, o := range target.operations {
		target.made[o.String()] = sync.OnceValue(func() []badRequest { return target.make(o) })
	}
	made := struct {
		Token     string `json:"token"`
		Code      string `json:"code"`
		ID        string `json:"id"`
		Key       string `json:"key"`
		Addresses []struct {
			ID string `json:"id"`
		} `json:"addresses"`
	}{}
	ask := func(path, token string, body any) {
		f.Helper()
		media, sent := "", []byte(nil)
		if body != nil {
			media = "application/json"
			sent, _ = json.Marshal(body)
		}
		a, _ := target.ask(f, http.MethodPost, path, media, string(sent), token)
		if err := json.Unmarshal([]byte(a.body), &made); err != nil || a.status >= 300 {
			f.Errorf("POST %s: status %d with %s, want one below 300", path, a.status, a.body)
		}
	}
	ask("/api/v1/accounts", "", map[string]string{"username": "ann", "email": "ann@example.org", "password": goodPassword})
	if err := store.Operators.Confirm(f.Context(), "ann"); err != nil {
		f.Fatal(err)
	}
	if err := store.Operators.SetOperator(f.Context(), "ann", true); err != nil {
		f.Fatal(err)
	}
	ask("/api/v1/sessions", "", map[string]string{"name_or_email": "ann", "password": goodPassword})
	target.token = made.Token
	ask("/api/v1/servers/claim-codes", target.token, nil)
	ask("/api/v1/servers", "", map[string]any{
		"claim_code": made.Code, "name": "Den", "system_id": "5ed", "addresses": []map[string]string{{"kind": "wan", "url": "https://den.example.org"}},
	})
	target.serverID, target.key = made.ID, made.Key
	a, _ := target.ask(f, http.MethodGet, "/api/v1/servers/"+target.serverID, "", "", target.token)
	if _ = json.Unmarshal([]byte(a.body), &made); len(made.Addresses) > 0 {
		target.addressID = made.Addresses[0].ID
	}
	return target
}

func (f *fuzzTarget) ask(t testing.TB, method, address, media, body, token string) (answer, *http.Request) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, "https://id.example.org"+address, strings.NewReader(body))
	if media != "" {
		request.Header.Set("Content-Type", media)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, request)
	return answer{w.Code, w.Header(), w.Body.String(), method + " " + address}, request
}

// badRequest is a request that the contract does not allow.
type badRequest struct{ name, address, media, body string }

func (f *fuzzTarget) try(t *testing.T, o contractOperation, bad badRequest, mustFail bool) {
	t.Helper()
	token := map[string]string{"session": f.token, "serverKey": f.key}[o.scheme()]
	a, request := f.ask(t, o.method, bad.address, bad.media, bad.body, token)
	checkContract(t, request, bad.body, a)
	if a.status >= 500 || mustFail && a.status < 400 {
		t.Errorf("%s, %s: status %d, want one below 500, and from 400 if it must fail (%t)\n%s\n%.300s\n%s", o, bad.name, a.status, mustFail, bad.address, bad.body, a.body)
	}
	if mustFail {
		var problem struct {
			Code string `json:"code"`
		}
		_ = json.Unmarshal([]byte(a.body), &problem)
		if err := let(a.status, problem.Code); err != nil {
			t.Errorf("%s, %s: it was turned away for the token: %v, want no error", o, bad.name, err)
		}
	}
}

// address returns the path of an operation in which the parameter changed has the value, or
// without a change if changed is "".
func (f *fuzzTarget) address(o contractOperation, changed, value string) string {
	path := o.path
	for _, p := range o.Parameters {
		if p.Value.In != "path" {
			continue
		}
		known := "734018259734822912"
		switch {
		case p.Value.Name == changed:
			known = value
		case p.Value.Name == "address_id":
			known = f.addressID
		case strings.HasPrefix(path, "/api/v1/servers/{id}"):
			known = f.serverID
		}
		path = strings.ReplaceAll(path, "{"+p.Value.Name+"}", url.PathEscape(known))
	}
	return path
}

// bad returns bad requests for an operation.
func (f *fuzzTarget) bad(o contractOperation) []badRequest { return f.made[o.String()]() }

func (f *fuzzTarget) make(o contractOperation) []badRequest {
	media, body := "", ""
	if o.body() != nil {
		text, _ := json.Marshal(o.body().Example)
		media, body = "application/json", string(text)
	}
	var all []badRequest
	for _, p := range o.Parameters {
		name := p.Value.Name
		switch p.Value.In {
		case "path":
			for _, value := range badSegments(p.Value) {
				all = append(all, badRequest{name + " " + value, f.address(o, name, value), media, body})
			}
		case "query":
			for _, value := range badParameters(p.Value) {
				all = append(all, badRequest{name, f.address(o, "", "") + "?" + name + "=" + value, media, body})
			}
		}
	}
	switch {
	case o.body() != nil:
		all = append(all, f.badBodies(o, media, body)...)
	case o.method != http.MethodGet:
		at := f.address(o, "", "")
		all = append(all, badRequest{"a body where none is", at, "application/json", `{"none_of_these":1}`}, badRequest{"a form", at, "application/x-www-form-urlencoded", "a=b"})
	}
	return all
}

func badSegments(p *openapi3.Parameter) []string {
	values := []string{"x", "0", "-1", "99999999999999999999", " 1", "1e3", "\x00", strings.Repeat("1", 300), "ä"}
	return slices.DeleteFunc(values, func(v string) bool { return p.Name != "user_code" && p.Schema.Value.VisitJSON(v) == nil })
}

// badParameters returns escaped values, some with a query after them.
func badParameters(p *openapi3.Parameter) []string {
	schema := p.Schema.Value
	var values []string
	switch {
	case schema.Type.Is("integer"):
		values = append(values, "x", "1.5", "", "%00", "1&"+p.Name+"=1", "99999999999999999999", fmt.Sprint(int(*schema.Min)-1))
		if schema.Max != nil {
			values = append(values, fmt.Sprint(int(*schema.Max)+1))
		}
	case len(schema.Enum) > 0:
		values = append(values, "", "other", "%00", fmt.Sprint(schema.Enum[0])+"&"+p.Name+"="+fmt.Sprint(schema.Enum[0]))
	case schema.MaxLength != nil:
		values = append(values, "x", "", strings.Repeat("A", int(*schema.MaxLength)+1))
	}
	return values
}

func (f *fuzzTarget) badBodies(o contractOperation, media, body string) []badRequest {
	at := f.address(o, "", "")
	all := []badRequest{
		{"no type", at, "", body},
		{"text", at, "text/plain", body},
		{"another charset", at, "application/json; charset=latin1", body},
		{"nothing", at, media, ""},
		{"null", at, media, "null"},
		{"a list", at, media, "[" + body + "]"},
		{"a text", at, media, `"x"`},
		{"two values", at, media, body + body},
		{"cut off", at, media, body[:len(body)-1]},
		{"no JSON", at, media, strings.ReplaceAll(body, `"`, "'")},
		{"not UTF-8", at, media, "{\"a\xff\":1}"},
		{"deep", at, media, strings.Repeat(`{"a":`, 10000)},
		{"huge", at, media, f.huge},
	}
	if o.RequestBody.Value.Content[formType] == nil {
		all = append(all, badRequest{"a form", at, formType, "a=b"})
	}
	if rest, ok := strings.CutPrefix(body, "{"); ok {
		for name := range o.body().Schema.Value.Properties {
			all = append(all, badRequest{"a member twice", at, media, `{"` + name + `":null,"` + strings.ToUpper(name) + `":null,` + rest})
		}
	}
	for _, value := range variants(o.body().Schema.Value, o.body().Example) {
		if o.body().Schema.Value.VisitJSON(value, openapi3.VisitAsRequest(), openapi3.EnableFormatValidation()) == nil {
			continue
		}
		text, err := json.Marshal(value)
		if err != nil {
			continue
		}
		all = append(all, badRequest{"a wrong value", at, media, string(text)})
	}
	slices.SortStableFunc(all, func(a, b badRequest) int { return strings.Compare(a.name+a.body, b.name+b.body) })
	return all
}

// variants returns values that are similar to the given one but not allowed by the schema.
func variants(schema *openapi3.Schema, value any) []any {
	switch {
	case schema.Type.Is("string"):
		all := []any{5, true, []any{}, map[string]any{}}
		if schema.MinLength > 0 {
			all = append(all, "")
		}
		if schema.MaxLength != nil {
			all = append(all, strings.Repeat("a", int(*schema.MaxLength)+1), strings.Repeat("1", 40000))
		}
		return append(all, "none of these", "\x01 %", "0")
	case schema.Type.Is("integer"):
		all := []any{"5", 1.5, true, []any{}, 1e30}
		if schema.Min != nil {
			all = append(all, *schema.Min-1)
		}
		return all
	case schema.Type.Is("boolean"):
		return []any{"true", 1, []any{}}
	case schema.Type.Is("array"):
		return listVariants(schema, value)
	case schema.Type.Is("object"):
		return objectVariants(schema, value)
	default:
		return nil
	}
}

func listVariants(schema *openapi3.Schema, value any) []any {
	all := []any{"x", 5, map[string]any{}, []any{}}
	items, _ := value.([]any)
	if len(items) == 0 {
		return all
	}
	if schema.MaxItems != nil {
		all = append(all, slices.Repeat(items[:1], int(*schema.MaxItems)+1))
	}
	for _, one := range variants(schema.Items.Value, items[0]) {
		all = append(all, []any{one})
	}
	return all
}

func objectVariants(schema *openapi3.Schema, value any) []any {
	object, _ := value.(map[string]any)
	with := func(name string, value any) map[string]any {
		changed := maps.Clone(object)
		if changed == nil {
			changed = map[string]any{}
		}
		changed[name] = value
		return changed
	}
	all := []any{"x", []any{}, map[string]any{}, with("none_of_these", 1)}
	for _, name := range schema.Required {
		less := maps.Clone(object)
		delete(less, name)
		all = append(all, less)
	}
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		for _, one := range variants(schema.Properties[name].Value, object[name]) {
			all = append(all, with(name, one))
		}
	}
	return all
}

// tryText puts a text in every place that can have a text: the path, the query, the body,
// and each member of the body.
func (f *fuzzTarget) tryText(t *testing.T, o contractOperation, which int, text string) {
	t.Helper()
	names, query := []string{}, url.Values{}
	for _, p := range o.Parameters {
		switch {
		case p.Value.In == "query":
			query.Set(p.Value.Name, text)
		case p.Value.In == "path" && text != "." && text != "..":
			names = append(names, p.Value.Name)
		}
	}
	if len(names) > 0 {
		f.try(t, o, badRequest{"a text in the path", f.address(o, names[which%len(names)], text), "", ""}, false)
	}
	at := f.address(o, "", "")
	if len(query) > 0 {
		f.try(t, o, badRequest{"a text in the query", at + "?" + query.Encode(), "", ""}, false)
	}
	if o.body() == nil {
		return // an operation without a body would be carried out
	}
	f.try(t, o, badRequest{"a text for a body", at, "application/json", text}, false)
	object, _ := o.body().Example.(map[string]any)
	keys := slices.Sorted(maps.Keys(o.body().Schema.Value.Properties))
	changed := maps.Clone(object)
	changed[keys[which%len(keys)]] = text
	body, err := json.Marshal(changed)
	if err != nil {
		t.Fatal(err)
	}
	var sent any
	if err := json.Unmarshal(body, &sent); err != nil {
		t.Fatal(err)
	}
	allowed := o.body().Schema.Value.VisitJSON(sent, openapi3.VisitAsRequest(), openapi3.EnableFormatValidation()) == nil
	f.try(t, o, badRequest{"a text for a member", at, "application/json", string(body)}, !allowed)
}
