package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// problems collects what is wrong with settings. It keeps only the first problem of each setting,
// because the first problem usually causes the later ones.
type problems struct {
	file  []error // about the YAML file as a whole, in the order of its lines
	named map[string]error
}

func newProblems() *problems { return &problems{named: map[string]error{}} }

func (p *problems) clone() *problems {
	return &problems{file: slices.Clone(p.file), named: maps.Clone(p.named)}
}

func (p *problems) add(name string, err error) {
	if err != nil && !p.has(name) {
		p.named[name] = err
	}
}

func (p *problems) has(name string) bool { return p.named[name] != nil }

func (p *problems) addToFile(format string, values ...any) {
	p.file = append(p.file, fmt.Errorf(format, values...))
}

// join returns all problems as one error with one line for each problem, in the order of the
// settings. It leaves out the settings in unused.
func (p *problems) join(all []setting, origins Origins, unused []string) error {
	lines := append([]error(nil), p.file...)
	for _, s := range all {
		err := p.named[s.name]
		if err == nil || slices.Contains(unused, s.name) {
			continue
		}
		where := ""
		if origin := origins[s.name]; !isDefault(origin) && origin != "" {
			where = " (from " + origin + ")"
		}
		lines = append(lines, fmt.Errorf("%s: %w%s", s.name, err, where))
	}
	return errors.Join(lines...)
}

// Problem returns what is wrong with the setting called name, or nil. The caller has filled the
// set. Problem changes addresses to the form in which they are stored and compared.
func Problem(set Set, name string) error {
	found := newProblems()
	for _, one := range settingsOf(set) {
		if one.name == name {
			found.add(name, one.check(set.traits()))
		}
	}
	set.check(found)
	return found.named[name]
}
