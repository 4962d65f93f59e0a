package bench_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/bench"
)

// ran records the order in which targets run. Each run of a target returns the next of its costs.
type ran struct {
	order []string
	costs map[string][]time.Duration // of one answer, by round; the round of warming comes first
}

func (r *ran) target(of, name string, compare ...bench.Comparison) bench.Target {
	return bench.Target{Name: name, Compare: compare, Run: func(_ context.Context, took time.Duration) (bench.Result, error) {
		r.order = append(r.order, of+" "+name)
		costs := r.costs[of+" "+name]
		r.costs[of+" "+name] = costs[1:]
		return bench.Result{Done: 10, Took: took, CPU: 10 * costs[0], Times: []time.Duration{time.Millisecond}}, nil
	}}
}

func micros(all ...int) []time.Duration {
	var out []time.Duration
	for _, one := range all {
		out = append(out, time.Duration(one)*time.Microsecond)
	}
	return out
}

func examplePlan(r *ran) *bench.Plan {
	return &bench.Plan{
		Cases: []bench.Case{
			{Name: "a", Targets: []bench.Target{
				r.target("a", "floor"), r.target("a", "own", bench.Comparison{Of: "floor", Least: 0.8}, bench.Comparison{Of: "nobody"}),
			}},
			{Name: "b", Targets: []bench.Target{r.target("b", "own", bench.Comparison{Least: 2000})}},
		},
		Rounds: 3, Slice: time.Second, Warm: time.Millisecond, Random: rand.New(rand.NewPCG(1, 2)),
	}
}

// TestRoundsAreInterleaved checks that each round has every target once, and that the targets of a
// case are side by side, in an order that changes.
func TestRoundsAreInterleaved(t *testing.T) {
	t.Parallel()
	r := &ran{costs: map[string][]time.Duration{
		"a floor": micros(900, 50, 60, 70), "a own": micros(900, 100, 100, 100), "b own": micros(900, 250, 200, 500),
	}}
	measured, err := examplePlan(r).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(r.order) != 12 {
		t.Fatalf("got %d slices, want 12: 3 targets in 3 rounds and one to warm up", len(r.order))
	}
	orders := map[string]bool{}
	for round := range slices.Chunk(r.order, 3) {
		orders[strings.Join(round, ",")] = true
		if round[1] == "b own" {
			t.Errorf("got the order %v, want the targets of a case side by side", round)
		}
		slices.Sort(round)
		if !slices.Equal(round, []string{"a floor", "a own", "b own"}) {
			t.Errorf("got the round %v, want each target once", round)
		}
	}
	if len(orders) < 2 {
		t.Errorf("got the same order in each round: %v", orders)
	}
	for _, m := range measured {
		if len(m.Results) != 3 {
			t.Errorf("%s %s: got %d results, want 3: warming does not count", m.Case, m.Target, len(m.Results))
		}
	}
}

// TestTableComparesRoundByRound checks the table: it has the ratios of the costs in the same round,
// with the goals beside them.
func TestTableComparesRoundByRound(t *testing.T) {
	t.Parallel()
	r := &ran{costs: map[string][]time.Duration{
		"a floor": micros(900, 50, 90, 70), "a own": micros(900, 100, 100, 100), "b own": micros(900, 250, 200, 500),
	}}
	measured, err := examplePlan(r).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := bench.WriteTable(&b, measured); err != nil {
		t.Fatal(err)
	}
	want := `| case | program | requests/s | CPU µs | p50 ms | p99 ms | compared, round by round |
| --- | --- | --- | --- | --- | --- | --- |
| a | floor | 10.0 | 70.0 (50.0–90.0) | 1.00 | 1.00 |  |
|  | own | 10.0 | 100 | 1.00 | 1.00 | 0.70 (0.50–0.90) of floor, **short** (≥ 0.80) |
| b | own | 10.0 | 250 (200–500) | 1.00 | 1.00 | 4,000 (2,000–5,000) a second of CPU, **ok** (≥ 2,000) |
`
	if b.String() != want {
		t.Errorf("got the table\n%s\nwant\n%s", b.String(), want)
	}
}

// TestTableComparesHalves checks the ratios in the table: they compare the times within which half
// of the answers came.
func TestTableComparesHalves(t *testing.T) {
	t.Parallel()
	took := func(milliseconds ...int) bench.Result {
		var r bench.Result
		for _, one := range milliseconds {
			r.Times = append(r.Times, time.Duration(one)*time.Millisecond)
		}
		return r
	}
	var b strings.Builder
	err := bench.WriteTable(&b, []bench.Measured{
		{Case: "a", Target: "few", Results: []bench.Result{took(1, 2, 90), took(4, 4, 4), took(2, 2, 2)}},
		{
			Case: "a", Target: "many", Results: []bench.Result{took(1, 3, 4), took(5, 5, 90), took(2, 4, 4)},
			Compare: []bench.Comparison{{Of: "few", Half: true, Most: 1.4}},
		},
	})
	if want := " p50 1.50 (1.25–2.00) times that of few, **short** (≤ 1.40) |"; err != nil || !strings.Contains(b.String(), want) {
		t.Errorf("got error %v and the table\n%s\nwant one with %q", err, b.String(), want)
	}
}

func TestFiguresStandBesideTheirGoals(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	err := bench.WriteFigures(&b, []bench.Figure{
		{Name: "start", Unit: "s", Values: []float64{0.2, 0.3, 0.25}, Most: 0.3},
		{Name: "idle", Unit: "MiB", Values: []float64{41}, Most: 40},
		{Name: "mails", Unit: "a second", Values: []float64{80}, Least: 90},
		{Name: "resident", Unit: "MiB", Values: []float64{70}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `| what | measured | goal |
| --- | --- | --- |
| start | 0.25 (0.20–0.30) s | **ok** (≤ 0.30) |
| idle | 41.0 MiB | **short** (≤ 40.0) |
| mails | 80.0 a second | **short** (≥ 90.0) |
| resident | 70.0 MiB |  |
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

var errBroken = errors.New("broken")

func TestAFailureNamesItsCase(t *testing.T) {
	t.Parallel()
	plan := bench.Plan{
		Cases: []bench.Case{{Name: "GET /x", Targets: []bench.Target{{Name: "floor", Run: func(context.Context, time.Duration) (bench.Result, error) {
			return bench.Result{}, errBroken
		}}}}},
		Rounds: 1, Slice: 1, Random: rand.New(rand.NewPCG(1, 2)),
	}
	_, err := plan.Run(t.Context())
	if !errors.Is(err, errBroken) || !strings.Contains(err.Error(), "GET /x, floor") {
		t.Errorf("got %v, want an error that names the case and the target", err)
	}
}
