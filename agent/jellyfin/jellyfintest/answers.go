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

// exception returns the answer that an exception inside Jellyfin becomes.
func exception(status int) answer {
	return answer{status: status, kind: "text/plain", body: []byte("Error processing request.")}
}

// said returns a refusal with a text.
func said(status int, text string) answer {
	return answer{status: status, kind: "text/plain; charset=utf-8", body: []byte(text)}
}

// problem returns a refusal by the web framework of Jellyfin.
func problem(status int) answer {
	a := answerJSON(object{"type": "about:blank", "title": http.StatusText(status), "status": status})
	a.status = status
	return a
}

// read decodes the body of a request, in which names of members may have any letter case.
// It reports false for a missing body, or one of a wrong type.
func (x *exchange) read(into any) bool {
	kind, _, err := mime.ParseMediaType(x.Header.Get("Content-Type"))
	if err != nil || !strings.Contains(kind, "json") {
		return false
	}
	return json.Unmarshal(x.body, into) == nil
}

// random returns hex digits of n random bytes.
func random(n int) string {
	raw := make([]byte, n)
	_, _ = rand.Read(raw) // never fails
	return hex.EncodeToString(raw)
}

// date returns a time as Jellyfin writes it; nil for the zero time.
func date(at time.Time) any {
	if at.IsZero() {
		return nil
	}
	return at.UTC().Format("2006-01-02T15:04:05.0000000Z")
}

// plainID returns an id in lower case and without dashes.
func plainID(id string) string { return strings.ToLower(strings.ReplaceAll(id, "-", "")) }

func (s *Server) publicInfo(*exchange) answer {
	return answerJSON(object{
		"LocalAddress": "http://192.0.2.1:8096", "ServerName": s.name, "Version": s.told, "ProductName": s.product, "OperatingSystem": "",
		"Id": s.id, "StartupWizardCompleted": s.ready,
	})
}

func (s *Server) systemInfo(*exchange) answer {
	return answerJSON(object{
		"LocalAddress": "http://192.0.2.1:8096", "ServerName": s.name, "Version": s.told, "ProductName": s.product, "OperatingSystem": "",
		"Id": s.id, "StartupWizardCompleted": s.ready, "OperatingSystemDisplayName": "", "HasPendingRestart": false, "IsShuttingDown": false,
		"SupportsLibraryMonitor": true, "WebSocketPortNumber": 8096, "CanSelfRestart": true, "CanLaunchWebBrowser": false,
		"HasUpdateAvailable": false, "CompletedInstallations": []object{}, "CastReceiverApplications": []object{},
		"EncoderLocation": "System", "SystemArchitecture": "X64", "CachePath": "/cache", "LogPath": "/log",
	})
}

func (s *Server) ping(*exchange) answer { return answerJSON(s.product) }

func (s *Server) mediaFolders(*exchange) answer {
	items := []object{}
	for _, l := range s.folders {
		items = append(items, object{
			"Name": l.name, "ServerId": s.id, "Id": l.id, "IsFolder": true, "Type": "CollectionFolder", "CollectionType": "movies",
			"LocationType": "FileSystem", "MediaType": "Unknown",
		})
	}
	return answerJSON(object{"Items": items, "TotalRecordCount": len(items), "StartIndex": 0})
}

func (s *Server) listKeys(*exchange) answer {
	items := []object{}
	for _, key := range slices.Sorted(maps.Keys(s.keys)) {
		items = append(items, object{
			"Id": len(items) + 1, "AccessToken": key, "DeviceId": "", "AppName": s.keys[key].app, "AppVersion": "", "DeviceName": "",
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
