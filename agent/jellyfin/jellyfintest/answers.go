package jellyfintest

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"
)

const jsonKind = "application/json; charset=utf-8"

// object is a JSON object. Members that are nil are left out, as Jellyfin does.
type object map[string]any

// answerJSON returns an answer of JSON with status 200.
func answerJSON(value any) answer {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false) // a policy is sent as it was stored
	if err := encoder.Encode(withoutNull(value)); err != nil {
		panic(err) // a fault of the fake
	}
	return answer{status: http.StatusOK, kind: jsonKind, body: bytes.TrimSpace(body.Bytes())}
}

func withoutNull(value any) any {
	switch value := value.(type) {
	case object:
		maps.DeleteFunc(value, func(_ string, inner any) bool { return inner == nil })
		for name, inner := range value {
			value[name] = withoutNull(inner)
		}
	case []object:
		for i := range value {
			value[i], _ = withoutNull(value[i]).(object)
		}
	}
	return value
}

func noContent() answer { return answer{status: http.StatusNoContent} }

// exception returns the answer that Jellyfin gives after an exception.
func exception(status int) answer {
	return answer{status: status, kind: "text/plain", body: []byte("Error processing request.")}
}

// said returns a refusal whose body is a text, written as a JSON string.
func said(status int, text string) answer {
	a := answerJSON(text)
	a.status = status
	return a
}

// problem returns a refusal by the web framework of Jellyfin.
func problem(status int) answer {
	a := answerJSON(object{"type": sections[status], "title": http.StatusText(status), "status": status, "traceId": "00-" + random(16) + "-" + random(8) + "-00"})
	a.status = status
	return a
}

// sections has, for each status, the address that the web framework of Jellyfin writes as
// the "type" of a problem: the section of RFC 9110 about that status.
var sections = map[int]string{
	http.StatusBadRequest: "https://tools.ietf.org/html/rfc9110#section-15.5.1",
	http.StatusForbidden:  "https://tools.ietf.org/html/rfc9110#section-15.5.4",
	http.StatusNotFound:   "https://tools.ietf.org/html/rfc9110#section-15.5.5",
}

// invalid returns the refusal of an invalid request. The parameter errors has, for the
// name of each wrong member or parameter, the texts about it.
func invalid(errors object) answer {
	a := answerJSON(object{
		"type": sections[http.StatusBadRequest], "title": "One or more validation errors occurred.", "status": http.StatusBadRequest,
		"errors": errors, "traceId": "00-" + random(16) + "-" + random(8) + "-00",
	})
	a.status = http.StatusBadRequest
	return a
}

// read decodes the body of a request, in which names of members may have any letter case.
// It reports false if the body is missing or has a wrong type.
func (x *exchange) read(into any) bool {
	kind, _, err := mime.ParseMediaType(x.Header.Get("Content-Type"))
	if err != nil || !strings.Contains(kind, "json") {
		return false
	}
	return json.Unmarshal(x.body, into) == nil
}

// decode reads JSON of the fake's own files.
func decode(raw []byte, into any) {
	if err := json.Unmarshal(raw, into); err != nil {
		panic(err) // a fault of the fake
	}
}

// jsonNull is the value of a member that Jellyfin sends as null instead of leaving it out.
var jsonNull = json.RawMessage("null")

// random returns hex digits of n random bytes.
func random(n int) string {
	raw := make([]byte, n)
	_, _ = rand.Read(raw) // never fails
	return hex.EncodeToString(raw)
}

// date returns a time as Jellyfin writes it, or nil for the zero time.
func date(at time.Time) any {
	if at.IsZero() {
		return nil
	}
	return at.UTC().Format("2006-01-02T15:04:05.0000000Z")
}

// plainID returns an id in lower case and without dashes.
func plainID(id string) string { return strings.ToLower(strings.ReplaceAll(id, "-", "")) }

func (s *Server) listKeys(*exchange) answer {
	items := []object{}
	for _, key := range slices.Sorted(maps.Keys(s.keys)) {
		items = append(items, object{
			"Id": len(items), "AccessToken": key, "DeviceId": "", "AppName": s.keys[key].app, "AppVersion": "", "DeviceName": "",
			"UserId": strings.Repeat("0", 32), "IsActive": false, "DateCreated": date(s.keys[key].created), "DateLastActivity": date(s.keys[key].created),
		})
	}
	return answerJSON(object{"Items": items, "TotalRecordCount": len(items), "StartIndex": 0})
}

func (s *Server) createKey(x *exchange) answer {
	s.keys[random(16)] = apiKey{app: x.ask("app"), created: s.now()}
	return noContent()
}

func (s *Server) revokeKey(x *exchange) answer {
	delete(s.keys, x.params["key"])
	return noContent()
}
