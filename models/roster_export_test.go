package models_test

// fillRoster gives a server of the account what the agent tells beside its report.
func (k *kit) fillRoster(own media) {
	k.t.Helper()
	k.exec("UPDATE servers SET states_at = ?, up_since = ?, agent_version = '1.2.3' WHERE id = ?", k.Now(), k.Now(), own.ID)
}

// rosterVerdicts are the verdicts of exportVerdicts about the columns of servers that the roster and the summary need.
var rosterVerdicts = map[string]string{
	"servers.agent_version":       stateOfAgent,
	"servers.needs_quick_connect": stateOfAgent,
	"servers.states_at":           stateOfAgent,
	"servers.up_since":            stateOfAgent,
}
