package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
	"github.com/latchkey-media/latchkey/internal/waittest"
)

// TestAgentWithAWrongKey revokes the API key of the agent. The agent must go on running, and must
// log once what the admin has to do.
func TestAgentWithAWrongKey(t *testing.T) {
	t.Parallel()
	jellyfin := jellyfintest.New(t, "10.11")
	grandma := jellyfin.AddUser("Grandma", "local password", false)
	w := newTown(t)
	owner, rosa := w.signUp("anna"), w.signUp("rosa")
	h := buildBesideJellyfin(owner, jellyfin, "")
	server, users := owner.owns("Grandma")
	owner.invites(rosa, server, users["Grandma"])
	tv := rosa.watch("television-1")
	tv.mustExchange(h.connect)
	jellyfin.RevokeKey()
	if status, _, _ := tv.exchange(h.connect); status < http.StatusInternalServerError {
		t.Errorf("exchange without a working API key: status %d, want 500 or more", status)
	}
	if said := h.agent.waitTrouble("media_server_key"); !strings.Contains(said, "key") {
		t.Errorf("it says %q, want it to contain %q", said, "key")
	}
	asked := len(jellyfin.Requests())
	within(t, patience, "it tries again", func() bool { return len(jellyfin.Requests()) >= asked+2 })
	if n := tells(h.agent, "media_server_key"); n != 1 {
		t.Errorf("%d lines, want 1", n)
	}
	if len(jellyfin.Tokens(grandma)) != 1 {
		t.Error("the local token has ended, want it kept")
	}
	refused(t, "API Keys", "", "agent", "users", "--data-dir="+h.folder)
	h.agent.stop()
}

// TestAgentWithoutItsFile starts the agent without settings. The agent must name the missing
// settings.
func TestAgentWithoutItsFile(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "agent")
	said := refused(t, "service: is missing", "", "agent", "--data-dir="+folder)
	for _, name := range []string{"media-server-url: is missing", "api-key: is missing"} {
		if !strings.Contains(said, name) {
			t.Errorf("said\n%s\nwant %q in it", said, name)
		}
	}
	refused(t, "run 'latchkey agent setup' first", "", "agent", "status", "--data-dir="+folder, "--service=http://127.0.0.1:9",
		"--media-server-url=http://127.0.0.1:9", "--api-key=0123")
	if _, err := os.Stat(folder); err == nil {
		t.Error("the data folder exists, want it not to be created")
	}
}

// TestServiceThatAnswersGarbage runs an agent whose service answers garbage. The agent must log
// that once and go on running.
func TestServiceThatAnswersGarbage(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]http.HandlerFunc{
		"garbage": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "\x00\xff<html>") },
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:9/", http.StatusFound)
		},
		"huge": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"id":"` + strings.Repeat("x", 20<<20)))
		},
		"error": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				spoil(w, r)
			}))
			t.Cleanup(service.Close)
			folder := filepath.Join(t.TempDir(), "agent")
			flags := []string{"--service=" + service.URL, "--claim-code=ABCD-EFGH", "--media-server=builtin"}
			p := startAgent(t, folder, flags...)
			within(t, patience, "it tells", func() bool { return warnings(p) > 0 })
			before := asked.Load()
			within(t, patience, "it asks again", func() bool { return asked.Load() >= before+2 })
			if n := warnings(p); n != 1 || !p.running() {
				t.Errorf("%d lines, running %v; want one line of a running agent:\n%s", n, p.running(), p.said)
			}
			if status := p.get("/emby/System/Info/Public"); status != http.StatusOK {
				t.Errorf("the builtin media server answers %d, want %d", status, http.StatusOK)
			}
			said := refused(t, "✗ ", service.URL+"\n", "agent", "setup", "--data-dir="+filepath.Join(t.TempDir(), "other"))
			if !strings.Contains(said, "the input ended before all questions were answered") {
				t.Errorf("setup does not ask again, want it to contain %q:\n%s", "the input ended before all questions were answered", said)
			}
			p.stop()
		})
	}
}

// warnings returns the number of warnings in the log.
func warnings(p *process) (lines int) {
	for _, entry := range p.log() {
		if entry["level"] == "WARN" || entry["level"] == "ERROR" {
			lines++
		}
	}
	return lines
}

// TestKilledWhileATokenIsMinted kills the agent after the media server has made a token, before the
// agent gets it. The device asks again, and in the end only the new token must be valid.
func TestKilledWhileATokenIsMinted(t *testing.T) {
	t.Parallel()
	jellyfin := jellyfintest.New(t, "10.11")
	grandma := jellyfin.AddUser("Grandma", "local password", false)
	w := newTown(t)
	owner, rosa := w.signUp("anna"), w.signUp("rosa")
	h := buildBesideJellyfin(owner, jellyfin, "")
	server, users := owner.owns("Grandma")
	owner.invites(rosa, server, users["Grandma"])
	tv := rosa.watch("television-1")
	minted := make(chan struct{})
	jellyfin.BreakAfter("AuthenticateWithQuickConnect", 1, func(w http.ResponseWriter, r *http.Request) {
		close(minted)
		jellyfintest.Slow(w, r)
	})
	asked := make(chan int, 1)
	go func() {
		status, _, _ := tv.exchange(h.connect)
		asked <- status
	}()
	waittest.Receive(t, minted, "the token is made")
	h.agent.kill()
	if status := <-asked; status != 0 {
		t.Errorf("the exchange was answered: %d, want 0", status)
	}
	if n := len(jellyfin.Tokens(grandma)); n != 1 {
		t.Fatalf("%d tokens, want the lost one", n)
	}
	h.agent = startAgent(t, h.folder, "--listen="+h.agent.address)
	_, token := tv.mustExchange(h.connect)
	if tokens := jellyfin.Tokens(grandma); len(tokens) != 1 {
		t.Errorf("%d tokens, want the new one alone", len(tokens))
	}
	owner.removes(rosa, server)
	within(t, patience, "no token is left", func() bool { return len(jellyfin.Tokens(grandma)) == 0 })
	if status := info(t, h.local, token); status != http.StatusUnauthorized {
		t.Errorf("System/Info: %d, want %d", status, http.StatusUnauthorized)
	}
}

// TestBothStartAtOnce starts agent and builtin media server at the same time with a new folder.
func TestBothStartAtOnce(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	claim := w.signUp("anna").claimCode()
	for range 3 {
		folder := filepath.Join(t.TempDir(), "agent")
		common := []string{"--data-dir=" + folder, "--service=" + w.url(), "--media-server=builtin", "--listen=127.0.0.1:0", "--discovery=off"}
		builtin := launch(t, nil, append([]string{"agent", "builtin", "--agent-url=http://127.0.0.1:9"}, common...)...)
		p := launch(t, nil, append([]string{"agent", "--media-server-url=http://127.0.0.1:9", "--claim-code=" + claim}, common...)...)
		builtin.waitServing()
		p.waitServing()
		p.stop()
		builtin.stop()
	}
}
