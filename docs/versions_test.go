package docs_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// leastVersions lists modules that once had a weakness, each with a description of the weakness and
// the first version without it. The search for known weaknesses needs a database that cannot be
// reached from everywhere, and it does not report code that the program does not call today. This
// table needs no database. With it, no later change of go.mod can go back to a version with one of
// these weaknesses.
var leastVersions = []struct{ module, version, reason string }{
	{"github.com/getkin/kin-openapi", "v0.131.0", "GO-2025-3533: a small body could unpack to a very large one"},
	{"github.com/gin-gonic/gin", "v1.9.1", "GO-2023-1737: the name of a file could change the header Content-Disposition"},
	{"github.com/quic-go/quic-go", "v0.59.1", "GO-2026-5676: trailers of HTTP/3 could use up the memory"},
	{"github.com/wneessen/go-mail", "v0.7.1", "GO-2025-3988: an address could add parameters to a command of SMTP"},
	{"golang.org/x/crypto", "v0.45.0", "GO-2025-4135: a malformed message could end an agent of SSH"},
	{"golang.org/x/image", "v0.18.0", "GO-2024-2937: a malformed picture could end the program"},
	{"golang.org/x/net", "v0.45.0", "GO-2026-4440: an HTML document could take very long to parse"},
	{"golang.org/x/oauth2", "v0.27.0", "GO-2025-3488: a malformed token could use up the memory"},
	{"golang.org/x/text", "v0.3.8", "GO-2022-1059: a header Accept-Language could take very long to parse"},
	{"google.golang.org/protobuf", "v1.33.0", "GO-2024-2611: malformed JSON could be parsed without end"},
}

// TestModulesAreNewEnough compares the modules of the program and of its tools with the
// first versions without a known weakness.
func TestModulesAreNewEnough(t *testing.T) {
	t.Parallel()
	program := requiredVersions(t, "../go.mod")
	if len(program) < 50 {
		t.Fatalf("found %d modules in go.mod, want at least 50: the search is broken", len(program))
	}
	for file, required := range map[string]map[string]string{"go.mod": program, "tools/go.mod": requiredVersions(t, "../tools/go.mod"), "tools/nfpm/go.mod": requiredVersions(t, "../tools/nfpm/go.mod")} {
		for _, least := range leastVersions {
			got, ok := required[least.module]
			if !ok && file == "go.mod" {
				t.Errorf("go.mod does not require %s, want its row in this table removed", least.module)
			}
			if ok && olderVersion(got, least.version) {
				t.Errorf("%s requires %s %s, want at least %s because of %s", file, least.module, got, least.version, least.reason)
			}
		}
	}
}

// TestOlderVersion checks the comparison of versions, because the modules themselves are usually
// all new enough.
func TestOlderVersion(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		version, than string
		want          bool
	}{
		{"v0.59.0", "v0.59.1", true},
		{"v0.59.1", "v0.59.1", false},
		{"v0.59.10", "v0.59.9", false},
		{"v0.6.0", "v0.59.1", true},
		{"v1.0.0", "v0.59.1", false},
		{"v0.60.0", "v0.59.1", false},
		{"v0.59.1-rc.1", "v0.59.1", true},
		{"v0.59.2-0.20260101000000-0123456789ab", "v0.59.1", false},
		{"v2.0.0+incompatible", "v2.0.0", false},
	} {
		if got := olderVersion(test.version, test.than); got != test.want {
			t.Errorf("olderVersion(%s, %s) = %t, want %t", test.version, test.than, got, test.want)
		}
	}
}

// requiredVersions returns the version of each module that a go.mod file requires.
func requiredVersions(t *testing.T, file string) map[string]string {
	t.Helper()
	versions := map[string]string{}
	for _, line := range regexp.MustCompile(`(?m)^\t(\S+) (v\S+)`).FindAllStringSubmatch(read(t, filepath.FromSlash(file)), -1) {
		versions[line[1]] = line[2]
	}
	return versions
}

// olderVersion reports whether a version of a module is older than the release than. A version
// before a release, such as v1.2.3-rc.1, is older than that release.
func olderVersion(version, than string) bool {
	version, _, _ = strings.Cut(version, "+")
	version, before, _ := strings.Cut(version, "-")
	order := slices.Compare(versionNumbers(version), versionNumbers(than))
	return order < 0 || order == 0 && before != ""
}

// versionNumbers returns the three numbers of a version such as v1.2.3.
func versionNumbers(version string) (numbers []int) {
	for text := range strings.SplitSeq(strings.TrimPrefix(version, "v"), ".") {
		number, _ := strconv.Atoi(text)
		numbers = append(numbers, number)
	}
	return numbers
}
