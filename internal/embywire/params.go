// Package embywire reads what clients and media servers of Emby's kind send: parameters in every
// form that they use, identity headers, and paths in any letter case. It makes no decisions about
// requests. The section numbers (§) refer to the description of the protocol, docs/emby-connect.md.
package embywire

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// Params are the parameters of a request, from its query and its body, by name in lower case. If a
// name occurs twice, the first value counts; the body comes before the query.
type Params map[string]string

// Get returns the value of the first name in names that has a value, or "". Names are in lower
// case.
func (p Params) Get(names ...string) string {
	for _, name := range names {
		if value := p[name]; value != "" {
			return value
		}
	}
	return ""
}

// ErrTooLarge means that the body is larger than the limit.
var ErrTooLarge = errors.New("embywire: the body is too large")

// Options tell how to read a request.
type Options struct {
	MaxBody int64
	// JoinInto names a parameter in whose value some servers send an unescaped "&". A part after
	// such a "&" belongs to the value if it is neither one of Known nor a pair with a valid name.
	// If JoinInto is "", no value is joined. If a form contains an address that is not encoded,
	// "+" does not stand for a blank.
	JoinInto string
	Known    []string
	// Encoded names a parameter that is sent only by clients that encode their forms. So a form
	// with JoinInto and without Encoded comes from a client that encodes nothing, and "+" never
	// stands for a blank in it. If Encoded is "", no parameter is sent by such clients alone.
	Encoded string
	// Lists makes Read keep the lists in a JSON body: it joins their texts and numbers by commas.
	Lists bool
}

// Read returns the parameters of a request, from its query and from its body. The body may be a
// form (properly encoded, or not encoded), JSON, or multipart, whatever its Content-Type says. Read
// returns [ErrTooLarge] for a body that is too large, and an error for a broken connection. It
// leaves out what cannot be understood.
func Read(request *http.Request, o Options) (Params, error) {
	if request.ContentLength > o.MaxBody { // a client that waits for "100 Continue" then sends nothing of it
		return nil, ErrTooLarge
	}
	body, err := bodyOf(request, o.MaxBody)
	if err != nil {
		return nil, err
	}
	params := Params{}
	if len(body) > 0 {
		readBody(params, request.Header.Get("Content-Type"), string(body), o)
	}
	readForm(params, request.URL.RawQuery, o)
	return params, nil
}

// bodyOf returns the body of a request. It returns [ErrTooLarge] for a body of more bytes than the
// number most.
func bodyOf(request *http.Request, most int64) ([]byte, error) {
	if request.Body == nil || request.Body == http.NoBody {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(request.Body, most+1))
	if err != nil {
		return nil, fmt.Errorf("embywire: read the body: %w", err)
	}
	if int64(len(body)) > most {
		return nil, ErrTooLarge
	}
	return body, nil
}

// ReadQuery returns the parameters of a request's query, and does not read the body.
func ReadQuery(request *http.Request) Params {
	params := Params{}
	readForm(params, request.URL.RawQuery, Options{})
	return params
}

func readBody(params Params, contentType, body string, o Options) {
	body = strings.TrimPrefix(body, "\ufeff")
	mediaType, attributes, err := mime.ParseMediaType(contentType)
	if err == nil && mediaType == "multipart/form-data" && attributes["boundary"] != "" {
		readMultipart(params, body, attributes["boundary"])
		return
	}
	if trimmed := strings.TrimSpace(body); strings.HasPrefix(trimmed, "{") {
		if readJSON(params, trimmed, o.Lists) || mediaType == "application/json" {
			return
		}
	}
	readForm(params, strings.Trim(body, "\r\n"), o)
}

func (p Params) add(name, value string) {
	name = strings.ToLower(strings.TrimSpace(name))
	if name == "" {
		return
	}
	if _, taken := p[name]; !taken {
		p[name] = strings.ToValidUTF8(value, "\ufffd")
	}
}

// most is the largest number of parameters that are read from the query, and again from the body.
const most = 200

