package jellyfintest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
)

// captured is one request (a question) and the answer of a real Jellyfin. Names in braces
// replace ids, codes, tokens and times, because these differ from run to run. The text
// "(long)" replaces a body or a value that was too long to keep.
type captured struct {
	What    string `json:"what"`
	Request struct {
		Method  string            `json:"method"`
		Path    string            `json:"path"`
		Headers map[string]string `json:"headers"`
		Body    json.RawMessage   `json:"body"`
	} `json:"request"`
	Answer struct {
		Status  int               `json:"status"`
		Headers map[string]string `json:"headers"`
		Body    string            `json:"body"`
	} `json:"answer"`
}

// readCaptured returns the questions of a version in their order.
func readCaptured(t *testing.T, version string) []captured {
	t.Helper()
	raw, err := os.ReadFile("testdata/captured-" + version + ".jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var all []captured
	lines := bufio.NewScanner(bytes.NewReader(raw))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var one captured
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	if len(all) != 134 {
		t.Fatalf("%s: %d questions, want 134", version, len(all))
	}
	return all
}

// The fake gets each question to which the answer of a real server was captured. Its own
// answer must have the same status, the same media type, and the same names of members.
func TestFakeAnswersAsCaptured(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"10.11", "12"} {
		var drift []string
		s, err := NewHandler(version, Fresh(), Report(func(text string) { drift = append(drift, text) }))
		if err != nil {
			t.Fatal(err)
		}
		known := map[string]string{} // the values of the names in braces
		for i, one := range readCaptured(t, version) {
			drift = nil
			w := httptest.NewRecorder()
			s.ServeHTTP(w, one.ask(known))
			name := fmt.Sprintf("%s: question %d, %s", version, i, one.What)
			if w.Code != one.Answer.Status {
				t.Errorf("%s: status %d, want %d", name, w.Code, one.Answer.Status)
			}
			if kind := w.Header().Get("Content-Type"); kind != one.Answer.Headers["Content-Type"] {
				t.Errorf("%s: media type %q, want %q", name, kind, one.Answer.Headers["Content-Type"])
			}
			if after := w.Header().Get("Retry-After"); after != one.Answer.Headers["Retry-After"] {
				t.Errorf("%s: Retry-After %q, want %q", name, after, one.Answer.Headers["Retry-After"])
			}
			for _, fault := range one.compare(w.Body.String(), known) {
				t.Errorf("%s: %s", name, fault)
			}
			for _, text := range drift {
				if strings.HasPrefix(text, "answer ") { // some questions are wrong on purpose
					t.Errorf("%s: %s", name, text)
				}
			}
		}
	}
}

// ask returns the request of a question. It replaces each name in braces by its value in
// known, which comes from earlier answers of the fake.
func (c *captured) ask(known map[string]string) *http.Request {
	var pairs []string
	for name, value := range known {
		pairs = append(pairs, "{"+name+"}", value)
	}
	fill := strings.NewReplacer(pairs...)
	body := fill.Replace(string(c.Request.Body))
	kind := "application/json"
	switch body {
	case "null":
		body, kind = "", ""
	case `"(long)"`:
		body = fmt.Sprintf(`{"QuickConnectAvailable":%v}`, strings.HasSuffix(c.What, "on"))
	case `"4 bytes"`:
		body = "aGk="
	}
	r := httptest.NewRequest(c.Request.Method, strings.ReplaceAll(fill.Replace(c.Request.Path), " ", "%20"), strings.NewReader(body))
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for name, value := range c.Request.Headers {
		r.Header.Set(name, fill.Replace(value))
	}
	return r
}

// compare returns the differences between an answer of the fake and the captured answer. If
// the captured answer has a name in braces, compare stores the value that the fake answered
// in known, so that later questions can use this value.
func (c *captured) compare(body string, known map[string]string) []string {
	var want, got any
	if json.Unmarshal([]byte(c.Answer.Body), &want) != nil {
		if c.Answer.Body == "(long)" || body == c.Answer.Body {
			return nil
		}
		return []string{fmt.Sprintf("body %q, want %q", body, c.Answer.Body)}
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		return []string{fmt.Sprintf("body %q, want JSON", body)}
	}
	return differ("", got, want, known)
}

// differ returns the differences between two JSON values: in the names of members, the
// lengths of lists, truth values, and the text of a refusal. Other strings and numbers may
// differ in their value, but not in their type. The parameter place is the path of the
// values in the answer, and "" for the answer as a whole.
func differ(place string, got, want any, known map[string]string) []string {
	switch want := want.(type) {
	case map[string]any:
		got, _ := got.(map[string]any)
		have, names := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))
		if !slices.Equal(have, names) {
			more := slices.DeleteFunc(slices.Clone(have), func(name string) bool { return slices.Contains(names, name) })
			fewer := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(have, name) })
			return []string{fmt.Sprintf("%q has the members %v too many, and lacks %v", place, more, fewer)}
		}
		var all []string
		for _, name := range names {
			all = append(all, differ(place+"/"+name, got[name], want[name], known)...)
		}
		return all
	case []any:
		got, _ := got.([]any)
		if len(got) != len(want) {
			return []string{fmt.Sprintf("%q has %d entries, want %d", place, len(got), len(want))}
		}
		var all []string
		for i := range want {
			all = append(all, differ(fmt.Sprintf("%s/%d", place, i), got[i], want[i], known)...)
		}
		return all
	case string:
		got, is := got.(string)
		if name, named := strings.CutPrefix(want, "{"); is && named {
			known[strings.TrimSuffix(name, "}")] = got
		} else if !is || place == "" && got != want {
			return []string{fmt.Sprintf("%q is %q, want %q", place, got, want)}
		}
	case bool:
		if got != want {
			return []string{fmt.Sprintf("%q is %v, want %v", place, got, want)}
		}
	default:
		if fmt.Sprintf("%T", got) != fmt.Sprintf("%T", want) {
			return []string{fmt.Sprintf("%q is %v, want %v", place, got, want)}
		}
	}
	return nil
}
