package bench

import "time"

// A Result is what one target did in one slice.
type Result struct {
	Done  int             // answers with a wanted status
	Shed  int             // answers that asked to come again later
	Took  time.Duration   // how long the slice lasted, by the clock
	CPU   time.Duration   // what the server used in the slice, in user and system mode; 0 if nobody knows
	Times []time.Duration // how long each done answer took, in any order
}

// PerSecond returns the answers in one second of the clock.
func (r *Result) PerSecond() float64 { return share(float64(r.Done), r.Took.Seconds()) }

// Cost returns the microseconds of CPU that one answer costs the server, and 0 if they are
// not known.
func (r *Result) Cost() float64 { return share(float64(r.CPU.Nanoseconds())/1e3, float64(r.Done)) }

// Within returns the time in milliseconds within which a part of the answers came. The parameter
// part is from 0 to 1.
func (r *Result) Within(part float64) float64 {
	times := make([]float64, len(r.Times))
	for i, t := range r.Times {
		times[i] = float64(t.Nanoseconds()) / 1e6
	}
	return Quantile(times, part)
}

// better returns how many times as good as other this result is: by the cost of an answer, or, if
// one of the two costs is not known, by the answers in a second. It returns 0 if nothing is known.
func (r *Result) better(other *Result) float64 {
	if r.Cost() > 0 && other.Cost() > 0 {
		return other.Cost() / r.Cost()
	}
	return share(r.PerSecond(), other.PerSecond())
}

func share(part, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return part / whole
}
