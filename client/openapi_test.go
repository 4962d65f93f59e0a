package client_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/client"
)

// Every method sends everything that its operation accepts, and returns everything that the answer
// contains.
func TestMethodsKeepTheContract(t *testing.T) {
	t.Parallel()
	c := readContract(t)
	operations := c.operations()
	for id, method := range methods() {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			op, ok := operations[id]
			if !ok {
				t.Fatal("the contract has no such operation, want one")
			}
			for _, null := range []bool{false, true} {
				c.check(t, op, method, null)
			}
		})
	}
}

func (c contract) check(t *testing.T, op operation, method string, null bool) {
	t.Helper()
	status, body := success(t, op)
	var answer any
	if body != nil {
		answer = c.sample(*body, null)
	}
	said := reply{status: status}
	if answer != nil {
		text, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		said.body = string(text)
	}
	f := newFake(t, said)
	result, err := invoke(t, f.client(t), method)
	if err != nil {
		t.Fatal(err)
	}
	c.checkRequest(t, op, f.got()[0], []byte(f.bodies()[0]))
	if answer == nil || null {
		return
	}
	if len(answer.(map[string]any)) == 0 {
		return // nothing can be read from an empty object
	}
	if len(result) == 0 {
		t.Fatal("the method returns only an error, want the answer")
	}
	if diff := cmp.Diff(answer, result[0]); diff != "" && !isInside(answer, result[0]) {
		t.Errorf("returned value (-contract +client):\n%s", diff)
	}
}

// isInside reports whether given is the value of the only member of answer. A method
// may return that value alone, without the object around it.
func isInside(answer, given any) bool {
	members, ok := answer.(map[string]any)
	for _, only := range members {
		return ok && len(members) == 1 && cmp.Equal(only, given)
	}
	return false
}

func (c contract) checkRequest(t *testing.T, op operation, got *http.Request, sent []byte) {
	t.Helper()
	path := regexp.MustCompile(`\{\w+\}`).ReplaceAllString(op.path, "1")
	if got.Method != op.method || got.URL.Path != path {
		t.Errorf("sent to %s %s, want %s %s", got.Method, got.URL.Path, op.method, path)
	}
	if query := slices.Sorted(maps.Keys(got.URL.Query())); !slices.Equal(query, c.parameters(op, "query")) {
		t.Errorf("query parameters %v, want %v", query, c.parameters(op, "query"))
	}
	for _, name := range []string{"Idempotency-Key", "If-None-Match"} {
		if wanted := slices.Contains(c.parameters(op, "header"), name); (got.Header[name] != nil) != wanted {
			t.Errorf("%s: sent is %v", name, !wanted)
		}
	}
	if open := op.Security != nil && len(op.Security) == 0; (got.Header["Authorization"] == nil) != open {
		t.Errorf("a token is sent: %t, want %t", open, !open)
	}
	media, ok := op.RequestBody.Content["application/json"]
	if _, file := op.RequestBody.Content["image/*"]; file {
		if string(sent) != "\x01" || got.Header.Get("Content-Type") != "image/unknown" {
			t.Errorf("sent the body %q of type %s, want the file", sent, got.Header.Get("Content-Type"))
		}
		return
	}
	if !ok {
		if len(sent) > 0 {
			t.Errorf("sent the body %s, want none", sent)
		}
		return
	}
	var body any
	if err := json.Unmarshal(sent, &body); err != nil {
		t.Fatal(err)
	}
	want := c.sample(media.Schema, false)
	if op.path == "/api/v1/server/exchanges" {
		sum := sha256.Sum256([]byte("1"))
		want = map[string]any{"access_key_sha256": hex.EncodeToString(sum[:]), "account_id": "1", "session_id": "1"} // never the access key itself
	}
	if diff := cmp.Diff(want, body); diff != "" {
		t.Errorf("sent body (-contract +client):\n%s", diff)
	}
}

