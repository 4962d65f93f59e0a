package handlers

// helpSamples returns the pages of the help.
func (s sampler) helpSamples() []sample {
	topics := []helpTopic{{"television", "Sign a TV in", "<p>On the TV.</p>"}, {"account", "Make an account", "<p>Open it.</p>"}}
	return []sample{
		{"help", helpPage{s.base("help"), topics, "en"}},
		{"help-signed-in", helpPage{s.signedIn("help"), topics, "de"}},
		{"help_topic", helpTopicPage{s.base("help_topic"), topics[0], topics[1:], "en"}},
	}
}
