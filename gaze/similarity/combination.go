package similarity

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure"
)

// part is a measure in a weighted combination.
type part struct {
	weight   float64
	measure  measure.Measure
	settings measure.Settings
}

// isCombination tells the text of a combination, "0.5*heatmap-cc+0.5*tima:eps=0.1", from that of a measure.
func isCombination(spec string) bool { return strings.Contains(spec, "*") }

// parseCombination reads weights and measures; the weights may have any sum.
func parseCombination(spec string) ([]part, error) {
	var parts []part
	for _, text := range splitCombination(spec) {
		weight, name, found := strings.Cut(text, "*")
		if !found || name == "" {
			return nil, fmt.Errorf("gaze measure %q: %q, expected weight*measure", spec, text)
		}
		v, err := strconv.ParseFloat(weight, 64)
		if err != nil || !(v > 0) || math.IsInf(v, 1) {
			return nil, fmt.Errorf("gaze measure %q: weight %q, expected a number above 0", spec, weight)
		}
		if isCombination(name) {
			return nil, fmt.Errorf("gaze measure %q: %q, expected weight*measure", spec, text)
		}
		m, s, err := measure.Parse(name)
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
func combination(spec string, parts []part) measure.Measure {
	return measure.Measure{Name: spec, Prepare: func(w *measure.Work) (relation.Blocks, error) { return combine(w, parts) }}
}

// combine prepares all parts and adds up their blocks, in the order of the parts.
func combine(w *measure.Work, parts []part) (relation.Blocks, error) {
	total := 0.0
	for _, p := range parts {
		total += p.weight
	}
	all := make([]relation.Blocks, len(parts))
	side := math.MaxInt
	for i, p := range parts {
		own := *w
		own.Settings, own.Blank = p.settings, nil
		blocks, err := p.measure.Prepare(&own)
		if err != nil {
			return relation.Blocks{}, fmt.Errorf("%s: %w", p.measure.Name, err)
		}
		all[i], side = blocks, min(side, blocks.Side)
	}
	var scratch []float32
	return relation.Blocks{Side: side, Compute: func(rows, cols relation.Span, dst []float32) error {
		clear(dst)
		scratch = slices.Grow(scratch[:0], len(dst))[:len(dst)]
		for i, blocks := range all {
			clear(scratch)
			if err := blocks.Compute(rows, cols, scratch); err != nil {
				return err
			}
			share := float32(parts[i].weight / total)
			err := w.Each(rows.N, func() func(int) {
				return func(a int) {
					line := scratch[a*cols.N : (a+1)*cols.N]
					blocks.FinishRow(rows.First+a, cols, line)
					for b, v := range line {
						dst[a*cols.N+b] += share * v
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
		texts[i] = text(p.weight) + "*" + p.measure.Text(p.settings)
	}
	return strings.Join(texts, "+")
}

// text is the shortest text of a number.
func text(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
