package handlers

// pinSamples returns the page on which the PIN is set, changed and removed.
func (s sampler) pinSamples() []sample {
	current, pin, again := s.field("current_pin", "password", "current_pin", false), s.newPIN(), s.newPINAgain()
	remove := current
	remove.ID = "remove_pin"
	return []sample{
		{"pin", pinPage{Base: s.signedIn("pin"), PIN: pin, PINAgain: again, HasEmail: true}},
		{"pin-set", pinPage{
			Base: s.signedIn("pin"), HasPIN: true, ChangedAt: s.at, Old: true, HasEmail: true,
			CurrentPIN: s.wrong(current, "", "current_pin_wrong"), PIN: s.wrong(pin, "", "pin_sequence"), PINAgain: again, RemovePIN: remove,
		}},
		{"pin-off", pinPage{Base: s.signedIn("pin"), HasPIN: true, Off: true, ChangedAt: s.at}},
	}
}

func (s sampler) newPIN() Field {
	f := s.field("pin", "password", "pin", true)
	f.InputMode, f.Autocomplete = "numeric", "off"
	return f
}

func (s sampler) newPINAgain() Field { return s.field("pin_again", "password", "pin_again", false) }
