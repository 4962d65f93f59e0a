package handlers

// quickConnectSamples returns the pages on which a device is signed in by Quick
// Connect.
func (s sampler) quickConnectSamples() []sample {
	one := quickConnectPage{Base: s.signedIn("quick_connect"), Code: "123 456", Servers: []quickConnectServerView{
		{ID: "81985529216486895", Name: "Den & Co + 50% \"Server\"", LocalUser: "Mira", Chosen: true},
	}}
	several := one
	several.Base = s.signedIn("quick_connect")
	several.Wrong, several.ServersError = true, s.base("").T("error.quick_server_missing")
	several.Servers = []quickConnectServerView{
		{ID: "81985529216486895", Name: "Den & Co + 50% \"Server\"", LocalUser: "Mira", Focus: true},
		{ID: "81985529216486896", Name: longName, LocalUser: "A local user whose name is rather long as well"},
		{ID: "81985529216486897", Name: "Garage"},
	}
	throttled := one
	throttled.Base = s.troubled(s.signedIn("quick_connect"), "error.throttled")
	wait := quickConnectWaitPage{
		Base: s.signedIn("quick_connect_wait"), ID: "81985529216486895", Server: "Den & Co + 50% \"Server\"", State: "asked",
	}
	done := wait
	done.State = "done"
	all := []sample{
		{"quick_connect", one},
		{"quick_connect-several", several},
		{"quick_connect-throttled", throttled},
		{"quick_connect-none", quickConnectPage{Base: s.signedIn("quick_connect"), Code: "123 456"}},
		{"quick_connect_wait", wait},
		{"quick_connect_wait-done", done},
	}
	for _, reason := range []string{"code_wrong", "not_allowed", "pin_required", "no_local_user", "too_many", "unavailable", "expired", "replaced"} {
		failed := wait
		failed.State, failed.Reason, failed.Server = "failed", reason, longName
		all = append(all, sample{"quick_connect_wait-" + reason, failed})
	}
	return all
}
