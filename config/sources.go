package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/alecthomas/kong"
)

// Most bytes that a file of one value and the file of settings may have.
const (
	valueLimit = 64 << 10
	fileLimit  = 1 << 20
)

// found is the text of a setting and where it stood.
type found struct {
	text, origin string
}

// sources finds settings outside the command line. It is our own resolver
// because kong's let a file override the environment, and read the
// environment of the process.
type sources struct {
	all         []setting
	environment func(string) (string, bool)
	origins     Origins
	problems    *problems
	found       map[string]found // nil before the first Resolve
	broken      bool             // some source cannot be read, so values may be missing
}

// Validate implements kong.Resolver.
func (*sources) Validate(*kong.Application) error { return nil }

// Resolve implements kong.Resolver: the value of a flag that the command line
// leaves open, or nil.
func (s *sources) Resolve(ctx *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if s.found == nil {
		s.search(fileFlag(ctx))
	}
	value, ok := s.found[flag.Name]
	if _, ours := flag.Mapper.(reader); !ours || !ok {
		return nil, nil
	}
	s.origins[flag.Name] = value.origin
	return value.text, nil
}

// fileFlag returns the value of --config, if it was given.
func fileFlag(ctx *kong.Context) string {
	for _, step := range ctx.Path {
		if step.Flag == nil || step.Flag.Name != "config" {
			continue
		}
		if path, ok := ctx.FlagValue(step.Flag).(string); ok {
			return path
		}
	}
	return ""
}

func (s *sources) knows(name string) bool {
	for _, one := range s.all {
		if one.name == name {
			return true
		}
	}
	return false
}

// search looks through the environment and then, for what it leaves open,
// the YAML file.
func (s *sources) search(path string) {
	s.found = map[string]found{}
	for _, one := range s.all {
		value, ok, err := s.surroundings(one)
		if err != nil {
			s.problems.add(one.name, err)
			s.broken = true
		}
		if ok {
			s.found[one.name] = value
		}
	}
	if path == "" {
		path = s.found["config"].text
	}
	if path == "" {
		return
	}
	data, err := readLimited(path, fileLimit)
	if err != nil {
		s.problems.add("config", fmt.Errorf("cannot read %s: %w", quote(path), err))
		s.broken = true
		return
	}
	for name, value := range s.readYAML(path, data) {
		if _, stronger := s.found[name]; !stronger {
			s.found[name] = value
		}
	}
}

// surroundings looks for a setting in the environment, and in the file that
// the environment names; the variable itself wins. One that is set but empty
// counts as not set.
func (s *sources) surroundings(one setting) (found, bool, error) {
	variable := one.variable()
	text, _ := s.environment(variable)
	path, _ := s.environment(variable + "_FILE")
	switch {
	case path != "" && one.name == "config":
		return found{}, false, fmt.Errorf("%s names the file of settings; there is no %s_FILE", variable, variable)
	case text != "":
		return found{text, "environment " + variable}, true, nil
	case path == "":
		return found{}, false, nil
	}
	data, err := readLimited(path, valueLimit)
	if err != nil {
		shown := " " + quote(path)
		if one.secret != "" {
			shown = "" // people put the secret itself there
		}
		return found{}, false, fmt.Errorf("%s_FILE names a file%s that cannot be read: %w", variable, shown, err)
	}
	text = strings.TrimRight(string(data), "\r\n")
	return found{text, fmt.Sprintf("file %s (%s_FILE)", path, variable)}, true, nil
}

// readLimited reads a file of at most limit bytes. Its errors do not name it.
func readLimited(path string, limit int64) (data []byte, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	data, err = io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, withoutPath(err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("it is larger than %d KiB", limit>>10)
	}
	return data, nil
}

func withoutPath(err error) error {
	if wrapped, ok := errors.AsType[*fs.PathError](err); ok {
		return wrapped.Err
	}
	return err
}
