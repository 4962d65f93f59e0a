package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// The largest sizes, in bytes, of a file with one value and of the file of settings.
const (
	valueLimit = 64 << 10
	fileLimit  = 1 << 20
)

// found is the text of a setting and the place where it was found.
type found struct {
	text, origin string
}

// sources finds settings outside the command line. Kong's own resolvers are not used, because with
// them a file would override the environment, and they would read the environment of the process.
type sources struct {
	all         []setting
	environment func(string) (string, bool)
	origins     Origins
	problems    *problems
	traits      traits           // the traits of the set before anything was read
	file        string           // path of the file that was read, or ""
	warnings    []string         // about the sources that were read
	found       map[string]found // nil before the first Resolve
	broken      bool             // a source cannot be read, so values may be missing
}

// Validate implements kong.Resolver.
func (*sources) Validate(*kong.Application) error { return nil }

// Resolve implements kong.Resolver. It returns the value of a flag that the command
// line does not give, or nil.
func (s *sources) Resolve(ctx *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if s.found == nil {
		s.search(flagText(ctx, "config"), flagText(ctx, "data-dir"))
	}
	value, ok := s.found[flag.Name]
	if _, ours := flag.Mapper.(reader); !ours || !ok {
		return nil, nil
	}
	s.origins[flag.Name] = value.origin
	return value.text, nil
}

// flagText returns the value that the command line gives to a flag, or "" if it gives none.
func flagText(ctx *kong.Context, name string) string {
	for _, step := range ctx.Path {
		if step.Flag == nil || step.Flag.Name != name {
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

// search reads the environment. For settings that the environment does not give, it then reads the
// YAML file: the file at path, or the usual file if it exists.
func (s *sources) search(path, dataDir string) {
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
	if path = cmp.Or(path, s.found["config"].text); path != "" {
		s.readFile(path, nil)
		return
	}
	dataDir = cmp.Or(dataDir, s.found["data-dir"].text)
	if s.traits.file != "" {
		path = filepath.Join(cmp.Or(dataDir, s.standard("data-dir")), s.traits.file)
	}
	switch {
	case path != "" && exists(path):
		s.readFile(path, []string{"data-dir"})
	case dataDir == "" && s.traits.systemFile != "" && exists(s.traits.systemFile):
		s.readFile(s.traits.systemFile, nil)
	}
}

// exists reports whether a file exists. It also returns true if that is not known, so that reading
// the file reports the error.
func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// readFile takes the settings that were not found yet from the YAML file. It reports a problem for
// each setting in refused that the file contains, because this file cannot set it.
func (s *sources) readFile(path string, refused []string) {
	data, err := readLimited(path, fileLimit)
	if err != nil {
		s.problems.add("config", fmt.Errorf("cannot read %s: %w", quote(path), err))
		s.broken = true
		return
	}
	values := s.readYAML(path, data)
	s.warnOfReaders(path, values)
	for name, value := range values {
		if slices.Contains(refused, name) {
			s.problems.addToFile("%s: %s cannot be set in the file of the data folder; put the file elsewhere and name it with --config", value.origin, name)
			continue
		}
		if _, stronger := s.found[name]; !stronger {
			s.found[name] = value
		}
	}
	s.file = path
}

// warnOfReaders adds a warning if a file contains a secret and every user of the machine can read
// the file.
func (s *sources) warnOfReaders(path string, values map[string]found) {
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o004 == 0 || runtime.GOOS == "windows" {
		return
	}
	for _, one := range s.all {
		if value, ok := values[one.name]; ok && one.secret != "" && value.text != "" {
			s.warnings = append(s.warnings, fmt.Sprintf("%s contains %s, and every user of this machine can read it; run: chmod 600 %s", path, one.name, path))
			return
		}
	}
}

// standard returns the default of a setting.
func (s *sources) standard(name string) string {
	for _, one := range s.all {
		if one.name == name {
			return one.standard
		}
	}
	return ""
}

// surroundings looks for a setting in the environment, and in the file that an environment variable
// names. A variable with the value itself comes first. An empty variable counts as not set.
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
			shown = "" // some people write the secret itself there
		}
		return found{}, false, fmt.Errorf("%s_FILE names a file%s that cannot be read: %w", variable, shown, err)
	}
	text = strings.TrimRight(string(data), "\r\n")
	return found{text, fmt.Sprintf("file %s (%s_FILE)", path, variable)}, true, nil
}

// readLimited reads a file of at most limit bytes. Its errors do not name the file.
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
