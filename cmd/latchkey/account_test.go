package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

func TestAccountLife(t *testing.T) {
	t.Parallel()
	s := newShell(t, "--dev")
	step := func(want string, arguments ...string) {
		t.Helper()
		if got := s.must(t, append([]string{"account"}, arguments...)...); got != want+"\n" {
			t.Errorf("account %v said %q, want %q", arguments, got, want)
		}
	}
	listed := func(parts ...string) {
		t.Helper()
		if got := s.must(t, "account", "list"); !lineWith(got, parts...) {
			t.Errorf("got no line with %q, want one:\n%s", parts, got)
		}
	}
	step("Made the account Anna. The running service sends a link to anna@example.org.", "create", "Anna", "anna@example.org")
	listed("Anna", "anna@example.org", "not yet confirmed")
	if got := s.must(t, "mail", "list"); !lineWith(got, "account_created", "waits") {
		t.Errorf("got no mail in the queue, want one:\n%s", got)
	}
	s.refused(t, "anna is already confirmed", append([]string{"account", "confirm"}, confirmed(t, s, "anna")...)...)
	listed("Anna", "active")
	step("anna is disabled; its sessions have ended.", "disable", "anna")
	listed("Anna", "disabled")
	step("anna@example.org is enabled.", "enable", "anna@example.org")
	listed("Anna", "active")
	step("anna@example.org is an operator.", "operator", "anna@example.org", "on")
	listed("Anna", "active, operator")
	step("anna is no longer an operator.", "operator", "anna", "off")
	if got := s.must(t, "account", "list"); strings.Contains(got, ", operator") {
		t.Errorf("still an operator, want it without %q:\n%s", ", operator", got)
	}
	s.refused(t, "<state> must be one of", "account", "operator", "anna", "perhaps")
	s.refused(t, "there is no account nobody", "account", "operator", "nobody", "on")
	step("anna gets a mail with a link to choose a new password.", "send-reset", "anna")
	if got := s.must(t, "mail", "list"); !lineWith(got, "password_reset", "waits") {
		t.Errorf("got no mail in the queue, want one:\n%s", got)
	}

	s.input = "ann\n"
	s.refused(t, "not erased", "account", "delete", "anna")
	s.input = ""
	s.refused(t, "not erased", "account", "delete", "anna")
	listed("Anna", "active")
	s.input = "anna\n"
	got := s.must(t, "account", "delete", "anna")
	if want := "This erases anna and cannot be undone. To continue, type the name again: anna is erased.\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := s.must(t, "account", "list"); strings.Contains(got, "Anna") {
		t.Errorf("the account is still listed, want it gone:\n%s", got)
	}
	s.input = ""
	step("Made the account berta. The running service sends a link to berta@example.org.", "create", "berta", "berta@example.org")
	step("berta is erased.", "delete", "--yes", "berta")
}

// confirmed confirms an account and returns its name.
func confirmed(t *testing.T, s *shell, name string) []string {
	t.Helper()
	if got := s.must(t, "account", "confirm", name); got != name+" is confirmed.\n" {
		t.Errorf("%q", got)
	}
	return []string{name}
}

// TestAccountUnknown runs commands on an account that does not exist.
func TestAccountUnknown(t *testing.T) {
	t.Parallel()
	s := newShell(t, "--dev")
	for _, command := range [][]string{{"confirm"}, {"disable"}, {"enable"}, {"send-reset"}, {"delete", "--yes"}} {
		s.refused(t, "there is no account nobody", append(append([]string{"account"}, command...), "nobody")...)
		s.refused(t, "there is no account no@example.org", append(append([]string{"account"}, command...), "no@example.org")...)
	}
}

// TestAccountCreateRules checks that the error of each field is a text, and not the key of a text.
func TestAccountCreateRules(t *testing.T) {
	t.Parallel()
	s := newShell(t, "--dev")
	s.input = "short\n"
	_, _, err := s.run(t, "account", "create", "--password-stdin", "a", "nowhere")
	if err == nil {
		t.Fatal("got no error for bad input, want one")
	}
	for _, field := range []string{"username: ", "email: ", "password: "} {
		if !strings.Contains("\n"+err.Error(), "\n"+field) {
			t.Errorf("got an error without the field %q, want one that names it:\n%v", field, err)
		}
	}
	if strings.Contains(err.Error(), "error.") || strings.Contains(err.Error(), "_invalid") || strings.Contains(err.Error(), "{{") {
		t.Errorf("got a key of a text instead of the text:\n%v", err)
	}
	s.must(t, "account", "create", "anna", "anna@example.org")
	s.refused(t, "username: ", "account", "create", "ANNA", "other@example.org")
	s.input = ""
	s.refused(t, "there is no password on the standard input", "account", "create", "--password-stdin", "carl", "carl@example.org")
}

// TestAccountCreateWithPassword makes an account with a given password. It needs a confirmation, as
// every other account does.
func TestAccountCreateWithPassword(t *testing.T) {
	t.Parallel()
	s := newShell(t, "--dev")
	s.input = goodPassword + "\r\n"
	s.must(t, "account", "create", "--password-stdin", "--display-name=Doro", "--language=de", "dora", "dora@example.org")
	if got := s.must(t, "mail", "list"); !lineWith(got, "confirm", "waits") {
		t.Errorf("got no confirmation in the queue, want one:\n%s", got)
	}
	s.must(t, "account", "confirm", "dora")
	folder := strings.TrimPrefix(s.flags[0], "--data-dir=")
	key, err := os.ReadFile(filepath.Join(folder, "secret-key"))
	if err != nil {
		t.Fatal(err)
	}
	p := serve(t, "--database=sqlite:"+filepath.Join(folder, "latchkey.db"), "--secret-key="+strings.TrimSpace(string(key)))
	newVisitor(p.address, 1).signIn(t, "dora")
	p.stop()
}

// TestAccountListPages lists more accounts than one query returns.
func TestAccountListPages(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	address := "sqlite:" + filepath.Join(folder, "latchkey.db")
	store := (&data{address: address}).store(t)
	const many = 405
	for n := range many {
		name := "reader-" + strings.Repeat("x", n%7) + string(rune('a'+n%26)) + "-" + string(rune('a'+n/26%26))
		if _, err := store.Operators.Create(t.Context(), models.SignUp{Username: name, Email: "r" + name + "@example.org"}); err != nil {
			t.Fatalf("account %d: got error %v, want none", n, err)
		}
	}
	s := newShell(t, "--dev", "--database="+address, "--secret-key=a secret key that only tests may use")
	if got := strings.Count(s.must(t, "account", "list"), "not yet confirmed"); got != many {
		t.Errorf("%d accounts listed, want %d", got, many)
	}
	if got := strings.Count(s.must(t, "account", "list", "READER-a"), "not yet confirmed"); got == 0 || got >= many {
		t.Errorf("got %d accounts for a prefix, want some but not all", got)
	}
}
