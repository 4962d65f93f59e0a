package handlers

// localPasswordSamples returns the page on which a person gives their local user a password.
func (s sampler) localPasswordSamples() []sample {
	page := localPasswordPage{
		Base: s.signedIn("local_password"), ID: "81985529216486895", Server: "Den & Co", LocalUser: "Mira", Guest: true,
		Key: "BDk2Zf7m", LinkID: "7", MinLength: localPasswordLeast,
	}
	asked, done := page, page
	asked.Try, asked.State = "8", "asked"
	done.Try, done.State, done.Server = "8", "done", longName
	all := []sample{{"local_password", page}, {"local_password-asked", asked}, {"local_password-done", done}}
	emby := page
	emby.Media = "emby"
	all = append(all, sample{"local_password-emby", emby})
	for _, reason := range []string{"not_allowed", "no_local_user", "unreadable", "expired", "replaced", "unavailable"} {
		failed := page
		failed.Try, failed.State, failed.Reason = "8", "failed", reason
		all = append(all, sample{"local_password-failed-" + reason, failed})
	}
	for _, why := range []string{"linked", "no_key", "paused", "administrator", "not_allowed", "disabled", "gone"} {
		refused := page
		refused.Refused = why
		all = append(all, sample{"local_password-refused-" + why, refused})
	}
	return all
}
