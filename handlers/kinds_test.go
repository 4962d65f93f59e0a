package handlers_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mayUse says which kind of file may use which other kinds, besides its own kind and the
// common files: server.go, routes.go, routes_api.go. The comment of the package explains
// the kinds.
func mayUse() map[string][]string {
	return map[string][]string{
		"front":  {"answer"},
		"form":   {"front", "answer", "view"},
		"answer": {"front", "view"},
		"page":   {"front", "form", "answer", "view", "api"},
		"api":    {"front", "form", "answer"},
		"wire":   {"front", "form", "answer"},
		"view":   {},
	}
}

// TestKindsOfFiles holds the files of this package to the kinds that its comment
// explains.
func TestKindsOfFiles(t *testing.T) {
	t.Parallel()
	files := parseSources(t)
	owner := map[string]string{} // the file of each function, type and constant
	for name, file := range files {
		for _, declared := range declarations(file) {
			owner[declared] = name
		}
	}
	rules := mayUse()
	for name, file := range files {
		kind := kindOf(name)
		allowed, ok := rules[kind]
		if !ok {
			if kind != "server" && kind != "routes" {
				t.Errorf("handlers/%s has no kind: give its name one of the prefixes %v", name, slices.Sorted(maps.Keys(rules)))
			}
			continue
		}
		for used := range uses(file) {
			other, ok := owner[used]
			if of := kindOf(other); ok && of != kind && of != "server" && of != "routes" && !slices.Contains(allowed, of) {
				t.Errorf("handlers/%s uses %s of %s: a file of the kind %q may use %v; move what both need", name, used, other, kind, allowed)
			}
		}
	}
}

func kindOf(file string) string {
	kind, _, _ := strings.Cut(strings.TrimSuffix(file, ".go"), "_")
	return kind
}

func parseSources(t *testing.T) map[string]*ast.File {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		if files[name], err = parser.ParseFile(token.NewFileSet(), name, nil, 0); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// declarations returns what a file declares: the methods of site as "s.name", and
// everything else that is not a method by its name.
func declarations(file *ast.File) []string {
	var names []string
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				names = append(names, d.Name.Name)
			} else if star, ok := d.Recv.List[0].Type.(*ast.StarExpr); ok {
				if of, ok := star.X.(*ast.Ident); ok && of.Name == "site" {
					names = append(names, "s."+d.Name.Name)
				}
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					names = append(names, s.Name.Name)
				case *ast.ValueSpec:
					for _, name := range s.Names {
						names = append(names, name.Name)
					}
				}
			}
		}
	}
	return names
}

// uses returns the declarations of the package that a file uses, by the names that
// declarations gives them.
func uses(file *ast.File) map[string]bool {
	used, keys := map[string]bool{}, map[*ast.Ident]bool{}
	ast.Inspect(file, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok {
				keys[key] = true // the field of a struct
			}
		case *ast.SelectorExpr:
			if of, ok := n.X.(*ast.Ident); ok && of.Name == "s" {
				used["s."+n.Sel.Name] = true
			}
		}
		return true
	})
	for _, name := range file.Unresolved { // enough to tell local names from names of the package
		if !keys[name] {
			used[name.Name] = true
		}
	}
	return used
}
