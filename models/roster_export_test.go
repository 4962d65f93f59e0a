package models_test

// rosterVerdicts are the verdicts of exportVerdicts about the columns of servers that the roster and the summary need.
var rosterVerdicts = map[string]string{
	"servers.agent_version":       stateOfAgent,
	"servers.needs_quick_connect": stateOfAgent,
	"servers.states_at":           stateOfAgent,
	"servers.up_since":            stateOfAgent,
}
