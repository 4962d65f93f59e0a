package handlers

// linksSamples returns the page on which links and invites are answered.
func (s sampler) linksSamples() []sample {
	waiting := linksPage{Base: s.invited("links"), Waiting: waitingView{Base: s.invited("links"), InvitePath: "/invites", LinkPath: "/invitations", Links: []pendingLinkView{
		{ID: "81985529216486895", Server: "Den & Co + 50% \"Server\"", Owner: "bert", RequestedBy: "bert", Guest: true, AskedAt: s.at},
		{ID: "81985529216486896", Server: longName, AskedAt: s.at},
	}}}
	invited := linksPage{Base: s.invited("links")}
	invited.Waiting = waitingView{Base: invited.Base, InvitePath: "/invites", LinkPath: "/invitations", Invites: []receivedInviteView{s.received("links"), s.plainInvite("links")}}
	invited.Waiting.Invites[1].Family = true
	return []sample{
		{"links", waiting},
		{"links-none", linksPage{Base: s.noticed(s.signedIn("links"), "notice.invitation_declined")}},
		{"links-invites", invited},
	}
}
