package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// part is one entry of the list of parts.
type part struct {
	Name       string `json:"name"`
	Version    string `json:"version"`
	PURL       string `json:"purl"`
	Properties []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"properties"`
}

// builtProgram builds the program. The tests cannot use their own binary for this, because it does
// not say which modules are in it.
func builtProgram(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "latchkey")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-tags", "nomsgpack", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// listOfParts runs scripts/parts for a program.
func listOfParts(t *testing.T, program string) (parts []part, text []byte) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "../../scripts/parts", program)
	command.Env = append(os.Environ(), `VERSION=v1 "x"`)
	command.Stderr = os.Stderr
	text, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		BOMFormat   string `json:"bomFormat"`
		SpecVersion string `json:"specVersion"`
		Metadata    struct {
			Component part `json:"component"`
		} `json:"metadata"`
		Components []part `json:"components"`
	}
	if err := json.Unmarshal(text, &list); err != nil || list.BOMFormat != "CycloneDX" || list.SpecVersion != "1.5" ||
		list.Metadata.Component.Name != "latchkey" || list.Metadata.Component.Version != `v1 "x"` {
		t.Fatalf("got error %v and the list\n%.400s", err, text)
	}
	return list.Components, text
}

// The list of parts names exactly the modules that are in the program, with the versions and
// checksums of go.mod and go.sum.
func TestListOfParts(t *testing.T) {
	t.Parallel()
	mod, errMod := os.ReadFile("../../go.mod")
	sum, errSum := os.ReadFile("../../go.sum")
	if errMod != nil || errSum != nil {
		t.Fatalf("go.mod gave error %v, and go.sum %v; want none", errMod, errSum)
	}
	required := map[string]string{}
	for _, line := range regexp.MustCompile(`(?m)^\t(\S+) (v\S+)`).FindAllStringSubmatch(string(mod), -1) {
		required[line[1]] = line[2]
	}
	program := builtProgram(t)
	parts, text := listOfParts(t, program)
	seen := map[string]bool{}
	for _, p := range parts {
		if seen[p.Name] {
			t.Errorf("%s stands in the list twice, want once", p.Name)
		}
		seen[p.Name] = true
		if p.PURL != "pkg:golang/"+p.Name+"@"+p.Version {
			t.Errorf("%s %s has the address %q, want it to name both", p.Name, p.Version, p.PURL)
		}
		if p.Name == "std" {
			if want := "v" + strings.TrimPrefix(runtime.Version(), "go"); p.Version != want {
				t.Errorf("Go has the version %s, want %s", p.Version, want)
			}
			continue
		}
		if required[p.Name] != p.Version {
			t.Errorf("%s is listed with version %s, want %q as in go.mod", p.Name, p.Version, required[p.Name])
		}
		if len(p.Properties) != 1 || p.Properties[0].Name != "go:sum" ||
			!strings.Contains(string(sum), p.Name+" "+p.Version+" "+p.Properties[0].Value+"\n") {
			t.Errorf("%s has the properties %v, want the checksum of go.sum", p.Name, p.Properties)
		}
	}
	// These modules are certainly in the program, each for a different purpose.
	for _, name := range []string{
		"std", "github.com/gin-gonic/gin", "gorm.io/gorm", "github.com/go-sql-driver/mysql", "github.com/alexedwards/argon2id",
		"golang.org/x/crypto", "github.com/wneessen/go-mail", "modernc.org/sqlite",
	} {
		if !seen[name] {
			t.Errorf("%s is not in the list, want it there", name)
		}
	}
	if !slices.IsSortedFunc(parts[1:], func(a, b part) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the parts are not sorted by name, want them to be")
	}
	if _, again := listOfParts(t, program); !bytes.Equal(text, again) {
		t.Error("the same program gives another list, want the same")
	}
}

// A build writes the list of parts beside the program, and scripts/check makes a build.
func TestBuildWritesListOfParts(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"../../Makefile":      "\tVERSION='$(VERSION)' scripts/parts bin/latchkey >bin/latchkey.cdx.json\n",
		"../../scripts/check": "\ncheck 'list of parts' make --no-print-directory build\n",
	} {
		if text, err := os.ReadFile(file); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: error %v, want the line %q", file, err, want)
		}
	}
}
