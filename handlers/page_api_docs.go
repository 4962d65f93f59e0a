package handlers

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
	"go.yaml.in/yaml/v3"
)

// apiDocsPage is the data of templates/pages/api_docs.html: what all operations have in common, and the
// contents. The texts from openapi.yaml are English; all other texts are in the reader's language.
type apiDocsPage struct {
	Base
	Intro  []string // paragraphs
	Groups []docsGroup
}

// apiDocsGroupPage is the data of templates/pages/api_docs_group.html: the operations of one tag.
type apiDocsGroupPage struct {
	Base
	Group docsGroup
}

// apiDocsObjectsPage is the data of templates/pages/api_docs_objects.html.
type apiDocsObjectsPage struct {
	Base
	Objects []docsObject
}

// docsGroup holds the operations of one tag.
type docsGroup struct {
	ID, Name, Description string
	Operations            []docsOperation
}

// docsOperation is one method of one path.
type docsOperation struct {
	ID, Method, Path, Summary, Description string
	Callers                                []string // anybody, session, server key, operator, fresh password
	Parameters                             docsTable
	Body                                   *docsObject // nil for none
	Answers                                []docsAnswer
	FieldCodes                             []string
	Curl                                   string
}

// docsTable is a table of members with its headings.
type docsTable struct {
	Base
	Rows []docsMember
}

// docsMember is a parameter, or a member of an object.
type docsMember struct {
	Name, In    string // In is path, query or header; "" for a member of an object
	Type        string
	Object      string // the object that Type ends in; "" if it ends in none
	Limits      []string
	Required    bool
	Description string
}

// docsObject is an object of a request or of an answer.
type docsObject struct {
	Name, Description string
	Members           docsTable
	Example           string // JSON; "" for none
}

// docsAnswer is one status of an operation.
type docsAnswer struct {
	Status, Description string
	Object              string // the object of the body; "" for no body
	Headers             []string
	Codes               []string // the codes of the problem
	Example             string   // JSON; "" for none
}

// apiDocs registers the pages that show the contract: the contents, a page for the operations of each
// tag, and a page for all objects. It reads openapi.yaml when somebody opens one of them for the first time.
func (s *site) apiDocs(r *gin.Engine) {
	read := sync.OnceValues(readContract)
	// draw returns the function that makes the data of the page, or nil for a page that does not exist.
	show := func(name string, draw func(g *gin.Context, c *contract, b Base) func() spoken) handlerFunc {
		return func(c *gin.Context) error {
			contract, err := read()
			if err != nil {
				return err
			}
			base := s.base(c, name)
			build := draw(c, contract, base)
			if build == nil {
				return refuse(http.StatusNotFound, "not_found")
			}
			allowPrivateCopy(c)
			return s.renderShared(c, base, build)
		}
	}
	s.get(r, apiDocsPath, show("api_docs", func(_ *gin.Context, c *contract, b Base) func() spoken {
		return func() spoken { return apiDocsPage{b, c.intro(), c.groups(b, s.origin)} }
	}))
	s.get(r, apiDocsPath+"/objects", show("api_docs_objects", func(_ *gin.Context, c *contract, b Base) func() spoken {
		return func() spoken { return apiDocsObjectsPage{b, c.objects(b)} }
	}))
	s.get(r, apiDocsPath+"/:group", show("api_docs_group", func(g *gin.Context, c *contract, b Base) func() spoken {
		at := slices.IndexFunc(c.Tags, func(tag contractTag) bool { return addressOf(tag.Name) == g.Param("group") })
		if at < 0 {
			return nil
		}
		return func() spoken { return apiDocsGroupPage{b, c.group(b, s.origin, c.Tags[at])} }
	}))
}

// intro returns what all operations have in common, in paragraphs.
func (c *contract) intro() []string {
	var paragraphs []string
	for paragraph := range strings.SplitSeq(c.Info.Description, "\n\n") {
		paragraphs = append(paragraphs, strings.TrimSpace(paragraph))
	}
	return paragraphs
}

// groups returns the operations of all tags. The example commands use origin as the address of the service.
func (c *contract) groups(b Base, origin string) []docsGroup {
	var groups []docsGroup
	for _, tag := range c.Tags {
		groups = append(groups, c.group(b, origin, tag))
	}
	return groups
}

