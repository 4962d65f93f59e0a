package jellyfintest

import (
	"bytes"
	"embed"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// webapp is a stand-in for Jellyfin's web app, which real servers serve below /web/. What it does
// is written at the head of app.js.
//
//go:embed webapp
var webapp embed.FS

// SetWebServers sets the list "servers" of the web app's config.json, which is empty at first. The
// web app goes to the first address in the list instead of its own address.
func (s *Server) SetWebServers(addresses ...string) { s.locked(func() { s.webServers = addresses }) }

// isWeb reports whether a path belongs to the web app, or is the path that a proxy in front of the
// server hands to the agent. Jellyfin does not know the path of the agent.
func isWeb(path string) bool {
	lower := strings.ToLower(path)
	return strings.HasPrefix(lower, "/web/") || strings.HasPrefix(lower, "/latchkey/") || lower == "/favicon.ico"
}

// serveWeb answers a request for a file of the web app.
func (s *Server) serveWeb(w http.ResponseWriter, r *http.Request, path string) {
	if s.serveStarting(w, nil) {
		return
	}
	name := strings.TrimPrefix(path, "/web/")
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	case strings.EqualFold(path, "/favicon.ico"): // browsers ask for it where a page names no icon
		w.WriteHeader(http.StatusNoContent)
		return
	case name == "config.json":
		s.serveWebConfig(w)
		return
	case name == "":
		name = "index.html"
	}
	content, err := webapp.ReadFile("webapp/" + name)
	if err != nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}

func (s *Server) serveWebConfig(w http.ResponseWriter) {
	servers := []string{}
	s.locked(func() { servers = append(servers, s.webServers...) })
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"multiserver": false, "includeCorsCredentials": false, "servers": servers})
}
