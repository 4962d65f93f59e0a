// Maketable writes the table of what Jellyfin publishes of the calls that we make,
// for each version: paths, parameters, names and types of members, statuses; and
// beside it what its description leaves out (rules.go). It is run by hand, over a
// folder with Jellyfin's own descriptions:
//
//	go run ./agent/jellyfin/jellyfintest/maketable --from FOLDER > agent/jellyfin/jellyfintest/testdata/jellyfin.json
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	from := flag.String("from", "", "the folder with jellyfin-10.9.11.json and the others")
	flag.Parse()
	if err := run(*from); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(folder string) error {
	t := table{Versions: versions(), Legacy: legacy()}
	for _, version := range sorted(t.Versions) {
		if version == oldVersion {
			continue // nothing is published that we have
		}
		raw, err := os.ReadFile(filepath.Join(folder, "jellyfin-"+t.Versions[version]+".json"))
		if err != nil {
			return err
		}
		var d description
		if err := json.Unmarshal(raw, &d); err != nil {
			return err
		}
		if err := t.add(version, d); err != nil {
			return err
		}
	}
	t.addOld()
	t.order()
	out, err := t.write()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(out)
	return err
}

// write writes an operation a line, and a member a line.
func (t *table) write() ([]byte, error) {
	operations := t.Operations
	t.Operations = nil
	out, err := json.MarshalIndent(t, "", " ")
	if err != nil {
		return nil, err
	}
	lines := make([]string, 0, len(operations))
	for _, o := range operations {
		line, err := json.Marshal(o)
		if err != nil {
			return nil, err
		}
		lines = append(lines, "  "+string(line))
	}
	text := strings.Replace(string(out), `"operations": null`, `"operations": [`+"\n"+strings.Join(lines, ",\n")+"\n ]", 1)
	return []byte(text + "\n"), nil
}

// table is what is written; package jellyfintest reads it.
type table struct {
	Versions   map[string]string `json:"versions"` // the exact one behind each name
	Legacy     legacyRule        `json:"legacy"`
	Operations []*operation      `json:"operations"`
	Schemas    []*schema         `json:"schemas"`
}

type operation struct {
	Name     string              `json:"name"`
	In       []string            `json:"in"`
	Method   string              `json:"method"`
	Path     string              `json:"path"`
	Needs    string              `json:"needs,omitempty"` // "token" or "administrator"
	Query    map[string]string   `json:"query,omitempty"` // types; "!" behind one that is required
	Body     string              `json:"body,omitempty"`
	Identity bool                `json:"identity,omitempty"` // the header has to name the whole device
	Whole    bool                `json:"whole,omitempty"`    // the body has to hold every member
	Answers  map[string][]string `json:"answers"`            // by status: a type, "" for no body, "text"
}

type schema struct {
	Name    string            `json:"name"`
	In      []string          `json:"in"`
	Members map[string]string `json:"members,omitempty"` // types; "?" behind one that may be null, "!" behind one that is required
	Values  []string          `json:"values,omitempty"`
}

// description is as much of an OpenAPI document as is read.
type description struct {
	Paths      map[string]map[string]described `json:"paths"`
	Components struct {
		Schemas map[string]typed `json:"schemas"`
	} `json:"components"`
}

type described struct {
	OperationID string                `json:"operationId"`
	Security    []map[string][]string `json:"security"`
	Parameters  []struct {
		Name     string `json:"name"`
		In       string `json:"in"`
		Required bool   `json:"required"`
		Schema   typed  `json:"schema"`
	} `json:"parameters"`
	RequestBody content            `json:"requestBody"`
	Responses   map[string]content `json:"responses"`
}

type content struct {
	Content map[string]struct {
		Schema typed `json:"schema"`
	} `json:"content"`
}

type typed struct {
	Ref        string           `json:"$ref"`
	AllOf      []typed          `json:"allOf"`
	Type       string           `json:"type"`
	Format     string           `json:"format"`
	Nullable   bool             `json:"nullable"`
	Items      *typed           `json:"items"`
	Enum       []string         `json:"enum"`
	Properties map[string]typed `json:"properties"`
	Required   []string         `json:"required"`
	Additional any              `json:"additionalProperties"`
}