// group returns the operations of a tag.
func (c *contract) group(b Base, origin string, tag contractTag) docsGroup {
	group := docsGroup{ID: addressOf(tag.Name), Name: tag.Name, Description: tag.Description}
	for _, at := range c.Paths {
		for _, method := range at.Value {
			if slices.Contains(method.Value.Tags, tag.Name) {
				group.Operations = append(group.Operations, c.operation(b, origin, at.Key, method.Key, method.Value))
			}
		}
	}
	return group
}

// addressOf returns the name of a tag as a part of an address: small letters and dashes.
func addressOf(tag string) string {
	return strings.Trim(regexp.MustCompile(`[^a-z]+`).ReplaceAllString(strings.ToLower(tag), "-"), "-")
}

// objects returns all objects of requests and answers.
func (c *contract) objects(b Base) []docsObject {
	var objects []docsObject
	for _, schema := range c.Components.Schemas {
		if schema.Value.Type == "object" {
			objects = append(objects, c.object(b, schema.Key))
		}
	}
	return objects
}

func (c *contract) operation(b Base, origin, at, method string, o contractOperation) docsOperation {
	out := docsOperation{
		ID: o.ID, Method: strings.ToUpper(method), Path: at, Summary: o.Summary, Description: o.Description, FieldCodes: o.FieldCodes,
		Callers:    o.Callers,
		Parameters: docsTable{Base: b},
	}
	var parameters []contractParameter
	for _, p := range o.Parameters {
		if p.Ref != "" {
			p = c.Components.Parameters[path.Base(p.Ref)]
		}
		parameters = append(parameters, p)
		member := c.member(p.Name, p.Schema, p.Required)
		member.In, member.Description = p.In, p.Description
		out.Parameters.Rows = append(out.Parameters.Rows, member)
	}
	body := o.Body.Content.get("application/json")
	if body.Schema.Ref != "" {
		object := c.object(b, path.Base(body.Schema.Ref))
		object.Example = exampleJSON(&body.Example)
		out.Body = &object
	}
	for _, response := range o.Responses {
		out.Answers = append(out.Answers, c.answer(response.Key, response.Value, o.Problems[response.Key]))
	}
	out.Curl = c.curl(origin, out, o, parameters, &body.Example)
	return out
}

func (c *contract) answer(status string, response contractResponse, codes []string) docsAnswer {
	if response.Ref != "" {
		response = c.Components.Responses[path.Base(response.Ref)]
	}
	out := docsAnswer{Status: status, Description: response.Description, Codes: codes}
	for _, header := range response.Headers {
		out.Headers = append(out.Headers, header.Key)
	}
	for _, content := range response.Content {
		out.Object, out.Example = path.Base(content.Value.Schema.Ref), exampleJSON(&content.Value.Example)
	}
	return out
}

func (c *contract) object(b Base, name string) docsObject {
	schema := c.Components.Schemas.get(name)
	out := docsObject{Name: name, Description: schema.Description, Members: docsTable{Base: b}}
	for _, property := range schema.Properties {
		out.Members.Rows = append(out.Members.Rows, c.member(property.Key, property.Value, slices.Contains(schema.Required, property.Key)))
	}
	return out
}

func (c *contract) member(name string, schema contractSchema, required bool) docsMember {
	out := docsMember{Name: name, Required: required, Description: schema.Description}
	if len(schema.AllOf) == 1 {
		schema.Ref = schema.AllOf[0].Ref
	}
	nullable := schema.Nullable
	if schema.Items != nil {
		out.Type = "list of "
		out.Limits = between(schema.MinItems, schema.MaxItems, " items")
		schema = *schema.Items
	}
	if schema.Ref != "" {
		target := path.Base(schema.Ref)
		if schema = c.Components.Schemas.get(target); schema.Type == "object" {
			out.Type += target
			out.Object = target
		}
	}
	if out.Object == "" {
		out.Type += schema.Type
		out.Limits = append(out.Limits, limitsOf(schema)...)
	}
	if nullable {
		out.Limits = append(out.Limits, "or null")
	}
	if out.Description == "" {
		out.Description = schema.Description
	}
	return out
}

