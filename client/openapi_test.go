package client_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/latchkey-media/latchkey/client"
)

// methods says which method carries out which operation of the contract.
func methods() map[string]string {
	return map[string]string{
		"signUp":             "Accounts.SignUp",
		"confirmSignUp":      "Accounts.Confirm",
		"resendConfirmation": "Accounts.Resend",
		"correctSignUp":      "Accounts.Correct",
		"getAccount":         "Accounts.Get",
		"changeAccount":      "Accounts.Change",
		"deleteAccount":      "Accounts.Delete",
		"exportAccount":      "Accounts.Export",
		"listHistory":        "Accounts.HistoryPage",

		"changeEmail":         "Emails.Change",
		"confirmEmail":        "Emails.Confirm",
		"undoEmail":           "Emails.Undo",
		"changePassword":      "Passwords.Change",
		"askPasswordReset":    "Passwords.AskReset",
		"redeemPasswordReset": "Passwords.Reset",
		"setPIN":              "PINs.Set",
		"removePIN":           "PINs.Remove",
		"verifyPIN":           "PINs.Verify",
		"askPINReset":         "PINs.AskReset",
		"redeemPINReset":      "PINs.Reset",
		"replacePIN":          "PINs.Replace",

		"signIn":           "Sessions.SignIn",
		"listSessions":     "Sessions.List",
		"signOut":          "Sessions.SignOut",
		"confirmPassword":  "Sessions.ConfirmPassword",
		"endSession":       "Sessions.End",
		"endOtherSessions": "Sessions.EndOthers",
		"endAllSessions":   "Sessions.EndAll",
		"notMe":            "Sessions.NotMe",

		"beginDevice":   "Devices.Begin",
		"deviceToken":   "Devices.Token",
		"lookDevice":    "Devices.Look",
		"approveDevice": "Devices.Approve",
		"denyDevice":    "Devices.Deny",

		"listLinks":   "Links.List",
		"acceptLink":  "Links.Accept",
		"declineLink": "Links.Decline",
		"removeLink":  "Links.Remove",

		"listServers":      "Servers.ListIfChanged",
		"registerServer":   "Servers.Register",
		"makeClaimCode":    "Servers.MakeClaimCode",
		"claimServer":      "Servers.Claim",
		"listOwnedServers": "Servers.Owned",
		"getServer":        "Servers.Get",
		"changeServer":     "Servers.Change",
		"removeServer":     "Servers.Remove",
		"replaceServerKey": "Servers.ReplaceKey",
		"handServerOver":   "Servers.HandOver",
		"addAddress":       "Servers.AddAddress",
		"changeAddress":    "Servers.ChangeAddress",
		"removeAddress":    "Servers.RemoveAddress",

		"listPeople":     "People.ListPage",
		"changePerson":   "People.Change",
		"removePerson":   "People.Remove",
		"listLocalUsers": "People.LocalUsers",

		"startProof": "Proofs.Start",
		"getProof":   "Proofs.Get",

		"askQuickConnect":         "QuickConnects.Ask",
		"getQuickConnect":         "QuickConnects.Get",
		"listQuickConnectServers": "QuickConnects.Servers",

		"createInvite":        "Invites.Create",
		"listInvites":         "Invites.SentPage",
		"withdrawInvite":      "Invites.Withdraw",
		"listReceivedInvites": "Invites.Received",
		"acceptInvite":        "Invites.Accept",
		"declineInvite":       "Invites.Decline",

		"getThisServer":      "Agent.Get",
		"report":             "Agent.Report",
		"listChanges":        "Agent.Changes",
		"acknowledgeChanges": "Agent.Acknowledge",
		"listLinksOfServer":  "Agent.Links",
		"askForLink":         "Agent.AskForLink",
		"endLink":            "Agent.EndLink",
		"exchange":           "Agent.Exchange",
		"rotateServerKey":    "Agent.RotateKey",
		"listProofs":         "Agent.Proofs",
		"proposeProof":       "Agent.ProposeProof",
		"completeProof":      "Agent.CompleteProof",
		"failProof":          "Agent.FailProof",

		"createServerInvite":   "Agent.Invite",
		"listQuickConnects":    "Agent.QuickConnects",
		"completeQuickConnect": "Agent.CompleteQuickConnect",
		"failQuickConnect":     "Agent.FailQuickConnect",

		"listAccounts":       "Operators.AccountsPage",
		"getOperatedAccount": "Operators.Account",
		"disableAccount":     "Operators.DisableAccount",
		"enableAccount":      "Operators.EnableAccount",
		"sendReset":          "Operators.SendReset",
		"listAllServers":     "Operators.ServersPage",
		"getOperatedServer":  "Operators.Server",
		"deleteServer":       "Operators.DeleteServer",
		"disableServer":      "Operators.DisableServer",
		"enableServer":       "Operators.EnableServer",
	}
}

// conveniences are methods that call others.
func conveniences() []string {
	return []string{
		"Accounts.History", "Invites.Sent", "Operators.Accounts", "Operators.Servers", "People.List", "Servers.List",
		"Servers.Exchange", "Servers.Reach", // these ask media servers
	}
}

// contract is what of openapi.yaml matters here.
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

// operations are those of the contract, by id.
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

// sample is a value of s with all its members; with null, all that may be null is.
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

// parameters are the names of the parameters of an operation that are in the
// query or in the header.
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

// success is the status of success and its schema, if it has a body.
func success(t *testing.T, op operation) (status int, body *schema) {
	t.Helper()
	for text, response := range op.Responses {
		if !strings.HasPrefix(text, "2") {
			continue
		}
		status, _ = strconv.Atoi(text)
		if media, ok := response.Content["application/json"]; ok {
			body = &media.Schema
		}
	}
	if status == 0 {
		t.Errorf("%s never succeeds", op.OperationID)
	}
	return status, body
}

