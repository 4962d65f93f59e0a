package handlers

// emailChangeSamples returns the pages on which an email address is changed.
func (s sampler) emailChangeSamples() []sample {
	current, life := s.currentPassword(), s.base("").T("duration.days", "Count", 3)
	email := s.field("email", "email", "new_email", true)
	return []sample{
		{"email_change", emailChangePage{Base: s.signedIn("email_change"), Current: "mira@example.org", UndoLife: life, Email: email, Password: current}},
		{"email_change-waiting", emailChangePage{
			Base: s.signedIn("email_change"), Waiting: "new@example.org", UndoLife: life, Email: email, Password: s.wrong(current, "", "current_password_wrong"),
		}},
		{"email_change_confirm", emailChangeConfirmPage{Base: s.base("email_change_confirm"), Username: "mira.k", Email: "new@example.org"}},
		{"email_change_confirm-foreign", emailChangeConfirmPage{Base: s.base("email_change_confirm"), Username: "nina", Email: "nina@example.org", Foreign: true}},
		{"email_change_undo", emailChangeUndoPage{Base: s.base("email_change_undo"), Username: "mira.k", Email: "mira@example.org"}},
	}
}
