package handlers

// devMailSamples returns the page of the mails in the mail folder.
func (s sampler) devMailSamples() []sample {
	return []sample{
		{"dev_mail", devMailPage{Base: s.base("dev_mail"), Mails: []devMailView{{
			Name: "0001.eml", To: "mira@example.org", Subject: "Confirm your email address", Text: "Hello Mira,\n\nopen this link.",
			Links: []string{"http://127.0.0.1:8470/confirm?token=lk_0123456789abcdefghijklmnopqrstuvwxyz0123456789"}, At: s.at,
		}}}},
		{"dev_mail-none", devMailPage{Base: s.base("dev_mail")}},
	}
}