// Every operation has a method, every method an operation.
func TestMethodsAndOperations(t *testing.T) {
	t.Parallel()
	rows := methods()
	for id := range readContract(t).operations() {
		if rows[id] == "" {
			t.Errorf("no method for the operation %s", id)
		}
	}
	var have []string
	for field, group := range reflect.ValueOf(client.Client{}).Fields() {
		if !field.IsExported() {
			continue
		}
		for method := range group.Type().Methods() {
			have = append(have, field.Name+"."+method.Name)
		}
	}
	want := append(slices.Collect(maps.Values(rows)), conveniences()...)
	slices.Sort(want)
	slices.Sort(have)
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("methods (-table +client):\n%s", diff)
	}
}

// Every method sends what its operation wants, all of it, and gives back all that
// the answer holds.
func TestMethodsKeepTheContract(t *testing.T) {
	t.Parallel()
	c := readContract(t)
	operations := c.operations()
	for id, method := range methods() {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			op, ok := operations[id]
			if !ok {
				t.Fatal("there is no such operation")
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
		return // an empty object says nothing
	}
	if len(result) == 0 {
		t.Fatal("the answer is not given back")
	}
	if diff := cmp.Diff(answer, result[0]); diff != "" && !isInside(answer, result[0]) {
		t.Errorf("what is given back (-contract +client):\n%s", diff)
	}
}

// isInside reports whether given is the only member of answer: the method need
// not give an object of one.
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
		t.Errorf("sent to %s %s, not to %s %s", got.Method, got.URL.Path, op.method, path)
	}
	if query := slices.Sorted(maps.Keys(got.URL.Query())); !slices.Equal(query, c.parameters(op, "query")) {
		t.Errorf("query of %v, not of %v", query, c.parameters(op, "query"))
	}
	for _, name := range []string{"Idempotency-Key", "If-None-Match"} {
		if wanted := slices.Contains(c.parameters(op, "header"), name); (got.Header[name] != nil) != wanted {
			t.Errorf("%s: sent is %v", name, !wanted)
		}
	}
	if open := op.Security != nil && len(op.Security) == 0; (got.Header["Authorization"] == nil) != open {
		t.Errorf("the operation is for anybody: %v; a token is sent: %v", open, !open)
	}
	media, ok := op.RequestBody.Content["application/json"]
	if !ok {
		if len(sent) > 0 {
			t.Errorf("a body is sent: %s", sent)
		}
		return
	}
	var body any
	if err := json.Unmarshal(sent, &body); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c.sample(media.Schema, false), body); diff != "" {
		t.Errorf("what is sent (-contract +client):\n%s", diff)
	}
}

// What may be sent twice is, after an answer that was lost, and nothing else.
func TestRepetitions(t *testing.T) {
	t.Parallel()
	c := readContract(t)
	harmless := []string{"report", "acknowledgeChanges", "exchange"}
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

// invoke calls the method with arguments that have everything, and returns what
// it gives back as JSON would have it, without booleans of its own.
func invoke(t *testing.T, api *client.Client, name string) ([]any, error) {
	t.Helper()
	group, method, _ := strings.Cut(name, ".")
	call := reflect.ValueOf(api).Elem().FieldByName(group).MethodByName(method)
	arguments := []reflect.Value{reflect.ValueOf(t.Context())}
	if call.Type().In(0) != reflect.TypeFor[context.Context]() {
		t.Fatalf("%s does not take a context first", name)
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

// full is a value with all its members, like those of sample.
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

// Every code of the contract has a sentinel, every sentinel a code.
func TestCodes(t *testing.T) {
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

// The documentation names operations and methods that there are.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	c := readContract(t)
	named := append(slices.Collect(maps.Values(methods())), conveniences()...)
	for _, row := range []struct {
		file  string
		holds string // so that a document that became empty, or is about something else, is noticed
	}{
		{"api.md", "/api/v1/"},
		{"clients.md", "/api/v1/"},
		{"agent.md", "latchkey agent"},
	} {
		t.Run(row.file, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile("../docs/" + row.file)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), row.holds) {
				t.Errorf("it does not speak of %s", row.holds)
			}
			c.checkNamed(t, string(text))
			checkMethods(t, string(text), named)
		})
	}
}

// checkNamed checks the operations that a document names, also those of its
// commands of curl.
func (c contract) checkNamed(t *testing.T, text string) {
	t.Helper()
	for _, found := range regexp.MustCompile(`\b(GET|POST|PUT|PATCH|DELETE) (/api/v1/[\w/{}-]+)`).FindAllStringSubmatch(text, -1) {
		if _, ok := c.Paths[found[2]][strings.ToLower(found[1])]; !ok {
			t.Errorf("there is no %s %s", found[1], found[2])
		}
	}
	id := regexp.MustCompile(`/\d+…?(/|$)`) // an example stands for the parameter
	for _, found := range regexp.MustCompile(`curl .*?\$service(/api/v1/[\w/…-]+)`).FindAllStringSubmatch(text, -1) {
		if called := id.ReplaceAllString(found[1], "/{id}$1"); c.Paths[called] == nil {
			t.Errorf("there is no %s", called)
		}
	}
}

// checkMethods checks the methods that the Go of a document calls.
func checkMethods(t *testing.T, text string, named []string) {
	t.Helper()
	groups := "Accounts|PINs|Sessions|Devices|Servers|Links|People|Proofs|QuickConnects|Invites|Agent|Operators"
	for _, found := range regexp.MustCompile(`\.((?:`+groups+`)\.\w+)\(`).FindAllStringSubmatch(text, -1) {
		if !slices.Contains(named, found[1]) {
			t.Errorf("there is no %s", found[1])
		}
	}
}
