package handlers

import "time"

// deviceSamples returns the pages on which a device is signed in by its code.
func (s sampler) deviceSamples() []sample {
	code := s.userCode()
	mistaken := s.wrong(code, "bcdf ghjk", "user_code_wrong")
	mistaken.Focus = true
	device := deviceApprovePage{
		Base: s.signedIn("device_approve"), UserCode: "BCDF-GHJK", Device: "Living room", Client: "Example for Android TV 4.2",
		Address: "203.0.113.7", AskedAt: s.at, ExpiresAt: s.at.Add(10 * time.Minute),
	}
	unnamed := device
	unnamed.Client, unnamed.Device = "", s.base("").T("device.unnamed")
	return []sample{
		{"device", devicePage{Base: s.signedIn("device"), Code: code}},
		{"device-mistake", devicePage{Base: s.signedIn("device"), Code: mistaken}},
		{"device-throttled", devicePage{Base: s.troubled(s.signedIn("device"), "error.throttled"), Code: code}},
		{"device-again", devicePage{Base: s.signedIn("device"), Code: code, Again: true}},
		{"device_approve", device},
		{"device_approve-unnamed", unnamed},
	}
}

func (s sampler) userCode() Field {
	f := s.field("user_code", "text", "user_code", true)
	f.Code = true
	return f
}
