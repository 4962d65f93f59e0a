package main

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
	"github.com/latchkey-media/latchkey/internal/porttest"
)

// forwardTo returns a handler that passes requests on to a program.
func forwardTo(t *testing.T, address string) http.Handler {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return httputil.NewSingleHostReverseProxy(u)
}

// TestSetupAsksForThePathOfOpen sets up an agent with two addresses. The proxy of one of them hands the path of Open to the
// agent, and the other one leads to Jellyfin alone. Setup answers in place of the agent, which does not run yet, and status
// asks again.
func TestSetupAsksForThePathOfOpen(t *testing.T) {
	t.Parallel()
	jellyfin := jellyfintest.New(t, "10.11")
	w := newTown(t)
	owner := w.signUp("anna")
	folder := filepath.Join(t.TempDir(), "agent")
	listen := porttest.Free(t)
	front := func(path http.Handler) string {
		mux := http.NewServeMux()
		mux.Handle("/latchkey/", path)
		mux.Handle("/", forwardTo(t, jellyfin.URL))
		proxy := httptest.NewServer(mux)
		t.Cleanup(proxy.Close)
		return proxy.URL
	}
	handing, bare := front(forwardTo(t, "http://"+listen)), front(http.NotFoundHandler()) // Jellyfin answers 404, too
	said := command(t, "", "agent", "setup", "--data-dir="+folder, "--service="+w.url(), "--claim-code="+owner.claimCode(), "--media-server=jellyfin",
		"--media-server-url="+jellyfin.URL, "--api-key="+jellyfin.APIKey, "--listen="+listen, "--addresses="+handing, "--addresses="+bare)
	for _, want := range []string{
		"✓ Open signs people in at " + handing + ".", "✗ Open does not sign people in at " + bare + ": it answers 404", "let the proxy hand /latchkey/ to the agent",
		"Everything but Open works without that path", "✓ Registered",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("setup does not say %q:\n%s", want, said)
		}
	}
	if status := command(t, "", "agent", "status", "--data-dir="+folder); !lineWith(status, "open", "Open does not sign people in at "+handing, "it answers 502", "check that the agent runs") {
		t.Errorf("status\n%s\nwant that the proxy does not reach the agent", status)
	}
	agent := startAgent(t, folder, "--listen="+listen)
	ready(agent)
	status := command(t, "", "agent", "status", "--data-dir="+folder)
	if !lineWith(status, "open", "Open signs people in at "+handing) || !lineWith(status, "open", "Open does not sign people in at "+bare) {
		t.Errorf("status\n%s\nwant that one of the addresses signs people in", status)
	}
	agent.stop()
}
