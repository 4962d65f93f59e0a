package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// The commands of operators print tables for people and JSON for programs, and write down what they did.
func TestOperatorCommands(t *testing.T) {
	t.Parallel()
	s := newShell(t, "--dev")
	s.must(t, "account", "create", "anna", "anna@example.org")
	s.must(t, "account", "confirm", "anna")
	if got := s.must(t, "account", "unlock", "anna"); got != "anna can sign in again at once.\n" {
		t.Errorf("unlock said %q", got)
	}
	if got := s.must(t, "account", "end-sessions", "anna"); got != "anna is signed out everywhere.\n" {
		t.Errorf("end-sessions said %q", got)
	}
	if got := s.must(t, "operator", "overview"); !strings.Contains(got, "accounts: 1 (0 not confirmed") || strings.Count(got, "\n") != 36 {
		t.Errorf("the overview is\n%s\nwant one account, and 30 days", got)
	}
	if got := s.must(t, "operator", "throttles", "anna"); !lineWith(got, "WHAT", "UNTIL") || strings.Count(got, "\n") != 1 {
		t.Errorf("the limits are\n%s\nwant none", got)
	}
	if got := s.must(t, "operator", "lift", "192.0.2.1"); !strings.HasPrefix(got, "No limit stops 192.0.2.1 any longer") {
		t.Errorf("lift said %q", got)
	}
	if got := s.must(t, "operator", "history"); !lineWith(got, "account_unlocked", "anna") || !lineWith(got, "throttle_lifted") {
		t.Errorf("the history is\n%s\nwant each act of the command line", got)
	}
	read := func(into any, arguments ...string) {
		t.Helper()
		if got := s.must(t, append(arguments, "--json")...); json.Unmarshal([]byte(got), into) != nil {
			t.Errorf("%v printed no JSON: %s", arguments, got)
		}
	}
	var accounts []struct{ Username string }
	read(&accounts, "account", "list")
	var mails []struct{ Kind, State string }
	read(&mails, "mail", "list")
	var overview struct {
		Accounts int
		Days     []struct{ Date string }
	}
	read(&overview, "operator", "overview")
	var acts []struct{ Kind, By, Username string }
	read(&acts, "operator", "history")
	var servers, throttles []struct{}
	read(&servers, "server", "list")
	read(&throttles, "operator", "throttles", "anna")
	var settings []struct{ Name, Value, Origin string }
	read(&settings, "config")
	if len(accounts) != 1 || accounts[0].Username != "anna" || len(mails) != 1 || mails[0].State != "waits" || overview.Accounts != 1 || len(overview.Days) != 30 ||
		len(acts) < 4 || servers == nil || throttles == nil || len(settings) < 10 {
		t.Errorf("got %v, %v, %v, %v, %v, %v and %d settings; want anna, her mail, 30 days, her acts, no server, no limit and all settings",
			accounts, mails, overview, acts, servers, throttles, len(settings))
	}
}

// Invites to sign up are made, listed and withdrawn by commands.
func TestOperatorInviteCommands(t *testing.T) {
	t.Parallel()
	s := newShell(t, "--dev")
	var made, mailed inviteLine
	read := func(into any, arguments ...string) {
		t.Helper()
		if got := s.must(t, append(arguments, "--json")...); json.Unmarshal([]byte(got), into) != nil {
			t.Errorf("%v printed no JSON: %s", arguments, got)
		}
	}
	read(&made, "operator", "invites", "make", "--uses", "3", "--name", "Nina")
	read(&mailed, "operator", "invites", "make", "--to", "nina@example.org")
	if made.Uses != 3 || made.State != "pending" || !strings.Contains(made.URL, "/i#lki_") || mailed.To != "nina@example.org" || mailed.URL != "" {
		t.Errorf("made %+v and %+v, want a link for three and a mail", made, mailed)
	}
	if got := s.must(t, "operator", "invites", "withdraw", made.ID); !strings.HasPrefix(got, "Nobody can accept") {
		t.Errorf("withdraw said %q", got)
	}
	var open, all []inviteLine
	read(&open, "operator", "invites", "list", "--open")
	read(&all, "operator", "invites")
	if len(open) != 1 || open[0].ID != mailed.ID || len(all) != 2 || all[1].State != "withdrawn" {
		t.Errorf("listed %+v, and open ones %+v; want both, and the mailed one open", all, open)
	}
	if got := s.must(t, "operator", "invites"); !lineWith(got, "ID", "STATE", "LINK") || !lineWith(got, mailed.ID, "nina@example.org") {
		t.Errorf("the table is\n%s", got)
	}
	if got := s.must(t, "operator", "history"); !lineWith(got, "invite_withdrawn", made.ID) {
		t.Errorf("the history is\n%s\nwant the withdrawal", got)
	}
}

// Messages to everybody are made, listed and withdrawn by commands.
func TestOperatorMessageCommands(t *testing.T) {
	t.Parallel()
	s := newShell(t, "--dev")
	var made messageLine
	if got := s.must(t, "operator", "messages", "make", "--title", "en=We move house", "--title", "de=Wir ziehen um", "--text", "en=Tonight at ten; see you", "--kind", "warning", "--until",
		time.Now().UTC().AddDate(0, 0, 3).Format("2006-01-02T15:04"), "--mail", "--json"); json.Unmarshal([]byte(got), &made) != nil {
		t.Fatalf("no JSON: %s", got)
	}
	if made.Kind != "warning" || made.Texts["en"].Title != "We move house" || made.Texts["en"].Text != "Tonight at ten; see you" || made.Texts["de"].Title != "Wir ziehen um" || made.MailState != "waiting" {
		t.Errorf("made %+v, want a warning in two languages that is mailed", made)
	}
	if got := s.must(t, "operator", "messages", "withdraw", made.ID); !strings.HasPrefix(got, "Pages show the message no longer") {
		t.Errorf("withdraw said %q", got)
	}
	if got := s.must(t, "operator", "messages"); !lineWith(got, made.ID, "warning", "withdrawn", "We move house") {
		t.Errorf("the table is\n%s", got)
	}
}
