package agent_test

import (
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/agent"
)

// says answers a request for the path with a body.
func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }
}

// answers answers a request for the path with a status.
func answers(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

// The admin reads what answers at the path, and what to do about it. No redirect is followed: in this test it would
// lead to an answer that looks like the answer of an agent.
func TestCheckOpenPath(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		answer http.HandlerFunc
		id     string
		want   error
		text   string
	}{
		"there":           {says(`{"latchkey_server_id":"7"}`), "7", nil, ""},
		"not registered":  {says(`{"latchkey_server_id":""}`), "", nil, ""},
		"Jellyfin":        {http.NotFound, "", agent.ErrPathNotHanded, "it answers 404, as Jellyfin does for a path that it does not know: let the proxy hand /latchkey/"},
		"its web app":     {says("<!doctype html>"), "", agent.ErrPathNotHanded, "another program answers there, with a page of its own: let the proxy hand"},
		"other JSON":      {says(`{}`), "", agent.ErrPathNotHanded, "another program answers there"},
		"a redirect":      {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/web/", http.StatusFound) }, "", agent.ErrPathNotHanded, "it leads to /web/, as Jellyfin does"},
		"asks to sign in": {answers(http.StatusUnauthorized), "", agent.ErrPathNotHanded, "it answers 401: something asks for a sign-in before the agent"},
		"a teapot":        {answers(http.StatusTeapot), "", agent.ErrPathNotHanded, "it answers 418: let the proxy hand"},
		"no agent behind": {answers(http.StatusBadGateway), "", agent.ErrPathNotAsked, "it answers 502: the proxy does not reach the agent: check that the agent runs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mux := http.NewServeMux()
			mux.HandleFunc("/jellyfin/latchkey/check", row.answer)
			mux.HandleFunc("/web/", says(`{"latchkey_server_id":"7"}`))
			server := httptest.NewServer(mux)
			t.Cleanup(server.Close)
			id, err := agent.CheckOpenPath(t.Context(), server.Client(), server.URL+"/jellyfin", "7")
			if id != row.id || !errors.Is(err, row.want) {
				t.Errorf("got %q and error %v, want %q and %v", id, err, row.id, row.want)
			}
			if err != nil && !strings.HasPrefix(err.Error(), row.text) {
				t.Errorf("the admin reads %q, want %q", err, row.text)
			}
		})
	}
}

// If an address does not answer from here, the error says so. If its certificate is bad, the error says that
// it is the certificate.
func TestCheckOpenPathWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	untrusted := httptest.NewUnstartedServer(says(`{"latchkey_server_id":"7"}`))
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)
	for address, row := range map[string]struct {
		with *http.Client
		text string
	}{
		"http://127.0.0.1:1": {http.DefaultClient, "it does not answer from here ("},
		untrusted.URL:        {http.DefaultClient, "its certificate is not good: it comes from an authority that this machine does not trust"},
		strings.Replace(untrusted.URL, "127.0.0.1", "localhost", 1): {untrusted.Client(), "its certificate is not good: it is for another name"},
		"http://[": {http.DefaultClient, "it is no address"},
	} {
		_, err := agent.CheckOpenPath(t.Context(), row.with, address, "7")
		isError(t, err, agent.ErrPathNotAsked)
		if err != nil && (!strings.HasPrefix(err.Error(), row.text) || strings.Contains(err.Error(), address)) {
			t.Errorf("%s: the admin reads %q, want %q without the address", address, err, row.text)
		}
	}
}

// The agent checks whether the path leads to itself: another agent cannot sign people in here.
func TestCheckPaths(t *testing.T) {
	t.Parallel()
	body := make(chan string, 1)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		said := <-body
		body <- said
		_, _ = w.Write([]byte(said))
	}))
	t.Cleanup(proxy.Close)
	body <- `{"latchkey_server_id":"7"}`
	_, d := newRunning(t, func(o *agent.Options) { o.Addresses.Configured, o.Addresses.Own = []string{proxy.URL}, false })
	check := func(text string) {
		t.Helper()
		states := must(d.Opens.CheckPaths(t.Context()))(t)
		if len(states) != 1 || states[0].Address != proxy.URL {
			t.Fatalf("got %+v, want one address", states)
		}
		if err := states[0].Err; (err == nil) != (text == "") || err != nil && !strings.HasPrefix(err.Error(), text) {
			t.Errorf("the admin reads %v, want %q", err, text)
		}
	}
	check(`another agent answers there, that of server "7": let the proxy hand`)
	<-body
	body <- `{"latchkey_server_id":"` + string(d.serverID()) + `"}`
	check("")
}
