package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// readYAML returns the settings of a YAML file. It reads nodes instead of a map, so that it knows
// the lines, notices a key that occurs twice, and gets a number or a time as the text that was
// written.
func (s *sources) readYAML(path string, data []byte) map[string]found {
	values := map[string]found{}
	root, err := parseYAML(data)
	if err != nil {
		s.problems.addToFile("%s: %w", path, err)
		s.broken = true
		return values
	}
	if root == nil {
		return values
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		place := fmt.Sprintf("%s:%d", path, key.Line)
		if err := s.checkKey(key, lines); err != nil {
			s.problems.addToFile("%s: %w", place, err)
			continue
		}
		lines[key.Value] = key.Line
		text, err := nodeText(value, s.takesList(key.Value))
		if err != nil {
			s.problems.addToFile("%s: %s: %w", place, key.Value, err)
			s.broken = true
			continue
		}
		values[key.Value] = found{text, place}
	}
	return values
}

// parseYAML returns the mapping at the top of the file, or nil for an empty file.
func parseYAML(data []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, second yaml.Node
	if err := decoder.Decode(&document); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		return nil, yamlError(err)
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, errors.New("must be a single YAML document: remove the line --- and the lines after it")
	}
	root := document.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return nil, nil // the file has only comments
	}
	if root.Kind != yaml.MappingNode {
		return nil, errors.New("must consist of lines of the form name: value")
	}
	return root, nil
}

// yamlError keeps the line number of a syntax error. It drops the rest of the error if that could
// quote the file, because the file may contain secrets.
func yamlError(err error) error {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	if strings.Contains(message, "anchor") || strings.Contains(message, "alias") {
		return errors.New("is not YAML that can be read here: put a value that starts with * or & in quotes")
	}
	line := regexp.MustCompile(`line \d+`).FindString(message)
	if line == "" || strings.ContainsAny(message, "`\"") {
		return errors.New(strings.TrimSpace("is not valid YAML " + line))
	}
	return fmt.Errorf("is not valid YAML: %s", message)
}

// checkKey returns an error for a key that is not the name of a setting, and for a
// key that occurred before.
func (s *sources) checkKey(key *yaml.Node, lines map[string]int) error {
	switch first := lines[key.Value]; {
	case key.Kind != yaml.ScalarNode:
		return errors.New("a key must be the name of a setting")
	case key.Value == "config":
		return errors.New("config cannot be set in the file that it names")
	case !s.knows(key.Value):
		hint := ""
		if name := s.nearest(key.Value); name != "" {
			hint = "; did you mean " + name + "?"
		}
		// If the space after the colon is missing, the key also contains the value, which may be a
		// secret.
		shown, _, _ := strings.Cut(key.Value, ":")
		shown, _, _ = strings.Cut(shown, "=")
		return fmt.Errorf("there is no setting %s%s", quote(shown), hint)
	case first != 0:
		return fmt.Errorf("%s occurs for the second time; the first is in line %d", key.Value, first)
	}
	return nil
}

func (s *sources) takesList(name string) bool {
	for _, one := range s.all {
		if one.name == name {
			return one.isList()
		}
	}
	return false
}

// nodeText returns a value as it was written. A list becomes one text with commas, in the form in
// which a flag is written.
func nodeText(node *yaml.Node, list bool) (string, error) {
	switch node.Kind {
	case yaml.ScalarNode:
		return scalarText(node)
	case yaml.SequenceNode:
		if !list {
			return "", errors.New("takes one value, not a list")
		}
		var items []string
		for _, item := range node.Content {
			text, err := nodeText(item, false)
			if err != nil {
				return "", err
			}
			items = append(items, text)
		}
		return strings.Join(items, ","), nil
	case yaml.AliasNode:
		return "", errors.New("aliases are not read here; put a value that starts with * in quotes")
	default:
		return "", errors.New("takes one value; below it there are other names and values")
	}
}

func scalarText(node *yaml.Node) (string, error) {
	switch node.Tag {
	case "!!null":
		return "", errors.New(`has no value; to set it to an empty text, write ""`)
	case "!!str", "!!int", "!!float", "!!bool", "!!timestamp":
		return strings.TrimRight(node.Value, "\r\n"), nil
	default:
		return "", errors.New("has a type that no setting has; put a value that starts with ! in quotes")
	}
}

// nearest returns the name of the setting that is most like key, or "".
func (s *sources) nearest(key string) string {
	key = strings.ToLower(strings.ReplaceAll(key, "_", "-"))
	best, name := 1+len(key)/3, ""
	for _, one := range s.all {
		if d := distance(key, one.name); d < best {
			best, name = d, one.name
		}
	}
	return name
}

// distance returns how many letters must be added, dropped or changed to turn one short word into
// another.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
