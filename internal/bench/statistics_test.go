package bench_test

import (
	"testing"

	"github.com/latchkey-media/latchkey/internal/bench"
)

func TestSpreadOfValues(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		values []float64
		want   bench.Spread
		text   string
	}{
		{nil, bench.Spread{}, "0"},
		{[]float64{3}, bench.Spread{Median: 3, Least: 3, Most: 3}, "3.00"},
		{[]float64{9, 1, 5}, bench.Spread{Median: 5, Least: 1, Most: 9}, "5.00 (1.00–9.00)"},
		{[]float64{4, 1, 2, 3}, bench.Spread{Median: 2.5, Least: 1, Most: 4}, "2.50 (1.00–4.00)"},
		{[]float64{12345, 99.94, 1234567}, bench.Spread{Median: 12345, Least: 99.94, Most: 1234567}, "12,345 (99.9–1,234,567)"},
	} {
		got := bench.SpreadOf(test.values)
		if got != test.want || got.String() != test.text {
			t.Errorf("%v: got %+v and the text %q, want %+v and %q", test.values, got, got, test.want, test.text)
		}
	}
}

func TestQuantile(t *testing.T) {
	t.Parallel()
	values := []float64{40, 10, 30, 20, 50}
	for part, want := range map[float64]float64{0: 10, 0.25: 20, 0.5: 30, 0.99: 49.6, 1: 50} {
		if got := bench.Quantile(values, part); got < want-1e-9 || got > want+1e-9 {
			t.Errorf("quantile %v: got %v, want %v", part, got, want)
		}
	}
	if values[0] != 40 {
		t.Errorf("the values were sorted in place: got %v", values)
	}
}
