package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// TestFailuresSayWhatTheyWant finds tests that fail with a value alone, because their readers would
// have to find out what the test wanted. An error alone is enough: it is clear that the test wanted
// no error.
func TestFailuresSayWhatTheyWant(t *testing.T) {
	t.Parallel()
	calls := 0
	for _, path := range goFiles(t) {
		if !strings.HasSuffix(path, "_test.go") {
			continue
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !failsTest(call) {
				return true
			}
			calls++
			if !says(call.Args) {
				t.Errorf("%s: a test fails with a bare value; want a sentence with what it got and what it wants", files.Position(call.Pos()))
			}
			return true
		})
	}
	if calls < 300 {
		t.Fatalf("found %d calls of Error and Fatal, want at least 300: the search is broken", calls)
	}
}

// failsTest reports whether call fails a test: whether it is a call of Error or Fatal, with
// arguments, on a variable such as t or on a field such as k.t.
func failsTest(call *ast.CallExpr) bool {
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || method.Sel.Name != "Error" && method.Sel.Name != "Fatal" || len(call.Args) == 0 {
		return false
	}
	switch of := method.X.(type) {
	case *ast.Ident:
		return slices.Contains([]string{"t", "b", "f", "tb"}, of.Name)
	case *ast.SelectorExpr:
		return of.Sel.Name == "t" || of.Sel.Name == "tb"
	}
	return false
}

// says reports whether the arguments of Error or Fatal explain the failure: they begin with a text,
// or are one error alone.
func says(args []ast.Expr) bool {
	switch first := args[0].(type) {
	case *ast.BasicLit, *ast.BinaryExpr:
		return true
	case *ast.Ident:
		return len(args) == 1 && slices.Contains([]string{"err", "failed", "gone", "fault", "trouble", "cause"}, first.Name)
	case *ast.CallExpr:
		made, ok := first.Fun.(*ast.SelectorExpr)
		return ok && (made.Sel.Name == "Err" || made.Sel.Name == "Join" || made.Sel.Name == "Sprintf")
	}
	return false
}
