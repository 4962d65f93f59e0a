package handlers

// televisionSamples returns the pages on which an owner signs a television in for a person.
func (s sampler) televisionSamples() []sample {
	const server, person = "Den & Co + 50% \"Server\"", "Grandma Ilse"
	first := televisionPage{Base: s.signedIn("television"), ID: "1", LinkID: "7", Server: server, Person: person, Username: "ilse", LocalUser: "Ilse"}
	in := newInputs(first.Base, nil, mistakes{})
	first.Code = in.add(Field{Name: "code", Type: "text", Autocomplete: "off", InputMode: "numeric"}, "television_code")
	wrong := first
	wrong.Base = s.signedIn("television")
	wrong.Wrong, wrong.Code.Error = true, s.base("").T("error.quick_code_invalid")
	throttled := first
	throttled.Base = s.troubled(s.signedIn("television"), "error.throttled")
	second := first
	second.Base, second.Digits = s.signedIn("television"), "123 456"
	bare := second
	bare.Base, bare.Server, bare.Person, bare.Username, bare.LocalUser = s.signedIn("television"), longName, longName, "", ""
	all := []sample{
		{"television", first}, {"television-wrong", wrong}, {"television-throttled", throttled}, {"television-for", second}, {"television-bare", bare},
	}
	for _, reason := range []string{"off", "quick_connect_off", "linked", "paused", "pin_required", "administrator", "not_allowed", "disabled", "gone"} {
		refused := first
		refused.Base, refused.Refused = s.signedIn("television"), reason
		all = append(all, sample{"television-" + reason, refused})
	}
	wait := televisionWaitPage{Base: s.signedIn("television_wait"), ID: "1", LinkID: "7", TryID: "9", Server: server, Person: person, State: "asked"}
	done := wait
	done.Base, done.State = s.signedIn("television_wait"), "done"
	all = append(all, sample{"television_wait", wait}, sample{"television_wait-done", done})
	for _, reason := range []string{"code_wrong", "not_allowed", "pin_required", "no_local_user", "unavailable"} {
		failed := wait
		failed.Base, failed.State, failed.Reason = s.signedIn("television_wait"), "failed", reason
		all = append(all, sample{"television_wait-" + reason, failed})
	}
	return all
}
