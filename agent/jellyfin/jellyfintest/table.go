package jellyfintest

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// What Jellyfin publishes of the calls that we make, and beside it what is known
// from its source. Maketable writes it; see there what the words mean.
//
//go:embed testdata/jellyfin.json
var published []byte

type table struct {
	Versions   map[string]string `json:"versions"`
	Legacy     legacyRule        `json:"legacy"`
	Operations []*operation      `json:"operations"`
	Schemas    []*schema         `json:"schemas"`
}

type legacyRule struct {
	In      []string `json:"in"`
	Headers []string `json:"headers"`
	Query   []string `json:"query"`
	Schemes []string `json:"schemes"`
}

type operation struct {
	Name     string              `json:"name"`
	In       []string            `json:"in"`
	Method   string              `json:"method"`
	Path     string              `json:"path"`
	Needs    string              `json:"needs"`
	Query    map[string]string   `json:"query"`
	Body     string              `json:"body"`
	Identity bool                `json:"identity"`
	Whole    bool                `json:"whole"`
	Answers  map[string][]string `json:"answers"`
}

type schema struct {
	Name    string            `json:"name"`
	In      []string          `json:"in"`
	Members map[string]string `json:"members"`
	Values  []string          `json:"values"`
}

// Versions are those that there is a fake of, the oldest first.
func Versions() []string { return []string{"10.8", "10.9", "10.10", "10.11", "12"} }

// described is the table as one version has it.
type described struct {
	exact      string // "10.11.11"
	legacy     legacyRule
	takes      bool // legacy ways of showing a token
	operations []*operation
	schemas    map[string]*schema
}

// load reads the table; nothing changes it afterwards.
var load = sync.OnceValues(func() (*table, error) {
	var t table
	if err := json.Unmarshal(published, &t); err != nil {
		return nil, fmt.Errorf("jellyfintest: %w", err)
	}
	return &t, nil
})

func describe(version string) (*described, error) {
	t, err := load()
	if err != nil {
		return nil, err
	}
	exact, ok := t.Versions[version]
	if !ok {
		return nil, fmt.Errorf("jellyfintest: no version %q; there are %v", version, slices.Sorted(maps.Keys(t.Versions)))
	}
	d := &described{exact: exact, legacy: t.Legacy, takes: slices.Contains(t.Legacy.In, version), schemas: map[string]*schema{}}
	for _, o := range t.Operations {
		if slices.Contains(o.In, version) {
			d.operations = append(d.operations, o)
		}
	}
	for _, s := range t.Schemas {
		if slices.Contains(s.In, version) {
			d.schemas[s.Name] = s
		}
	}
	return d, nil
}

// find returns the operation of a request, and what stands in its path for the
// parameters. known reports whether another method has that path.
func (d *described) find(method, path string) (o *operation, params map[string]string, known bool) {
	for _, candidate := range d.operations {
		found, ok := match(candidate.Path, path)
		if !ok {
			continue
		}
		known = true
		// "/Users/New" is no user with the id "New".
		if candidate.Method == method && (o == nil || len(found) < len(params)) {
			o, params = candidate, found
		}
	}
	return o, params, known
}

// match compares a path with a template; letter case counts in parameters alone.
func match(template, path string) (map[string]string, bool) {
	want, have := strings.Split(template, "/"), strings.Split(strings.TrimSuffix(path, "/"), "/")
	if len(want) != len(have) {
		return nil, false
	}
	params := map[string]string{}
	for i := range want {
		if name, ok := strings.CutPrefix(want[i], "{"); ok {
			params[strings.TrimSuffix(name, "}")] = have[i]
		} else if !strings.EqualFold(want[i], have[i]) {
			return nil, false
		}
	}
	return params, true
}
