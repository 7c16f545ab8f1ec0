package scanpaths

import (
	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure"
)

func init() {
	measure.Register(measure.Measure{
		Name:  "levenshtein",
		About: "string edit distance of the cells that are looked at: the same cells in the same order",
		Parameters: []measure.Parameter{
			{Name: "grid", Default: "5", About: "rows and columns of the cells", Least: 1, Most: 256, Whole: true},
		},
		Prepare: prepareLevenshtein,
	})
}

// prepareLevenshtein: R_ij = 1 - d / max(n, m) with d the edit distance (Levenshtein, Soviet Physics Doklady 1966; of
// scanpaths Brandt & Stark, Journal of Cognitive Neuroscience 1997): how many of the n or m fixations must be inserted,
// deleted or replaced so that both visit the same cells of a grid x grid partition of the frame in the same order.
func prepareLevenshtein(w *measure.Work) (relation.Blocks, error) {
	grid := int(w.Settings.Number("grid"))
	words := make([][]int, len(w.Paths))
	for i, r := range w.Paths {
		words[i] = cells(r, grid, grid, grid)
	}
	most := longest(words)
	return pairs(w, func() func(i, j int) float64 {
		row := make([]int, most)
		return func(i, j int) float64 {
			a, b := words[i], words[j]
			return 1 - float64(levenshtein(a, b, row))/float64(max(len(a), len(b)))
		}
	})
}

// levenshtein is the edit distance; row is scratch memory.
func levenshtein(a, b []int, row []int) int {
	row = row[:len(b)]
	for j := range row {
		row[j] = j + 1
	}
	for i, v := range a {
		corner, left := i, i+1
		for j, u := range b[:len(row)] {
			up := row[j]
			replaced := corner
			if v != u {
				replaced++
			}
			left = min(replaced, min(up, left)+1)
			row[j] = left
			corner = up
		}
	}
	return row[len(row)-1]
}