func limitsOf(schema contractSchema) []string {
	limits := slices.Concat(between(schema.MinLength, schema.MaxLength, " characters"), between(schema.Minimum, schema.Maximum, ""))
	if schema.Format == "date-time" {
		limits = append(limits, "RFC 3339")
	}
	if schema.Pattern != "" {
		limits = append(limits, "matches "+schema.Pattern)
	}
	if len(schema.Enum) > 0 {
		quoted := make([]string, len(schema.Enum))
		for i, value := range schema.Enum {
			quoted[i] = strconv.Quote(value)
		}
		limits = append(limits, strings.Join(quoted, " | "))
	}
	if schema.Default != "" {
		limits = append(limits, "default "+schema.Default)
	}
	return limits
}

// between returns the bounds of a value in words. A bound that is nil is left out.
func between(low, high *int, unit string) []string {
	switch {
	case low != nil && high != nil:
		return []string{fmt.Sprintf("%d–%d%s", *low, *high, unit)}
	case low != nil:
		return []string{fmt.Sprintf("%d or more%s", *low, unit)}
	case high != nil:
		return []string{fmt.Sprintf("at most %d%s", *high, unit)}
	default:
		return nil
	}
}

// curl returns a command that calls the operation.
func (c *contract) curl(origin string, out docsOperation, o contractOperation, parameters []contractParameter, body *yaml.Node) string {
	address := out.Path
	var headers []string
	for _, p := range parameters {
		example := c.exampleOf(p)
		switch {
		case p.In == "path":
			address = strings.ReplaceAll(address, "{"+p.Name+"}", url.PathEscape(example))
		case p.In == "header" && example != "":
			headers = append(headers, p.Name+": "+example)
		}
	}
	parts := []string{"curl"}
	if out.Method != http.MethodGet {
		parts[0] += " -X " + out.Method
	}
	parts[0] += " " + shellQuoted(origin+address)
	for _, one := range o.Security {
		if _, ok := one["session"]; ok {
			parts = append(parts, `-H "Authorization: Bearer $SESSION_TOKEN"`)
		} else if len(one) > 0 {
			parts = append(parts, `-H "Authorization: Bearer $SERVER_KEY"`)
		}
	}
	for _, header := range headers {
		parts = append(parts, "-H "+shellQuoted(header))
	}
	if out.Body != nil {
		parts = append(parts, "-H "+shellQuoted("Content-Type: application/json"), "-d "+shellQuoted(exampleJSON(body)))
	}
	return strings.Join(parts, " \\\n  ")
}

// exampleOf returns the example of a parameter, or "" if it has none.
func (c *contract) exampleOf(p contractParameter) string {
	schema := p.Schema
	if schema.Ref != "" {
		schema = c.Components.Schemas.get(path.Base(schema.Ref))
	}
	return cmp.Or(p.Example.Value, schema.Example.Value)
}

// shellQuoted returns text as one word of a shell.
func shellQuoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// exampleJSON writes an example as JSON, in the order of the file. It returns
// "" if the file has no example.
func exampleJSON(node *yaml.Node) string {
	if node.Kind == 0 {
		return ""
	}
	var plain, out bytes.Buffer
	writeJSON(&plain, node)
	if err := json.Indent(&out, plain.Bytes(), "", "  "); err != nil {
		return plain.String()
	}
	return out.String()
}

func writeJSON(out *bytes.Buffer, node *yaml.Node) {
	switch {
	case node.Kind == yaml.MappingNode:
		out.WriteByte('{')
		for i := 0; i+1 < len(node.Content); i += 2 {
			if i > 0 {
				out.WriteByte(',')
			}
			writeText(out, node.Content[i].Value)
			out.WriteByte(':')
			writeJSON(out, node.Content[i+1])
		}
		out.WriteByte('}')
	case node.Kind == yaml.SequenceNode:
		out.WriteByte('[')
		for i, one := range node.Content {
			if i > 0 {
				out.WriteByte(',')
			}
			writeJSON(out, one)
		}
		out.WriteByte(']')
	case node.ShortTag() == "!!str":
		writeText(out, node.Value)
	default: // numbers, true, false and null are written alike in YAML
		out.WriteString(node.Value)
	}
}

func writeText(out *bytes.Buffer, text string) {
	quoted, _ := json.Marshal(text) //nolint:errchkjson // a text can always be written
	out.Write(quoted)
}
