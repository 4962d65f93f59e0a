// Command systems checks that the program compiles for all systems that a release has, without building it for each: it
// reads the types in all source files as the compiler does. That takes some seconds, a build takes minutes. An integer
// that has no room on a machine with 32 bits is found, too.
//
// usage: go run . FOLDER-OF-THE-REPOSITORY
package main

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/tools/go/packages"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run . FOLDER-OF-THE-REPOSITORY")
		os.Exit(2)
	}
	wrong := false
	for _, system := range []string{"linux/arm64", "linux/arm", "darwin/arm64", "windows/amd64"} {
		problems, err := check(os.Args[1], system)
		if err != nil {
			problems = append(problems, err.Error())
		}
		for _, problem := range problems {
			wrong = true
			fmt.Fprintf(os.Stderr, "%s: %s\n", system, problem)
		}
	}
	if wrong {
		os.Exit(1)
	}
}

// check loads the program for a system, such as linux/arm, and returns the problems that it finds.
func check(folder, system string) (problems []string, err error) {
	name, architecture, _ := strings.Cut(system, "/")
	loaded, err := packages.Load(&packages.Config{
		Mode: packages.LoadAllSyntax, Dir: folder, BuildFlags: []string{"-tags=nomsgpack"},
		Env: append(os.Environ(), "GOOS="+name, "GOARCH="+architecture, "CGO_ENABLED=0"),
	}, "./cmd/latchkey")
	if err != nil {
		return nil, err
	}
	packages.Visit(loaded, nil, func(p *packages.Package) {
		for _, problem := range p.Errors {
			problems = append(problems, problem.Error())
		}
	})
	return problems, nil
}
