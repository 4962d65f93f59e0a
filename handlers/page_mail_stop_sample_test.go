package handlers

// mailStopSamples returns the page that stops invitations by mail, and starts them again.
func (s sampler) mailStopSamples() []sample {
	p := mailStopPage{Base: s.base("mail_stop"), Mailbox: "mira@example.org", Token: "token"}
	over := p
	over.Stopped = true
	return []sample{{"mail_stop", p}, {"mail_stop-over", over}}
}
