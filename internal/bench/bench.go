// Package bench measures programs that answer HTTP. It sends requests over kept
// connections, counts what a process uses of its core, repeats everything in interleaved
// rounds, and writes the outcome as a table of ratios.
//
// It knows no route of the service. The cases are in cmd/bench.
package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// A Target is one program in one case.
type Target struct {
	Name    string
	Compare []Comparison
	// Run sends requests for the given time. It is called once for each round.
	Run func(ctx context.Context, took time.Duration) (Result, error)
}

// A Comparison names the other program that a target is compared with, and the goal.
type Comparison struct {
	Of    string  // the name of another target of the case; "" compares the answers that a second of CPU gives
	Least float64 // the goal: the ratio must be at least this; 0 for none

	Half bool    // compares the times within which half of the answers came (p50), instead of the costs
	Most float64 // the goal of the comparison of times: the ratio must be at most this; 0 for none
}

// A Case is a request that several targets answer.
type Case struct {
	Name    string
	Targets []Target
}

// A Plan says how often and for how long everything is measured.
type Plan struct {
	Cases  []Case
	Rounds int
	Slice  time.Duration // for one target in one round
	Warm   time.Duration // before the first round; 0 for none
	Random *rand.Rand    // shuffles; a fixed seed gives the same order again

	Progress func(round int) // called before each round with its number, which is 0 for the round that warms up; may be nil
}

// Measured holds the results of one target, one for each round.
type Measured struct {
	Case, Target string
	Compare      []Comparison
	Results      []Result
}

// Run measures every target of every case once in each round. The cases are shuffled in each round,
// and so are the targets of a case, which are measured directly one after the other. So other work
// on the machine changes both sides of a ratio in the same way.
func (p *Plan) Run(ctx context.Context) ([]Measured, error) {
	all := make([][]Measured, len(p.Cases))
	for i, c := range p.Cases {
		all[i] = make([]Measured, len(c.Targets))
		for j, target := range c.Targets {
			all[i][j] = Measured{Case: c.Name, Target: target.Name, Compare: target.Compare}
		}
	}
	for round := range p.Rounds + 1 {
		slice := p.Slice
		if round == 0 {
			slice = p.Warm
		}
		if slice == 0 {
			continue
		}
		if p.Progress != nil {
			p.Progress(round)
		}
		if err := p.round(ctx, slice, all, round > 0); err != nil {
			return nil, err
		}
	}
	var flat []Measured
	for _, one := range all {
		flat = append(flat, one...)
	}
	return flat, nil
}

// round measures every target once for the time slice, and adds the results to all if keep is true.
func (p *Plan) round(ctx context.Context, slice time.Duration, all [][]Measured, keep bool) error {
	for _, i := range p.Random.Perm(len(p.Cases)) {
		for _, j := range p.Random.Perm(len(p.Cases[i].Targets)) {
			if err := ctx.Err(); err != nil {
				return err
			}
			target := p.Cases[i].Targets[j]
			result, err := target.Run(ctx, slice)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", p.Cases[i].Name, target.Name, err)
			}
			if keep {
				all[i][j].Results = append(all[i][j].Results, result)
			}
		}
	}
	return nil
}
