package models_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// withoutLimit names the operations that owe a mail and use no limit of [models.Limits],
// each with the reason why nobody can flood a person with these mails.
func withoutLimit() map[string]string {
	const (
		mailedToken = "it spends the token of a mail, and that mail is limited"
		endsLink    = "it ends a link, which can happen once"
		answers     = "it answers a link or an invite, which can happen once; making one is limited"
		operator    = "operators may mail as often as they need to"
		ownKeys     = "only the owner who does it, and who gave the password, gets the mail"
		byGuardian  = "only the guardians of a member get the mail, and one of them does it"
		spendsCode  = "it spends a device code, and making one is limited"
	)
	return map[string]string{
		"Emails.ConfirmChange": mailedToken, "Emails.Undo": mailedToken, "Recovery.ResetPassword": mailedToken, "Recovery.ResetInBrowser": mailedToken, "PINs.ResetByMail": mailedToken,
		"People.Remove": endsLink, "Agents.RemoveLink": endsLink, "Links.Remove": endsLink, "EmbyServers.Cancel": endsLink,
		"Servers.Remove": endsLink, "OperatedServers.Remove": operator,
		"Links.Accept": answers, "Links.Decline": answers, "Invites.Accept": answers, "Invites.Decline": answers,
		"Families.AcceptInvite": answers, "Members.AcceptInvite": answers, "Members.AcceptLink": answers, "Members.DeclineInvite": answers, "Members.RemoveLink": endsLink,
		"CirclePeople.Admit": answers, "CirclePeople.Leave": endsLink, "CirclePeople.Refuse": endsLink, "Circles.TakeOut": endsLink,
		"Members.Delete": byGuardian, "Members.SetPIN": byGuardian, "Members.SetPassword": byGuardian,
		"Invites.AcceptServer": answers, "Invites.DeclineServer": answers,
		"Operators.Create": operator, "Operators.Delete": operator, "Operators.SendReset": operator, "OperatedAccounts.SendReset": operator, "OperatedAccounts.Delete": operator, "OperatedMessages.Work": operator,
		"OperatorSettings.Change": operator, "Setups.Change": operator,
		"Stays.ExtendByMail":      mailedToken,
		"Stays.Remind":            "each end has two mails, and changes of the end are limited",
		"Imports.Work":            "it goes on with an import, and starting one is limited",
		"WebhookQueue.Failed":     "it switches a webhook off, which its owner alone can switch on again",
		"Devices.Exchange":        spendsCode,
		"Servers.HandOver":        "the server changes its owner, so the former owner cannot do it twice",
		"ServerKeys.Flush":        "it ends the keys of a former owner, which can happen once after a server was handed over",
		"ServerKeys.RotateStolen": ownKeys, "ServerKeys.EndReplaced": ownKeys,
		"LocalPasswords.Complete": "it ends a password that its person has chosen, and choosing one is limited",
		"Proofs.Complete":         "it ends a proof, and starting one is limited",
		"QuickConnects.Complete":  "it ends a code, and typing one is limited",
		"EmbyServers.Invite":      "it spends a look-up of the same address (EmbyServers.FindAccount), and look-ups are limited",
	}
}

// An operation that owes a mail uses a limit, or withoutLimit has the reason why it needs
// no limit: otherwise somebody could flood other people with mails.
func TestOperationsThatMailAreLimited(t *testing.T) {
	t.Parallel()
	functions := readFunctions(t)
	reasons := withoutLimit()
	mailing := 0
	for area := range reflect.TypeFor[models.Store]().Fields() {
		if !area.IsExported() || area.Name == "Mail" { // the worker sends what operations owe
			continue
		}
		for method := range area.Type.Methods() {
			operation := area.Name + "." + method.Name
			used := map[string]bool{}
			functions.follow(area.Type.Elem().Name()+"."+method.Name, used)
			if !used["owe"] && !used["oweEach"] {
				continue
			}
			mailing++
			limited := slices.ContainsFunc(functions.limits, func(limit string) bool { return used[limit] })
			_, excused := reasons[operation]
			switch {
			case limited && excused:
				t.Errorf("models.Store.%s uses a limit: remove its row from withoutLimit in models/throttle_operations_test.go", operation)
			case !limited && !excused:
				t.Errorf("models.Store.%s owes a mail and uses no limit: add one to Limits in models/throttle.go and count it before the "+
					"transaction; or say in withoutLimit, in models/throttle_operations_test.go, why nobody can flood a person by it", operation)
			}
			delete(reasons, operation)
		}
	}
	for operation := range reasons {
		t.Errorf("models.Store.%s owes no mail: remove its row from withoutLimit in models/throttle_operations_test.go", operation)
	}
	if mailing < 30 {
		t.Errorf("%d operations that owe a mail were found, want at least 30: the search is broken", mailing)
	}
}

// functions holds the names that each function of the package models uses: the names of
// other functions, which it calls or passes on, and the names of limits, as "limit X".
type functions struct {
	names  map[string][]string
	limits []string
}

// follow adds to the map used all names that a function uses, itself or through functions
// that are not exported.
func (f functions) follow(name string, used map[string]bool) {
	for _, other := range f.names[name] {
		if !used[other] {
			used[other] = true
			f.follow(other, used)
		}
	}
}

// readFunctions reads the source of the package. The name of an exported method begins with
// its type, as in "Accounts.SignUp".
func readFunctions(t *testing.T) functions {
	t.Helper()
	all := functions{names: map[string][]string{}}
	for limit := range reflect.TypeFor[models.Limits]().Fields() {
		all.limits = append(all.limits, "limit "+limit.Name)
	}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range files {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), entry.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && function.Name.Name != "ProductionLimits" {
				name := functionName(function)
				all.names[name] = append(all.names[name], namesIn(function)...)
			}
		}
	}
	return all
}

func namesIn(function *ast.FuncDecl) (names []string) {
	ast.Inspect(function, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.SelectorExpr:
			if limits, ok := node.X.(*ast.SelectorExpr); ok && limits.Sel.Name == "Limits" {
				names = append(names, "limit "+node.Sel.Name)
			} else if variable, ok := node.X.(*ast.Ident); ok && (variable.Name == "limits" || variable.Name == "l") {
				names = append(names, "limit "+node.Sel.Name)
			}
		case *ast.CallExpr:
			names = append(names, nameOf(node.Fun))
			for _, argument := range node.Args {
				if method, ok := argument.(*ast.SelectorExpr); ok { // a method that is passed on
					names = append(names, nameOf(method))
				}
			}
		}
		return true
	})
	return names
}

// nameOf returns the name in an expression, without the part before the dot.
func nameOf(expression ast.Expr) string {
	switch expression := expression.(type) {
	case *ast.Ident:
		return expression.Name
	case *ast.SelectorExpr:
		return expression.Sel.Name
	default:
		return ""
	}
}

func functionName(function *ast.FuncDecl) string {
	name := function.Name.Name
	if function.Recv == nil || !ast.IsExported(name) {
		return name
	}
	receiver := function.Recv.List[0].Type
	if pointer, ok := receiver.(*ast.StarExpr); ok {
		receiver = pointer.X
	}
	return nameOf(receiver) + "." + name
}
