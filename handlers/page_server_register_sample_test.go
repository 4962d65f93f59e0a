package handlers

// serverRegisterSamples returns the page on which a server gets its owner.
func (s sampler) serverRegisterSamples() []sample {
	return []sample{
		{"server_register", s.serverRegister()},
		{"server_register-code", serverRegisterPage{Base: s.signedIn("server_register"), Code: "BCDF-GHJK", Until: s.at}},
		{"server_register-mistake", s.mistakenServerRegister()},
	}
}

func (s sampler) serverRegister() serverRegisterPage {
	return serverRegisterPage{
		Base: s.signedIn("server_register"), ServerID: s.field("server_id", "text", "server_id", true),
		AccessKey: s.field("access_key", "password", "access_key", true),
	}
}

func (s sampler) mistakenServerRegister() serverRegisterPage {
	p := s.serverRegister()
	p.Base = s.troubled(p.Base, "error.server_claimed")
	p.AccessKey = s.wrong(p.AccessKey, "", "server_pair_wrong")
	return p
}
