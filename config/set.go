package config

// Set is a set of settings: [Settings], those of the service, or [Agent].
type Set interface {
	traits() traits
	// check notes what is wrong beyond what tags say, and brings addresses into the
	// one form in which they are used.
	check(p *problems)
}

// traits are what sets of settings differ in, beside their fields.
type traits struct {
	program         string // as the help calls it
	prefix          string // of environment variables
	file            string // in the data folder, read when no other is named; "" for none
	systemFile      string // read when neither a file nor a data folder is named; "" for none
	development     bool   // the defaults of development are in force
	alwaysReal      bool   // there is no development
	dataDir, listen string // what DATA-DIR and LISTEN stand for
}
