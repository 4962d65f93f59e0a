package jellyfintest

import (
	"io"
	"net/http"
	"time"
)

// Start is a state of a server that is starting. The states follow each other in this
// order; between StartNamed and StartLoading the server refuses connections for about a
// second.
type Start int

// The states of a starting server.
const (
	Started      Start = iota // everything is answered as usual
	StartSetup                // a small web server answers 503 with Retry-After to everything
	StartNamed                // Jellyfin 12 tells its name, with names of members that begin with a small letter; all other answers are 503
	StartLoading              // every answer is 503 with a text, without Retry-After
)

// SetStarting sets the state of a server that is starting.
func (s *Server) SetStarting(state Start) { s.locked(func() { s.starting = state }) }

// loading is the text of a server that is starting.
const loading = "Jellyfin Server is loading. Please try again shortly."

// serveStarting answers a request while the server is starting. It reports whether it has
// answered.
func (s *Server) serveStarting(w http.ResponseWriter, o *operation) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := ""
	if o != nil {
		name = o.OperationID
	}
	switch {
	case s.starting == Started:
		return false
	case s.starting == StartSetup && name == "GetHealth":
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, "Degraded")
	case s.starting == StartNamed && name == "GetPublicSystemInfo" && !s.takesLegacy:
		a := answerJSON(object{
			"localAddress": "http://192.0.2.1:8096" + s.base, "serverName": s.name, "version": s.told, "productName": s.product, "operatingSystem": "",
			"id": s.id, "startupWizardCompleted": false,
		})
		w.Header().Set("Content-Type", a.kind)
		_, _ = w.Write(a.body)
	default:
		if s.starting == StartSetup {
			w.Header().Set("Retry-After", "005")
		}
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, loading)
	}
	return true
}

func (s *Server) health(*exchange) answer {
	return answer{status: http.StatusOK, kind: "text/plain", body: []byte("Healthy")}
}

func (s *Server) publicInfo(*exchange) answer {
	return answerJSON(object{
		"LocalAddress": "http://192.0.2.1:8096" + s.base, "ServerName": s.name, "Version": s.told, "ProductName": s.product, "OperatingSystem": "",
		"Id": s.id, "StartupWizardCompleted": s.ready,
	})
}

func (s *Server) systemInfo(*exchange) answer {
	return answerJSON(object{
		"LocalAddress": "http://192.0.2.1:8096" + s.base, "ServerName": s.name, "Version": s.told, "ProductName": s.product, "OperatingSystem": "",
		"Id": s.id, "StartupWizardCompleted": s.ready, "OperatingSystemDisplayName": "", "HasPendingRestart": false, "IsShuttingDown": false,
		"SupportsLibraryMonitor": true, "WebSocketPortNumber": 8096, "CanSelfRestart": true, "CanLaunchWebBrowser": false,
		"HasUpdateAvailable": false, "CompletedInstallations": []object{}, "EncoderLocation": "System", "SystemArchitecture": "X64",
		"CastReceiverApplications": []object{{"Id": "F007D354", "Name": "Stable"}, {"Id": "6F511C87", "Name": "Unstable"}},
		"ProgramDataPath":          "/data", "WebPath": "/web", "ItemsByNamePath": "/data/metadata", "CachePath": "/cache", "LogPath": "/log",
		"InternalMetadataPath": "/data/metadata", "TranscodingTempPath": "/cache/transcodes",
	})
}

func (s *Server) ping(*exchange) answer { return answerJSON(s.product) }

// firstUser returns the administrator that every new server has.
func (s *Server) firstUser(*exchange) answer {
	return answerJSON(object{"Name": s.users[s.order[0]].name})
}

func (s *Server) setFirstUser(x *exchange) answer {
	var ask struct{ Name, Password string }
	if !x.read(&ask) {
		return problem(http.StatusBadRequest)
	}
	u := s.users[s.order[0]]
	u.name, u.password, u.activ = ask.Name, ask.Password, s.now()
	return noContent()
}

func (s *Server) setFirstNames(x *exchange) answer {
	var ask struct{ ServerName string }
	if !x.read(&ask) {
		return problem(http.StatusBadRequest)
	}
	s.name = ask.ServerName
	return noContent()
}

func (s *Server) setRemoteAccess(*exchange) answer { return noContent() }

func (s *Server) endWizard(*exchange) answer {
	s.ready = true
	return noContent()
}

// getConfiguration answers with the part of the configuration that matters to clients
// which sign in.
func (s *Server) getConfiguration(*exchange) answer {
	return answerJSON(object{
		"ServerName": s.name, "IsStartupWizardCompleted": s.ready, "QuickConnectAvailable": s.quick, "EnableLegacyAuthorization": s.legacy,
	})
}

// setConfiguration changes the configuration. It keeps the members that a request leaves
// out, so that tests can send a few members only. Real servers do not keep them.
func (s *Server) setConfiguration(x *exchange) answer {
	var ask struct {
		ServerName                                       *string
		QuickConnectAvailable, EnableLegacyAuthorization *bool
	}
	if !x.read(&ask) {
		return problem(http.StatusBadRequest)
	}
	if ask.ServerName != nil {
		s.name = *ask.ServerName
	}
	if ask.QuickConnectAvailable != nil {
		s.quick = *ask.QuickConnectAvailable
	}
	if ask.EnableLegacyAuthorization != nil {
		s.legacy = *ask.EnableLegacyAuthorization
	}
	return noContent()
}

// outsideHours reports whether the hours of a user forbid them to use the server now. Hours
// do not apply to administrators, and are in the time zone of the fake's clock.
func (s *Server) outsideHours(u *user) bool {
	hours := u.hours()
	if len(hours) == 0 || u.flag("IsAdministrator") {
		return false
	}
	now := s.now()
	hour := float64(now.Hour()) + float64(now.Minute())/60
	for _, h := range hours {
		if h.covers(now.Weekday()) && hour >= h.StartHour && hour < h.EndHour {
			return false
		}
	}
	return true
}

// schedule is a part of one or more days in which a user may use the server. The hours are
// counted from midnight: 20.5 is half past eight in the evening.
type schedule struct {
	DayOfWeek string  `json:"DayOfWeek"`
	StartHour float64 `json:"StartHour"`
	EndHour   float64 `json:"EndHour"`
}

func (h schedule) covers(day time.Weekday) bool {
	weekend := day == time.Saturday || day == time.Sunday
	switch h.DayOfWeek {
	case "Everyday":
		return true
	case "Weekday":
		return !weekend
	case "Weekend":
		return weekend
	}
	return h.DayOfWeek == day.String()
}
