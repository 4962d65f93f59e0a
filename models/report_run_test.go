package models_test

import (
	"strings"
	"testing"
)

// If reports come in turns from two runs of an agent, each run hears that there is another
// one. After a restart the new run hears that once. An agent that names no run hears
// nothing, and nobody hears about it.
func TestReportsOfTwoRuns(t *testing.T) {
	eachServer(t, func(k *kit) {
		m, other := k.agent(k.account()), k.agent(k.account())
		long := strings.Repeat("ü", 5000)
		for i, step := range []struct {
			of   media
			run  string
			want bool
		}{
			{m, "", false},
			{m, "first", false},
			{m, "first", false},
			{m, "second", true},
			{m, "second", false},
			{m, "", false},
			{m, "first", true},
			{m, "second", true},
			{other, "first", false},
			{m, "second", false},
			{m, long, true},
			{m, long, false},
		} {
			in := report()
			in.Run = step.run
			got, err := k.Agents.Report(k.t.Context(), k.again(step.of).Server, in)
			k.must(err)
			if got.AnotherRun != step.want {
				k.t.Errorf("report %d of the run %.9q: another run %t, want %t", i, step.run, got.AnotherRun, step.want)
			}
		}
	})
}