// When an answer is lost, the client repeats the requests that may be sent twice, and no others.
func TestOnlyHarmlessRequestsAreRepeated(t *testing.T) {
	t.Parallel()
	c := readContract(t)
	harmless := []string{
		"report", "acknowledgeChanges", "exchange", "tellLevels", "tellChecks", "answerHand", "tellLocalUsers", "tellHand", "runServerImport", "runImport", "setCircleTerms",
		"pausePerson",
	}
	for id, op := range c.operations() {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			want := 1
			switch {
			case op.method == http.MethodGet, slices.Contains(harmless, id), slices.Contains(c.parameters(op, "header"), "Idempotency-Key"),
				op.method == http.MethodDelete && op.RequestBody.Content == nil && id != "signOut":
				want = 2
			}
			f := newFake(t, reply{}, problem(http.StatusNotFound, "not_found"))
			_, err := invoke(t, f.client(t), methods()[id])
			if len(f.got()) != want || (err == nil) != (want == 2 && op.method == http.MethodDelete) {
				t.Errorf("%d tries, want %d: %v", len(f.got()), want, err)
			}
		})
	}
}

// invoke calls the method with complete arguments, and returns its results as JSON values, except
// booleans.
func invoke(t *testing.T, api *client.Client, name string) ([]any, error) {
	t.Helper()
	group, method, _ := strings.Cut(name, ".")
	call := reflect.ValueOf(api).Elem().FieldByName(group).MethodByName(method)
	arguments := []reflect.Value{reflect.ValueOf(t.Context())}
	if call.Type().In(0) != reflect.TypeFor[context.Context]() {
		t.Fatalf("%s does not take a context first, want one", name)
	}
	for kind := range call.Type().Ins() {
		if kind != call.Type().In(0) {
			arguments = append(arguments, full(t, kind))
		}
	}
	var result []any
	for _, out := range call.Call(arguments) {
		if err, ok := reflect.TypeAssert[error](out); ok || out.Type() == reflect.TypeFor[error]() {
			return result, err
		}
		if out.Kind() == reflect.Bool {
			continue
		}
		text, err := json.Marshal(out.Interface())
		if err != nil {
			t.Fatal(err)
		}
		var one any
		if err := json.Unmarshal(text, &one); err != nil {
			t.Fatal(err)
		}
		result = append(result, one)
	}
	return result, nil
}

// full returns a value that has all its members. Their values are like those that sample returns.
func full(t *testing.T, kind reflect.Type) reflect.Value {
	t.Helper()
	value := reflect.New(kind).Elem()
	switch {
	case kind == reflect.TypeFor[time.Time]():
		at, err := time.Parse(time.RFC3339, aTime)
		if err != nil {
			t.Fatal(err)
		}
		value.Set(reflect.ValueOf(at))
	case kind == reflect.TypeFor[time.Duration]():
		value.SetInt(int64(time.Second))
	case kind.Kind() == reflect.String:
		value.SetString("1")
	case kind.Kind() == reflect.Bool:
		value.SetBool(true)
	case value.CanInt():
		value.SetInt(1)
	case value.CanUint():
		value.SetUint(1)
	case kind.Kind() == reflect.Pointer:
		value.Set(full(t, kind.Elem()).Addr())
	case kind.Kind() == reflect.Slice:
		value.Set(reflect.Append(value, full(t, kind.Elem())))
	case kind.Kind() == reflect.Struct:
		for _, field := range value.Fields() {
			field.Set(full(t, field.Type()))
		}
	default:
		t.Fatalf("no value of %s", kind)
	}
	return value
}

// Every code of the contract has an error variable, and every error variable has a code of the
// contract.
func TestErrorsMatchTheCodesOfTheContract(t *testing.T) {
	t.Parallel()
	c := readContract(t)
	wanted := map[string]bool{}
	add := func(codes map[string][]string) {
		for _, some := range codes {
			for _, code := range some {
				wanted[code] = true
			}
		}
	}
	add(c.ProblemCodes)
	for _, op := range c.operations() {
		add(op.Codes)
	}
	source, err := os.ReadFile("error.go")
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, found := range regexp.MustCompile(`= &Error\{Code: "(\w+)"\}`).FindAllSubmatch(source, -1) {
		have[string(found[1])] = true
	}
	if diff := cmp.Diff(wanted, have); diff != "" {
		t.Errorf("codes (-contract +client):\n%s", diff)
	}
}
