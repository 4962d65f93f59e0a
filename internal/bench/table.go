package bench

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// A Figure is a value that is not a ratio. It is measured once or a few times.
type Figure struct {
	Name, Unit string
	Values     []float64
	Most       float64 // the goal: the median may be no higher; 0 for none
	Least      float64 // the goal: the median may be no lower; 0 for none
}

// WriteTable writes the measured targets as a table in Markdown.
func WriteTable(w io.Writer, all []Measured) error {
	var b strings.Builder
	b.WriteString("| case | program | requests/s | CPU µs | p50 ms | p99 ms | compared, round by round |\n")
	b.WriteString("| --- | --- | --- | --- | --- | --- | --- |\n")
	said := ""
	for i := range all {
		m := &all[i]
		name := m.Case
		if name == said {
			name = ""
		}
		said = m.Case
		p50 := SpreadOf(m.each(func(r *Result) float64 { return r.Within(0.5) }))
		p99 := SpreadOf(m.each(func(r *Result) float64 { return r.Within(0.99) }))
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", name, m.Target+shed(m),
			SpreadOf(m.each((*Result).PerSecond)), SpreadOf(m.each((*Result).Cost)), number(p50.Median), number(p99.Median), compared(all, m))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// shed returns a remark about the answers that asked to come again later, or "" if there were none.
func shed(m *Measured) string {
	n := 0
	for i := range m.Results {
		n += m.Results[i].Shed
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d shed)", n)
}

// compared returns the text about all comparisons of the target m.
func compared(all []Measured, m *Measured) string {
	var texts []string
	for _, comparison := range m.Compare {
		if text := compare(all, m, comparison); text != "" {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, "; ")
}

func compare(all []Measured, m *Measured, c Comparison) string {
	if c.Of == "" {
		perCore := SpreadOf(m.each(func(r *Result) float64 { return share(1e6, r.Cost()) }))
		return perCore.String() + " a second of CPU" + verdict(perCore.Median, c.Least, 0)
	}
	for i := range all {
		if all[i].Case == m.Case && all[i].Target == c.Of && c.Half {
			spread := SpreadOf(halves(m, &all[i]))
			return "p50 " + spread.String() + " times that of " + c.Of + verdict(spread.Median, 0, c.Most)
		}
		if all[i].Case == m.Case && all[i].Target == c.Of {
			spread := SpreadOf(ratios(m, &all[i]))
			return spread.String() + " of " + c.Of + verdict(spread.Median, c.Least, 0)
		}
	}
	return ""
}

// verdict returns the goal and whether value reaches it, or "" if there is no goal.
func verdict(value, least, most float64) string {
	switch {
	case least > 0 && value >= least:
		return ", **ok** (≥ " + number(least) + ")"
	case least > 0:
		return ", **short** (≥ " + number(least) + ")"
	case most > 0 && value <= most:
		return ", **ok** (≤ " + number(most) + ")"
	case most > 0:
		return ", **short** (≤ " + number(most) + ")"
	default:
		return ""
	}
}

// WriteFigures writes figures as a table in Markdown.
func WriteFigures(w io.Writer, all []Figure) error {
	var b strings.Builder
	b.WriteString("| what | measured | goal |\n| --- | --- | --- |\n")
	for _, f := range all {
		spread := SpreadOf(f.Values)
		goal := strings.TrimPrefix(verdict(spread.Median, f.Least, f.Most), ", ")
		fmt.Fprintf(&b, "| %s | %s %s | %s |\n", f.Name, spread, f.Unit, goal)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// String returns the median and, in brackets, the smallest and the largest value.
func (s Spread) String() string {
	if s.Least == s.Most {
		return number(s.Median)
	}
	return fmt.Sprintf("%s (%s–%s)", number(s.Median), number(s.Least), number(s.Most))
}

// number returns value as text with three significant digits, and with commas between the
// thousands.
func number(value float64) string {
	size := math.Abs(value)
	switch {
	case size == 0:
		return "0"
	case size < 10:
		return strconv.FormatFloat(value, 'f', 2, 64)
	case size < 100:
		return strconv.FormatFloat(value, 'f', 1, 64)
	}
	text := strconv.FormatInt(int64(math.Round(value)), 10)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}
