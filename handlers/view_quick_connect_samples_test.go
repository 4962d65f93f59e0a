package handlers

// quickConnecting are the pages about codes of Quick Connect.
func (s sampler) quickConnecting() []sample {
	const long = "A server whose name is rather long, as names that people choose at night are"
	code := s.field("user_code", "text", "user_code", true)
	code.Code = true
	one := LinkQuickPage{Base: s.signedIn("link_quick"), Code: "123 456", Servers: []QuickServerView{
		{ID: "81985529216486895", Name: "Den & Co + 50% \"Server\"", LocalUser: "Mira", Chosen: true},
	}}
	several := one
	several.Base = s.signedIn("link_quick")
	several.Wrong, several.ServersError = true, s.base("").T("error.quick_server_missing")
	several.Servers = []QuickServerView{
		{ID: "81985529216486895", Name: "Den & Co + 50% \"Server\"", LocalUser: "Mira", Focus: true},
		{ID: "81985529216486896", Name: long, LocalUser: "A local user whose name is rather long as well"},
		{ID: "81985529216486897", Name: "Garage"},
	}
	throttled := one
	throttled.Base = s.troubled(s.signedIn("link_quick"), "error.throttled")
	wait := LinkQuickWaitPage{Base: s.signedIn("link_quick_wait"), ID: "81985529216486895", Server: "Den & Co + 50% \"Server\"", State: "asked"}
	done := wait
	done.State = "done"
	all := []sample{
		{"link-again", LinkPage{Base: s.signedIn("link"), Code: code, Again: true}},
		{"link_quick", one},
		{"link_quick-several", several},
		{"link_quick-throttled", throttled},
		{"link_quick-none", LinkQuickPage{Base: s.signedIn("link_quick"), Code: "123 456"}},
		{"link_quick_wait", wait},
		{"link_quick_wait-done", done},
	}
	for _, reason := range []string{"code_wrong", "not_allowed", "unavailable", "expired", "replaced"} {
		failed := wait
		failed.State, failed.Reason, failed.Server = "failed", reason, long
		all = append(all, sample{"link_quick_wait-" + reason, failed})
	}
	return all
}
