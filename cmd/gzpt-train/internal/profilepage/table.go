// Package profilepage shows a profile to a person: as a table for a terminal, and as one HTML page with the roofline drawn,
// which needs no other file, no script and no network.
package profilepage

import (
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"gzpt/nn/profile"
)

// columns are those of device i in a table: what it was timed at, for a prediction what that follows from, and behind the first
// device the ratio.
func columns(i int, s *profile.Step) []string {
	names := []string{"ms", "share", "GFLOP/s", "peak", "GB/s", "copy"}
	if s.Predicted {
		names = append(names, "limit")
	}
	if i > 0 {
		names = append(names, "ratio")
	}
	return names
}

// WriteTable writes the groups of all devices side by side, at most top of them and the rest as one row; 0 for all.
func WriteTable(w io.Writer, r *profile.Report, by profile.Grouping, top int) error {
	var b strings.Builder
	b.WriteString(about(r) + "\n")
	for _, s := range r.Devices {
		b.WriteString(summary(s) + "\n")
	}
	b.WriteByte('\n')
	head := []string{"operation", "calls"}
	above := []string{"", ""}
	for i, s := range r.Devices {
		names := columns(i, s)
		head = append(head, names...)
		above = append(append(above, name(s)), make([]string, len(names)-1)...)
	}
	var lines [][]string
	for _, row := range cut(profile.Rows(r.Devices, by), top) {
		lines = append(lines, cells(r, row))
	}
	b.WriteString(aligned(above, append([][]string{head}, lines...)))
	_, err := io.WriteString(w, b.String())
	return err
}

// about says what was profiled.
func about(r *profile.Report) string {
	c := r.Settings
	text := fmt.Sprintf("%s, %v, %d x %d, batch %d, %s, %s; medians of %d steps", c.Method, c.Arch, c.Height, c.Width, c.Batch, c.Precision, c.Optimiser.Name, r.Steps)
	if c.Accumulate > 1 {
		text += fmt.Sprintf(" of %d micro-batches", c.Accumulate)
	}
	return text
}

// name is a device as the head of its columns has it.
func name(s *profile.Step) string {
	if s.Predicted {
		return s.Device + " (predicted)"
	}
	return s.Device
}

// summary is a device in a line.
func summary(s *profile.Step) string {
	c := s.Ceilings
	text := fmt.Sprintf("%s: a step takes %s", name(s), milliseconds(s.Seconds))
	if !s.Predicted {
		text += fmt.Sprintf(", %s where every operation is waited for, of which the host takes %s", milliseconds(s.Recorded), milliseconds(s.Host()))
	}
	if c.Peak > 0 {
		text += "; peak " + gflops(c.Peak)
	}
	text += fmt.Sprintf("; copy %.4g GB/s (%s)", c.Memory(), c.Source)
	if s.Note != "" {
		text += ". " + s.Note
	}
	return text
}

// gflops is a rate of operations as people write it.
func gflops(v float64) string {
	if v >= 1000 {
		return fmt.Sprintf("%.0f GFLOP/s", v)
	}
	return fmt.Sprintf("%.4g GFLOP/s", v)
}

func milliseconds(seconds float64) string { return fmt.Sprintf("%.4g ms", 1e3*seconds) }

// cut is the first top rows and the sum of the others; 0 for all.
func cut(rows []profile.Row, top int) []profile.Row {
	if top == 0 || len(rows) <= top {
		return rows
	}
	rest := profile.Sum(rows[top:])
	rest.Operation = fmt.Sprintf("%d more", len(rows)-top)
	return append(rows[:top:top], rest)
}

// label is the name of a row.
func label(k profile.Key) string {
	words := []string{k.Operation}
	for _, more := range []string{k.Layer, k.Shape} {
		if more != "" {
			words = append(words, more)
		}
	}
	return strings.Join(words, "  ")
}

// cells are a row as text.
func cells(r *profile.Report, row profile.Row) []string {
	line := []string{label(row.Key), ""}
	for i, g := range row.On {
		if line[1] == "" && g.Calls > 0 {
			line[1] = fmt.Sprintf("%.4g", g.Calls)
		}
		values := map[string]string{"ms": "-"}
		if g.Calls > 0 {
			values = map[string]string{
				"ms": fmt.Sprintf("%.3f", 1e3*g.Seconds), "share": percent(g.Share), "GFLOP/s": positive(g.GFLOPs()), "peak": percent(g.OfPeak),
				"GB/s": positive(g.GBs()), "copy": percent(g.OfCopy), "limit": g.Limit, "ratio": ratio(row.Ratio(i)),
			}
		}
		for _, name := range columns(i, r.Devices[i]) {
			line = append(line, values[name])
		}
	}
	return line
}

func percent(share float64) string {
	if share == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f%%", 100*share)
}

func positive(v float64) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f", v)
}

func ratio(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return fmt.Sprintf("%.2f", v)
}

// aligned writes lines in columns, the first to the left; above are texts that begin at their columns and may run over those
// behind.
func aligned(above []string, lines [][]string) string {
	width := make([]int, len(above))
	for _, line := range lines {
		for i, cell := range line {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	at, column := 0, 0
	for i, text := range above {
		if text != "" && column > at {
			b.WriteString(strings.Repeat(" ", column-at))
			at = column
		}
		b.WriteString(text)
		at += utf8.RuneCountInString(text)
		column += width[i] + 2
	}
	b.WriteByte('\n')
	for _, line := range lines {
		var l strings.Builder
		for i, cell := range line {
			space := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				l.WriteString(cell + space)
			} else {
				l.WriteString("  " + space + cell)
			}
		}
		b.WriteString(strings.TrimRight(l.String(), " ") + "\n")
	}
	return b.String()
}