func (t *table) add(version string, d description) error {
	wanted := map[string]bool{}
	for path, methods := range d.Paths {
		for method, o := range methods {
			if !used(o.OperationID) {
				continue
			}
			made, err := convert(strings.ToUpper(method), path, o, wanted)
			if err != nil {
				return fmt.Errorf("%s: %s: %w", version, o.OperationID, err)
			}
			ruled(made)
			t.addOperation(version, *made)
		}
	}
	return t.addSchemas(version, d.Components.Schemas, wanted)
}

// addSchemas adds the schemas that are wanted, and those that they want.
func (t *table) addSchemas(version string, schemas map[string]typed, wanted map[string]bool) error {
	done := map[string]bool{}
	for len(wanted) > 0 {
		next := map[string]bool{}
		for name := range wanted {
			if done[name] {
				continue
			}
			done[name] = true
			made := schema{Name: name, Values: schemas[name].Enum}
			if len(made.Values) == 0 {
				made.Members = map[string]string{}
			}
			for member, inner := range schemas[name].Properties {
				if name == "BaseItemDto" && !slices.Contains(itemMembers(), member) {
					continue
				}
				kind, err := kindOf(inner, schemas, next, cut(name))
				if err != nil {
					return fmt.Errorf("%s: %s.%s: %w", version, name, member, err)
				}
				if slices.Contains(schemas[name].Required, member) {
					kind += "!"
				}
				made.Members[member] = kind
			}
			t.addSchema(version, made)
		}
		wanted = next
	}
	return nil
}

func convert(method, path string, o described, wanted map[string]bool) (*operation, error) {
	made := &operation{Name: o.OperationID, Method: method, Path: path, Query: map[string]string{}, Answers: map[string][]string{}}
	for _, security := range o.Security {
		for _, names := range security {
			made.Needs = "token"
			if slices.Contains(names, "RequiresElevation") {
				made.Needs = "administrator"
			}
		}
	}
	for _, p := range o.Parameters {
		kind, err := kindOf(p.Schema, nil, wanted, false)
		if err != nil {
			return nil, err
		}
		if p.Required {
			kind += "!"
		}
		if p.In == "query" {
			made.Query[p.Name] = kind
		}
	}
	var err error
	if made.Body, err = bodyOf(o.RequestBody, wanted); err != nil {
		return nil, err
	}
	for status, answer := range o.Responses {
		kind, err := bodyOf(answer, wanted)
		if err != nil {
			return nil, err
		}
		made.Answers[status] = []string{kind}
	}
	return made, nil
}

// bodyOf is the type of a body: "" when there is none.
func bodyOf(c content, wanted map[string]bool) (string, error) {
	for kind, inner := range c.Content {
		switch kind {
		case "application/json":
			return kindOf(inner.Schema, nil, wanted, false)
		case "image/*":
			return "image", nil
		case "text/html":
			return "html", nil
		}
	}
	return "", nil
}

// kindOf writes a type in a word. Where schemas are given, references to objects
// are cut off when cutting.
func kindOf(t typed, schemas map[string]typed, wanted map[string]bool, cutting bool) (string, error) {
	kind, err := bareKind(t, schemas, wanted, cutting)
	if t.Nullable {
		kind += "?"
	}
	return kind, err
}

func bareKind(t typed, schemas map[string]typed, wanted map[string]bool, cutting bool) (string, error) {
	switch {
	case t.Ref != "":
		name := t.Ref[strings.LastIndex(t.Ref, "/")+1:]
		if cutting && len(schemas[name].Enum) == 0 {
			return "object", nil
		}
		wanted[name] = true
		return name, nil
	case len(t.AllOf) == 1:
		return bareKind(t.AllOf[0], schemas, wanted, cutting)
	case t.Type == "array" && t.Items != nil:
		inner, err := bareKind(*t.Items, schemas, wanted, cutting)
		return "[]" + inner, err
	case t.Type == "object":
		return "object", nil
	case t.Format != "":
		return t.Format, nil
	case t.Type != "":
		return t.Type, nil
	default:
		return "", fmt.Errorf("a type that is none: %+v", t)
	}
}
