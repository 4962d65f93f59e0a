package models

import "time"

// What follows lends parts of the inside of invites, changes and proofs to the
// tests; see bridge_test.go.

// The hot statements.
const (
	LookChanges   = lookChanges
	AgentLinks    = agentLinks
	PeopleOf      = peopleOf
	LocalUsersOf  = localUsersOf
	InviteServers = inviteServers
)

// LookForChanges sets how often a long poll looks for changes of other
// processes.
func LookForChanges(s *Store, every time.Duration) { s.Changes.lookEvery = every }
