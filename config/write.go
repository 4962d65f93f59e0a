package config

import (
	"fmt"
	"io"
	"reflect"
	"slices"

	"go.yaml.in/yaml/v3"
)

// WriteYAML writes a file with the settings that differ from their defaults, secrets included, in
// the order of the struct. It never writes the settings in leftOut. It always writes the kind of
// media server, because the other settings depend on it.
func WriteYAML(w io.Writer, set Set, leftOut ...string) error {
	root := &yaml.Node{Kind: yaml.MappingNode}
	for _, s := range settingsOf(set) {
		if s.name == "config" || slices.Contains(leftOut, s.name) || s.isStandard() && s.name != "media-server" {
			continue
		}
		root.Content = append(root.Content, text(s.name), s.node())
	}
	encoder := yaml.NewEncoder(w)
	encoder.SetIndent(2)
	if err := encoder.Encode(root); err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	return encoder.Close()
}

// isStandard reports whether the value is the default.
func (s setting) isStandard() bool {
	standard := s
	standard.field = reflect.New(s.field.Type()).Elem()
	if s.standard != "" && standard.read(standard.field, s.standard) != nil {
		return false
	}
	return standard.text() == s.text()
}

// node returns the value as YAML.
func (s setting) node() *yaml.Node {
	switch value := s.field.Interface().(type) {
	case []string:
		list := &yaml.Node{Kind: yaml.SequenceNode}
		for _, item := range value {
			list.Content = append(list.Content, text(item))
		}
		return list
	case string:
		return text(value)
	default: // such a value needs no quotes
		return &yaml.Node{Kind: yaml.ScalarNode, Value: s.text()}
	}
}

// text returns a YAML node that is read as a text, even if it looks like a number.
func text(value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
}
