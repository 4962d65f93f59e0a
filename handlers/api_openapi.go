package handlers

import (
	_ "embed" // the contract
	"fmt"
	"sync"

	"github.com/gin-gonic/gin"
	"go.yaml.in/yaml/v3"

	"github.com/latchkey-media/latchkey/templates"
)

// embeddedOpenAPI is the contract of /api/v1; releases have it compressed.
//
//go:embed openapi.yaml
var embeddedOpenAPI []byte

// openAPI returns the contract of /api/v1, as it is served.
func openAPI() []byte {
	content, err := templates.Unpacked(embeddedOpenAPI)
	if err != nil {
		panic(err) // the program itself is damaged
	}
	return content
}

// openAPIFile returns the handler of GET /api/openapi.yaml.
func openAPIFile() gin.HandlerFunc {
	file := sync.OnceValue(func() staticFile { return newStaticFile("openapi.yaml", openAPI()) })
	return func(c *gin.Context) {
		c.Header("Cache-Control", "public, max-age=300")
		sendFile(c, file())
	}
}

// contract is the part of openapi.yaml that the page of the API needs. The page
// resolves references; the tests check the whole file against OpenAPI.
type contract struct {
	Info struct {
		Title       string `yaml:"title"`
		Description string `yaml:"description"`
	} `yaml:"info"`
	Tags       []contractTag                       `yaml:"tags"`
	Paths      ordered[ordered[contractOperation]] `yaml:"paths"`
	Components struct {
		Parameters map[string]contractParameter `yaml:"parameters"`
		Responses  map[string]contractResponse  `yaml:"responses"`
		Schemas    ordered[contractSchema]      `yaml:"schemas"`
	} `yaml:"components"`
}

type contractTag struct {
	Name        string `yaml:"name"`
	Description string `yaml:"description"`
}

type contractOperation struct {
	ID          string                    `yaml:"operationId"`
	Tags        []string                  `yaml:"tags"`
	Summary     string                    `yaml:"summary"`
	Description string                    `yaml:"description"`
	Security    []map[string][]string     `yaml:"security"`
	Callers     []string                  `yaml:"x-latchkey-callers"`
	Parameters  []contractParameter       `yaml:"parameters"`
	Body        contractBody              `yaml:"requestBody"`
	Responses   ordered[contractResponse] `yaml:"responses"`
	Problems    map[string][]string       `yaml:"x-problem-codes"`
	FieldCodes  []string                  `yaml:"x-field-codes"`
}

type contractParameter struct {
	Ref         string         `yaml:"$ref"`
	Name        string         `yaml:"name"`
	In          string         `yaml:"in"`
	Required    bool           `yaml:"required"`
	Description string         `yaml:"description"`
	Schema      contractSchema `yaml:"schema"`
	Example     yaml.Node      `yaml:"example"`
}

type contractBody struct {
	Content ordered[contractContent] `yaml:"content"`
}

type contractContent struct {
	Schema  contractSchema `yaml:"schema"`
	Example yaml.Node      `yaml:"example"`
}

type contractResponse struct {
	Ref         string                   `yaml:"$ref"`
	Description string                   `yaml:"description"`
	Headers     ordered[yaml.Node]       `yaml:"headers"`
	Content     ordered[contractContent] `yaml:"content"`
}

type contractSchema struct {
	Ref         string                  `yaml:"$ref"`
	Type        string                  `yaml:"type"`
	Format      string                  `yaml:"format"`
	Description string                  `yaml:"description"`
	Nullable    bool                    `yaml:"nullable"`
	AllOf       []contractSchema        `yaml:"allOf"`
	Items       *contractSchema         `yaml:"items"`
	Properties  ordered[contractSchema] `yaml:"properties"`
	Required    []string                `yaml:"required"`
	Enum        []string                `yaml:"enum"`
	Pattern     string                  `yaml:"pattern"`
	MinLength   *int                    `yaml:"minLength"`
	MaxLength   *int                    `yaml:"maxLength"`
	MinItems    *int                    `yaml:"minItems"`
	MaxItems    *int                    `yaml:"maxItems"`
	Minimum     *int                    `yaml:"minimum"`
	Maximum     *int                    `yaml:"maximum"`
	Default     string                  `yaml:"default"`
	Example     yaml.Node               `yaml:"example"`
}

// ordered is a mapping that keeps the order of the file.
type ordered[T any] []entry[T]

type entry[T any] struct {
	Key   string
	Value T
}

// UnmarshalYAML reads a mapping.
func (o *ordered[T]) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: want a mapping", node.Line)
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		one := entry[T]{Key: node.Content[i].Value}
		if err := node.Content[i+1].Decode(&one.Value); err != nil {
			return err
		}
		*o = append(*o, one)
	}
	return nil
}

// get returns the value of key, or the zero value if the key is missing.
func (o ordered[T]) get(key string) T { //nolint:ireturn // T is a struct wherever it is called
	for _, one := range o {
		if one.Key == key {
			return one.Value
		}
	}
	var none T
	return none
}

func readContract() (*contract, error) {
	var c contract
	if err := yaml.Unmarshal(openAPI(), &c); err != nil {
		return nil, fmt.Errorf("read openapi.yaml: %w", err)
	}
	return &c, nil
}
