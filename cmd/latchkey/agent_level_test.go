package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/client"
)

// TestLevelsTable writes the levels of local users in each state.
func TestLevelsTable(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 11, 30, 20, 0, 0, 0, time.UTC)
	var table strings.Builder
	err := writeLevels(&table, []agent.LevelState{
		{LocalUserName: "Milo", Username: "milo", State: client.LevelEveryday, PINRequired: true},
		{LocalUserName: "Lea\x1b[31m", Username: "lea", State: client.LevelUnlocked, Until: until, PINRequired: true, Open: true, ByHand: []string{"hours", "may_not"}},
		{LocalUserName: "Root", Username: "rosa", State: client.LevelNotHeld, Problem: client.LevelProblemAdmin},
		{LocalUserName: "Ben", Username: "ben", State: client.LevelNotHeld},
		{Username: "kim", State: client.LevelWaiting, Problem: client.LevelProblemRefused},
		{LocalUserName: "Ida", Username: "ida", State: client.LevelEveryday, Problem: client.LevelProblemLibrary},
	}, "guests")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(table.String()) {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	want := []string{
		"LOCAL USER ACCOUNT LEVEL UNTIL CHANGED BY HAND PROBLEM",
		"Milo milo everyday, nobody new comes in without the PIN - - -",
		"Lea[31m lea unlocked " + moment(until) + " hours, may_not -",
		"Root rosa not held - - the local user is an administrator, for whom no limit holds",
		"Ben ben not held - - the setting levels=guests does not cover this local user, or nobody has allowed them",
		"- kim waits for the media server - - the media server refuses it",
		"Ida ida everyday - - a library that it names is gone",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
	table.Reset()
	if err := writeLevels(&table, nil, "guests"); err != nil || !strings.Contains(table.String(), "No local user has a level") {
		t.Errorf("%q, %v; want a sentence that there are none", table.String(), err)
	}
}
