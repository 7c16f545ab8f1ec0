package similarity

import (
	"cmp"
	"math"
	"slices"

	"gzpt/gaze"
)

// point is a place, or a step from one place to another.
type point struct{ x, y float64 }

// squared is the squared Euclidean distance. The conversions keep the compiler from fusing the products with the sum,
// which would give other bits on other machines.
func (p point) squared(q point) float64 {
	dx, dy := p.x-q.x, p.y-q.y
	return float64(dx*dx) + float64(dy*dy)
}

func (p point) distance(q point) float64 { return math.Sqrt(p.squared(q)) }

// places is the positions of a recording's fixations from the centre of its frame, in units of unit pixels.
func places(r gaze.Recording, unit float64) []point {
	out := make([]point, len(r.Fixations))
	for i, f := range r.Fixations {
		out[i] = point{limit((f.X - r.Width/2) / unit), limit((f.Y - r.Height/2) / unit)}
	}
	return out
}

// limit keeps a coordinate so small that no distance and no sum of distances overflows.
func limit(v float64) float64 { return min(max(v, -1e9), 1e9) }

func diagonal(r gaze.Recording) float64 { return math.Hypot(r.Width, r.Height) }

// scanpaths is the places of every path's fixations in units of its frame's diagonal: two places in frames are at most
// 1 apart, whatever the frames' sizes and shapes, and in one frame they are as far apart as their pixels.
func (w *work) scanpaths() [][]point {
	out := make([][]point, len(w.paths))
	for i, r := range w.paths {
		out[i] = places(r, diagonal(r))
	}
	return out
}

// cells is the cell of a grid of cols x rows over the frame that each fixation lies in, as column + row*stride; what is
// off the frame belongs to the nearest cell.
func cells(r gaze.Recording, cols, rows, stride int) []int {
	out := make([]int, len(r.Fixations))
	for i, f := range r.Fixations {
		out[i] = cellOf(f.X/r.Width, cols) + cellOf(f.Y/r.Height, rows)*stride
	}
	return out
}

func cellOf(fraction float64, n int) int {
	return int(min(max(math.Floor(fraction*float64(n)), 0), float64(n-1)))
}

// longest is the length of the longest of some sequences.
func longest[T any](sequences [][]T) int {
	n := 0
	for _, s := range sequences {
		n = max(n, len(s))
	}
	return n
}

// scanpathPairs is [work.pairs] for a similarity of fixations: paths without any, which may have a heat map instead, have
// similarity 0.
func (w *work) scanpathPairs(newWorker func() (similarity func(i, j int) float64)) (comparison, error) {
	return w.pairs(func() func(i, j int) float64 {
		similarity := newWorker()
		return func(i, j int) float64 {
			if len(w.paths[i].Fixations) == 0 || len(w.paths[j].Fixations) == 0 {
				return 0
			}
			return similarity(i, j)
		}
	})
}

// ranks is a number for every path so that the order of two paths follows from what they hold alone, not from where they
// stand among the others; equal paths may have any order.
func ranks(paths []gaze.Recording) []int {
	order := make([]int, len(paths))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return compareRecordings(paths[a], paths[b]) })
	rank := make([]int, len(paths))
	for k, i := range order {
		rank[i] = k
	}
	return rank
}

// compareRecordings orders recordings by their fixations, then by their frames.
func compareRecordings(a, b gaze.Recording) int {
	return cmp.Or(
		slices.CompareFunc(a.Fixations, b.Fixations, func(f, g gaze.Fixation) int {
			return cmp.Or(cmp.Compare(f.X, g.X), cmp.Compare(f.Y, g.Y), cmp.Compare(f.Duration, g.Duration))
		}),
		cmp.Compare(a.Width, b.Width), cmp.Compare(a.Height, b.Height))
}

// bits is a number that is not negative as an integer of the same order: minima and maxima of integers are single
// instructions without a branch.
func bits(v float64) int64 { return int64(math.Float64bits(v)) }

func fromBits(v int64) float64 { return math.Float64frombits(uint64(v)) }
