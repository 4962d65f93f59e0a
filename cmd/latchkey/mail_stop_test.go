package main

import "testing"

// TestMailStop stops the invitations to a mailbox and allows them again. A tag after a plus names the
// same mailbox.
func TestMailStop(t *testing.T) {
	t.Parallel()
	s := newShell(t, "--dev")
	for _, step := range []struct{ command, address, want string }{
		{"stopped", "anna@example.org", "anna@example.org gets invitations by mail.\n"},
		{"stop", "Anna+films@example.org", "Anna+films@example.org gets no more invitations by mail.\n"},
		{"stop", "anna@example.org", "anna@example.org gets no more invitations by mail.\n"},
		{"stopped", "anna@example.org", "anna@example.org has stopped invitations by mail.\n"},
		{"stopped", "berta@example.org", "berta@example.org gets invitations by mail.\n"},
		{"allow", "anna@example.org", "anna@example.org gets invitations by mail.\n"},
		{"stopped", "anna+films@example.org", "anna+films@example.org gets invitations by mail.\n"},
	} {
		if got := s.must(t, "mail", step.command, step.address); got != step.want {
			t.Errorf("mail %s %s: got %q, want %q", step.command, step.address, got, step.want)
		}
	}
	for _, command := range []string{"stop", "allow", "stopped"} {
		s.refused(t, `"anna" is not an email address`, "mail", command, "anna")
	}
}
