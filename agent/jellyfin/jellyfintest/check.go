package jellyfintest

import (
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// checker compares requests and answers with the table of a version. Whatever does
// not fit is drift: of a client, or of the fake.
type checker struct {
	*described
	extra  map[string]bool // members that a test made up: "UserPolicy.Future"
	isKey  func(token string) bool
	report func(drift string)
}

// request checks a request that an operation was found for.
func (c *checker) request(o *operation, params map[string]string, r *http.Request, body []byte) {
	say := func(format string, a ...any) { c.report(fmt.Sprintf("request "+o.Name+": "+format, a...)) }
	for name, value := range params {
		if name == "userId" && !isUUID(value) {
			say("%s in the path is no id", name)
		}
	}
	c.query(o, r.URL.Query(), say)
	c.headers(o, r, say)
	if o.Body == "" {
		if len(body) > 0 {
			say("it has a body")
		}
		return
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if o.Body == "image" {
		if err != nil || !strings.HasPrefix(kind, "image/") {
			say("Content-Type is %q", kind)
		}
		return
	}
	if err != nil || kind != "application/json" && kind != "text/json" && !strings.HasSuffix(kind, "+json") {
		say("Content-Type is %q", kind)
	}
	value, err := decodeAny(body)
	if err != nil {
		say("the body is no JSON")
		return
	}
	c.value(o.Body, value, "body", say)
	if o.Whole {
		c.whole(o.Body, value, say)
	}
}

// query checks names and types of what stands behind the "?".
func (c *checker) query(o *operation, query url.Values, say func(string, ...any)) {
	for name, values := range query {
		if slices.Contains(c.legacy.Query, name) {
			if !c.takes {
				say("%s in the query is ignored by this version", name)
			}
			continue
		}
		if strings.EqualFold(name, "ApiKey") {
			continue
		}
		kind := ""
		for known, its := range o.Query {
			if strings.EqualFold(known, name) {
				kind = strings.TrimSuffix(its, "!")
			}
		}
		if kind == "" {
			say("there is no %s in its query", name)
			continue
		}
		list, ok := strings.CutPrefix(kind, "[]")
		if len(values) > 1 && !ok {
			say("%s stands twice in its query", name)
		}
		for _, value := range values {
			if !c.queryValue(list, value) {
				say("%s in its query is no %s", name, list)
			}
		}
	}
	for name, kind := range o.Query {
		if strings.HasSuffix(kind, "!") && ask(query, name) == "" {
			say("%s is missing in its query", name)
		}
	}
}

// ask returns a member of a query, whatever its letter case.
func ask(query url.Values, name string) string {
	for given, values := range query {
		if strings.EqualFold(given, name) && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

func (c *checker) queryValue(kind, value string) bool {
	switch kind {
	case "string":
		return true
	case "boolean":
		_, err := strconv.ParseBool(value)
		return err == nil
	case "int32":
		_, err := strconv.ParseInt(value, 10, 32)
		return err == nil
	case "double":
		_, err := strconv.ParseFloat(value, 64)
		return err == nil
	case "uuid":
		return isUUID(value)
	default:
		s := c.schemas[kind]
		return s != nil && slices.Contains(s.Values, value)
	}
}

// headers checks how the request says who it is: in one header, percent-encoded;
// a key alone, a device that signs in with everything and without a token.
func (c *checker) headers(o *operation, r *http.Request, say func(string, ...any)) {
	if !c.takes {
		for _, name := range c.legacy.Headers {
			if r.Header.Get(name) != "" {
				say("the header %s is ignored by this version", name)
			}
		}
	}
	header := r.Header.Get("Authorization")
	parts := readParts(header)
	if header != "" {
		scheme, _, _ := strings.Cut(header, " ")
		legacy := slices.ContainsFunc(c.legacy.Schemes, func(s string) bool { return strings.EqualFold(s, scheme) })
		switch {
		case strings.EqualFold(scheme, "MediaBrowser"), legacy && c.takes:
		case legacy:
			say("the scheme %s is ignored by this version", scheme)
		default:
			say("the scheme of Authorization is none of Jellyfin's")
		}
		if strings.ContainsFunc(header, func(r rune) bool { return r < ' ' || r > '~' }) {
			say("the header Authorization is not percent-encoded")
		}
	}
	known := []string{"Client", "Device", "DeviceId", "Version", "Token"}
	for name, value := range parts {
		if !slices.Contains(known, name) {
			say("there is no %s in Authorization", name)
		}
		if name != "Token" && value != "" && c.isKey(parts["Token"]) {
			say("a key goes alone, without %s", name)
		}
	}
	if !o.Identity {
		return
	}
	if header == "" && c.takes {
		parts = readParts(r.Header.Get("X-Emby-Authorization"))
	}
	for _, name := range known[:4] {
		if parts[name] == "" {
			say("%s is missing in Authorization", name)
		}
	}
	if parts["Token"] != "" && o.Name == "InitiateQuickConnect" {
		say("a device that signs in has no token yet")
	}
}

// whole checks that no member of an object was left out that is never null.
func (c *checker) whole(kind string, value any, say func(string, ...any)) {
	object, ok := value.(map[string]any)
	if !ok {
		return
	}
	for name, its := range c.schemas[kind].Members {
		if _, ok := object[name]; !ok && !strings.Contains(its, "?") {
			say("the whole %s is needed, and %s is missing", kind, name)
		}
	}
}

// answer checks what the fake answers.
func (c *checker) answer(o *operation, a answer) {
	say := func(format string, args ...any) { c.report(fmt.Sprintf("answer "+o.Name+": "+format, args...)) }
	kinds, ok := o.Answers[strconv.Itoa(a.status)]
	if !ok {
		say("there is no status %d", a.status)
		return
	}
	kind, _, _ := strings.Cut(a.kind, ";")
	switch {
	case len(a.body) == 0:
		if !slices.Contains(kinds, "") && a.kind == "" {
			say("status %d has a body: %v", a.status, kinds)
		}
	case kind == "text/plain":
		if !slices.Contains(kinds, "text") {
			say("status %d has no text: %v", a.status, kinds)
		}
	case strings.HasPrefix(kind, "image/"):
		if !slices.Contains(kinds, "image") {
			say("status %d has no image: %v", a.status, kinds)
		}
	case kind == "text/html":
		if !slices.Contains(kinds, "html") {
			say("status %d has no page: %v", a.status, kinds)
		}
	case kind == "application/json":
		c.answerJSON(kinds, a, say)
	default:
		say("its Content-Type is %q", a.kind)
	}
}

func (c *checker) answerJSON(kinds []string, a answer, say func(string, ...any)) {
	value, err := decodeAny(a.body)
	if err != nil {
		say("the body is no JSON")
		return
	}
	var told []string
	for _, kind := range kinds {
		if kind == "" || kind == "text" || kind == "image" || kind == "html" {
			continue
		}
		before := len(told)
		c.value(kind, value, "body", func(format string, args ...any) { told = append(told, fmt.Sprintf(format, args...)) })
		if len(told) == before {
			return
		}
	}
	say("status %d: %s", a.status, strings.Join(append(told, fmt.Sprint("one of ", kinds, " is wanted")), "; "))
}
