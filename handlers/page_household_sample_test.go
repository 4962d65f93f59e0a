package handlers

// householdSamples returns the pages on which the people of a device choose who is watching.
func (s sampler) householdSamples() []sample {
	people := []tileView{
		{ID: "7", Name: "Mira Køhler", Face: face{samplePicture, "MK", "face-2"}, HasPIN: true},
		{ID: "8", Name: longName, Face: faceOf(longName, 8, ""), Current: true},
		{ID: "9", Name: "Tom", Face: faceOf("Tom", 9, ""), HasPIN: true, Current: true},
		{ID: "10", Name: "Ada", Face: faceOf("Ada", 10, ""), NeedsPIN: true},
		{ID: "11", Name: "Bo", Face: faceOf("Bo", 11, "")},
	}
	name, password := s.field("name_or_email", "text", "name_or_email", false), s.field("password", "password", "password", false)
	full := householdPage{Base: s.signedIn("household"), People: people, NameOrEmail: name, Password: password}
	alone := householdPage{Base: s.signedIn("household"), LeftOut: true, NameOrEmail: name, Password: password}
	switched := full
	switched.Switched = true
	pad := householdPINPage{Base: s.signedIn("household_pin"), Person: people[0], PIN: s.field("pin", "password", "household_pin", false)}
	wrong := pad
	wrong.PIN, wrong.Wrong = s.wrong(pad.PIN, "", "current_pin_invalid"), true
	return []sample{
		{"household", full},
		{"household-alone", alone},
		{"household-switched", switched},
		{"household-pin", pad},
		{"household-pin-wrong", wrong},
	}
}
