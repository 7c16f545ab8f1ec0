package scanpaths

import (
	"math"

	"gzpt/gaze"
	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure"
)

func init() {
	measure.Register(measure.Measure{
		Name:  "scanmatch",
		About: "cells that are looked at, aligned so that near cells match: the same places in the same order",
		Parameters: []measure.Parameter{
			{Name: "cols", Default: "8", About: "columns of cells; the paper has 12 x 8", Least: 1, Most: 64, Whole: true},
			{Name: "rows", Default: "6", About: "rows of cells", Least: 1, Most: 64, Whole: true},
			{Name: "threshold", Default: "3.5", About: "cells nearer than this, in cells, add to the score, others take from it", Least: 1e-3, Most: 100},
			{Name: "bin", Default: "0", About: "seconds of a fixation that count as one visit of its cell; 0 counts a fixation once", Least: 0, Most: 1e3},
		},
		Prepare: prepareScanMatch,
	})
}

// prepareScanMatch compares scanpaths as sequences of n and m cells of a grid (Cristino, Mathôt, Theeuwes & Gilchrist,
// Behavior Research Methods 2010), aligned by the algorithm of Needleman & Wunsch (1970) without a cost for gaps:
//
//	F_ij = max(F_i-1,j-1 + S_ij, F_i-1,j, F_i,j-1), S_ij = T - |c_i - c_j|, R = F_nm / (T max(n, m))
//
// with c a cell's column and row and T the threshold. With the parameter bin a fixation counts duration/bin times, to the
// nearest whole number and the larger of two, as in the paper; a scanpath of which nothing remains has similarity 0.
func prepareScanMatch(w *measure.Work) (relation.Blocks, error) {
	s := newSubstitution(int(w.Settings.Number("cols")), int(w.Settings.Number("rows")), w.Settings.Number("threshold"))
	words := make([][]int, len(w.Paths))
	for i, r := range w.Paths {
		words[i] = s.word(r, w.Settings.Number("bin"))
	}
	most := longest(words)
	return pairs(w, func() func(i, j int) float64 {
		row := make([]int64, most)
		return func(i, j int) float64 { return s.similarity(words[i], words[j], row) }
	})
}

// substitution is what it scores to match two cells, by the difference of their numbers. Scores are integers, in units of
// 2^-32 cells, so that a maximum takes one instruction and sums do not depend on their order.
type substitution struct {
	cols, rows, stride int
	scores             []int64
	perfect            int64
}

func newSubstitution(cols, rows int, threshold float64) *substitution {
	s := &substitution{cols: cols, rows: rows, stride: 2*cols - 1, perfect: fixedPoint(threshold)}
	s.scores = make([]int64, s.stride*(2*rows-1))
	for k := range s.scores {
		dx, dy := k%s.stride-(cols-1), k/s.stride-(rows-1)
		s.scores[k] = fixedPoint(threshold - math.Hypot(float64(dx), float64(dy)))
	}
	return s
}

func fixedPoint(v float64) int64 { return int64(math.Round(v * (1 << 32))) }

// word is the cells of a scanpath, numbered so that the difference of two numbers tells both columns and rows apart.
func (s *substitution) word(r gaze.Recording, bin float64) []int {
	once := cells(r, s.cols, s.rows, s.stride)
	if bin == 0 {
		return once
	}
	var word []int
	for i, c := range once {
		for range int(math.Min(nearest(r.Fixations[i].Duration/bin), maxSamples)) {
			word = append(word, c)
		}
	}
	return word
}

// similarity is the normalised score of the best alignment; row is scratch memory.
func (s *substitution) similarity(a, b []int, row []int64) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	row = row[:len(b)]
	clear(row)
	scores, middle := s.scores, len(s.scores)/2
	for _, v := range a {
		corner, left := int64(0), int64(0)
		v += middle
		for j, u := range b[:len(row)] {
			up := row[j]
			left = max(corner+scores[v-u], max(up, left))
			row[j] = left
			corner = up
		}
	}
	return float64(row[len(row)-1]) / (float64(s.perfect) * float64(max(len(a), len(b))))
}
