package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// The command line adds webhooks of the operators, shows their secret once, and prints everything else for programs, too.
func TestWebhookCommands(t *testing.T) {
	t.Parallel()
	s := newShell(t, "--dev")
	const hidden = "hidden-part"
	made := s.must(t, "operator", "webhooks", "add", "Chat", "--address=https://hooks.example.org/"+hidden, "--events=server.away,mail.given_up")
	if !strings.Contains(made, "whsec_") {
		t.Errorf("add said %q, want the secret", made)
	}
	var list []struct {
		ID, Name, Address string
		Events            []string
		OffReason         string `json:"off_reason"`
	}
	read := func(into any, arguments ...string) {
		t.Helper()
		got := s.must(t, append(arguments, "--json")...)
		if json.Unmarshal([]byte(got), into) != nil || strings.Contains(got, hidden) {
			t.Errorf("%v printed no JSON, or the whole address: %s", arguments, got)
		}
	}
	read(&list, "operator", "webhooks", "list")
	if len(list) != 1 || list[0].Name != "Chat" || list[0].Address != "https://hooks.example.org/…" || len(list[0].Events) != 2 {
		t.Fatalf("the list has %+v, want the webhook with its host alone", list)
	}
	id := list[0].ID
	s.must(t, "operator", "webhooks", "off", id)
	s.must(t, "operator", "webhooks", "test", id)
	s.must(t, "operator", "webhooks", "address", id, "--address=https://new.example.org/"+hidden)
	if got := s.must(t, "operator", "webhooks", "secret", id); !strings.HasPrefix(got, "whsec_") || strings.Contains(made, got) {
		t.Errorf("secret said %q, want another secret", got)
	}
	read(&list, "operator", "webhooks", "list")
	var log []struct{ ID, Event, State string }
	read(&log, "operator", "webhooks", "log", id)
	if list[0].OffReason != "by_hand" || len(log) != 1 || log[0].Event != "webhook.test" || log[0].State != "queued" {
		t.Errorf("the list has %+v and the log %+v, want it off, and the test", list, log)
	}
	s.must(t, "operator", "webhooks", "replay", id, log[0].ID)
	s.must(t, "operator", "webhooks", "on", id)
	if got := s.must(t, "operator", "webhooks", "log", id); !lineWith(got, "webhook.test", "queued") {
		t.Errorf("the log is\n%s\nwant the test", got)
	}
	s.must(t, "operator", "webhooks", "remove", id)
	if got := s.must(t, "operator", "history"); !lineWith(got, "webhook_made", "Chat") || !lineWith(got, "webhook_deleted", "Chat") {
		t.Errorf("the history is\n%s\nwant what was done to the webhook", got)
	}
}
