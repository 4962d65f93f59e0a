package models_test

import "maps"

// withRosterVerdicts adds the verdicts on the columns of servers that the roster and the summary need.
func withRosterVerdicts(verdicts map[string]string) map[string]string {
	maps.Copy(verdicts, map[string]string{
		"servers.agent_version":       stateOfAgent,
		"servers.needs_quick_connect": stateOfAgent,
		"servers.states_at":           stateOfAgent,
		"servers.up_since":            stateOfAgent,
	})
	return verdicts
}
