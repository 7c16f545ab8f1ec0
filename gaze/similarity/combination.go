package similarity

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// part is a measure in a weighted combination.
type part struct {
	weight   float64
	measure  Measure
	settings settings
}

// isCombination tells the text of a combination, "0.5*heatmap-cc+0.5*tima:eps=0.1", from that of a measure.
func isCombination(spec string) bool { return strings.Contains(spec, "*") }

// parseCombination reads weights and measures; the weights may have any sum.
func parseCombination(spec string) ([]part, error) {
	var parts []part
	for _, text := range splitCombination(spec) {
		weight, measure, found := strings.Cut(text, "*")
		if !found || measure == "" {
			return nil, fmt.Errorf("gaze measure %q: %q, expected weight*measure", spec, text)
		}
		v, err := strconv.ParseFloat(weight, 64)
		if err != nil || !(v > 0) || math.IsInf(v, 1) {
			return nil, fmt.Errorf("gaze measure %q: weight %q, expected a number above 0", spec, weight)
		}
		if isCombination(measure) {
			return nil, fmt.Errorf("gaze measure %q: %q, expected weight*measure", spec, text)
		}
		m, s, err := parseMeasure(measure)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part{v, m, s})
	}
	return parts, nil
}

// splitCombination cuts a combination at the plus signs that are not part of a number: "1e+3".
func splitCombination(spec string) []string {
	var parts []string
	first := 0
	for i, c := range spec {
		exponent := i >= 2 && (spec[i-1] == 'e' || spec[i-1] == 'E') && spec[i-2] >= '0' && spec[i-2] <= '9'
		if c == '+' && !exponent {
			parts, first = append(parts, spec[first:i]), i+1
		}
	}
	return append(parts, spec[first:])
}

// combination is the measure R = sum_p weight_p R_p / sum_p weight_p.
func combination(spec string, parts []part) Measure {
	return Measure{Name: spec, prepare: func(w *work) (comparison, error) { return w.combine(parts) }}
}

// combine prepares all parts and adds up their blocks, in the order of the parts.
func (w *work) combine(parts []part) (comparison, error) {
	total := 0.0
	for _, p := range parts {
		total += p.weight
	}
	comparisons := make([]comparison, len(parts))
	side := math.MaxInt
	for i, p := range parts {
		own := *w
		own.settings, own.blank = p.settings, nil
		c, err := p.measure.prepare(&own)
		if err != nil {
			return comparison{}, fmt.Errorf("%s: %w", p.measure.Name, err)
		}
		comparisons[i], side = c, min(side, c.side)
	}
	var scratch []float32
	return comparison{side: side, compare: func(rows, cols span, dst []float32) error {
		clear(dst)
		scratch = grown(scratch, len(dst))
		for i, c := range comparisons {
			clear(scratch)
			if err := c.compare(rows, cols, scratch); err != nil {
				return err
			}
			share := float32(parts[i].weight / total)
			err := w.each(rows.n, func() func(int) {
				return func(a int) {
					line := scratch[a*cols.n : (a+1)*cols.n]
					c.finishRow(rows.first+a, cols, line)
					for b, v := range line {
						dst[a*cols.n+b] += share * v
					}
				}
			})
			if err != nil {
				return err
			}
		}
		return nil
	}}, nil
}

// resolveCombination writes a combination with every parameter of its parts.
func resolveCombination(parts []part) string {
	texts := make([]string, len(parts))
	for i, p := range parts {
		texts[i] = text(p.weight) + "*" + p.measure.resolved(p.settings)
	}
	return strings.Join(texts, "+")
}

// text is the shortest text of a number.
func text(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