// readForm reads the pairs of name and value of a form. Some clients do not encode their
// forms (§1.2).
func readForm(params Params, text string, o Options) {
	if text == "" {
		return
	}
	parts := strings.SplitN(text, "&", most+1)
	if len(parts) > most {
		parts = parts[:most]
	}
	if o.Encoded != "" && !slices.ContainsFunc(parts, named(o.JoinInto)) || slices.ContainsFunc(parts, named(o.Encoded)) {
		o.JoinInto = ""
	}
	// A form that contains "://" is not encoded: an encoder would have escaped these characters.
	raw := o.JoinInto != "" && (o.Encoded != "" || strings.Contains(text, "://"))
	name, value, open := "", "", false
	flush := func() {
		if open {
			params.add(decode(name, raw), decode(value, raw))
		}
	}
	for _, part := range parts {
		key, rest, _ := strings.Cut(part, "=")
		if open && o.JoinInto != "" && strings.EqualFold(name, o.JoinInto) && o.stray(part, key) {
			value += "&" + part
			continue
		}
		flush()
		name, value, open = key, rest, true
	}
	flush()
}

// named returns a function that reports whether a part of a form is the parameter with
// this name, in any letter case. If name is "", the function always returns false.
func named(name string) func(part string) bool {
	return func(part string) bool {
		key, _, _ := strings.Cut(part, "=")
		return name != "" && strings.EqualFold(key, name)
	}
}

// stray reports whether part, a part of a form, belongs to the value before it, which contained an
// unescaped "&". That is so if part has no "=", or if key, the text before the "=", cannot be a
// name.
func (o Options) stray(part, key string) bool {
	if part == "" || slices.Contains(o.Known, strings.ToLower(key)) {
		return false
	}
	return !strings.Contains(part, "=") || strings.ContainsFunc(key, notInName)
}

func notInName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-' && r != '.'
}

// decode undoes the form encoding of a text, unless the text cannot be encoded. A text with
// blanks, quotes or a "%" without two hex digits was never encoded and stays as it is. A text
// stays as it is, too, if decoding would not give UTF-8. A "+" stays a "+" if raw says that
// the form is not encoded, or if the text has other characters that every encoder would have
// escaped.
func decode(text string, raw bool) string {
	if strings.ContainsAny(text, " \"<>\t\r\n") {
		return text
	}
	unescape := url.QueryUnescape
	if raw || strings.ContainsAny(text, "@:/") || strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) {
		unescape = url.PathUnescape
	}
	decoded, err := unescape(text)
	if err != nil || !utf8.ValidString(decoded) {
		return text
	}
	return decoded
}

// readJSON reads the members of an object in their order. If text is not an object, readJSON
// returns false and reads nothing.
func readJSON(params Params, text string, lists bool) bool {
	decoder := json.NewDecoder(strings.NewReader(text))
	if opening, err := decoder.Token(); err != nil || opening != json.Delim('{') {
		return false
	}
	members := Params{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return false
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return false
		}
		if name, ok := name.(string); ok && len(members) < most {
			members.addJSON(name, value, lists)
		}
	}
	if _, err := decoder.Token(); err != nil { // the closing brace
		return false
	}
	for name, value := range members {
		params.add(name, value)
	}
	return true
}

// addJSON adds a JSON value: a text, a number as it is written, true or false. If lists is true, it
// also adds a list of these. It ignores null and objects.
func (p Params) addJSON(name string, value json.RawMessage, lists bool) {
	if text, ok := scalar(value); ok {
		p.add(name, text)
		return
	}
	var list []json.RawMessage
	if !lists || value[0] != '[' || json.Unmarshal(value, &list) != nil {
		return
	}
	var texts []string
	for _, item := range list {
		if text, ok := scalar(item); ok {
			texts = append(texts, text)
		}
	}
	p.add(name, strings.Join(texts, ","))
}

// scalar returns the text of a JSON value. It reports false for null, a list and an
// object.
func scalar(value json.RawMessage) (string, bool) {
	switch value[0] {
	case '"':
		var text string
		err := json.Unmarshal(value, &text)
		return text, err == nil
	case 'n', '[', '{':
		return "", false
	default:
		return string(value), true
	}
}

func readMultipart(params Params, body, boundary string) {
	reader := multipart.NewReader(strings.NewReader(body), boundary)
	for range most {
		part, err := reader.NextPart()
		if err != nil {
			return
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return
		}
		params.add(part.FormName(), string(value))
	}
}
