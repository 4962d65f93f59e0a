package config

// Set is a set of settings: [Settings] of the service, or [Agent].
type Set interface {
	traits() traits
	// check adds the problems that the tags cannot describe, and changes addresses to
	// the form in which they are stored and compared.
	check(p *problems)
}

// traits are the differences between the two sets of settings, besides their fields.
type traits struct {
	program         string // the name of the program in the help
	prefix          string // of environment variables
	file            string // in the data folder, read if no other file is named; may be ""
	systemFile      string // read if neither a file nor a data folder is named; may be ""
	development     bool   // the defaults of development are in force
	alwaysReal      bool   // the program has no development mode
	dataDir, listen string // the values of DATA-DIR and LISTEN in defaults
}
