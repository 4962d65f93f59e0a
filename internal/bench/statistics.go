package bench

import (
	"math"
	"slices"
)

// A Spread is the median of some values, with the smallest and the largest of them.
type Spread struct {
	Median, Least, Most float64
}

// SpreadOf returns the spread of values in any order, and the zero Spread for none.
func SpreadOf(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	return Spread{Median: Quantile(values, 0.5), Least: slices.Min(values), Most: slices.Max(values)}
}

// Quantile returns the value that a part of the values does not exceed. The parameter part is from 0
// to 1. If the result lies between two of the values, it is a point on the line between them.
// Quantile returns 0 for no values.
func Quantile(values []float64, part float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	at := part * float64(len(sorted)-1)
	below := int(math.Floor(at))
	above := min(below+1, len(sorted)-1)
	return sorted[below] + (sorted[above]-sorted[below])*(at-float64(below))
}

// ratios compares two targets. For each round, it returns how many times as good the first one is as
// the second.
func ratios(of, with *Measured) []float64 {
	var all []float64
	for i := range min(len(of.Results), len(with.Results)) {
		if ratio := of.Results[i].better(&with.Results[i]); ratio > 0 {
			all = append(all, ratio)
		}
	}
	return all
}

// halves returns a ratio for each round. It divides the time within which half of the answers of
// the first target came by the same time of the second target.
func halves(of, with *Measured) []float64 {
	var all []float64
	for i := range min(len(of.Results), len(with.Results)) {
		if ratio := share(of.Results[i].Within(0.5), with.Results[i].Within(0.5)); ratio > 0 {
			all = append(all, ratio)
		}
	}
	return all
}

// each calls value with the result of each round, and returns the values that it gets.
func (m *Measured) each(value func(*Result) float64) []float64 {
	all := make([]float64, len(m.Results))
	for i := range m.Results {
		all[i] = value(&m.Results[i])
	}
	return all
}
