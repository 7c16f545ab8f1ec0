// Package scanpaths has the measures of similarity that compare fixations: their places, their order and their durations, and
// the moments of the regions that they dwell on.
//
// Places are taken from the centre of the frame, so that scanpaths on frames of other sizes and shapes are laid centre on centre.
package scanpaths

import (
	"math"

	"gzpt/gaze"
	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure"
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

// rounding is what numbers that are decimals in a file may be off by, relative to them, far above what sums of them are and far
// below a difference that a tracker knows. Where two are compared that are often equal, it decides as decimals would, whatever
// the order of the sum.
const rounding = 1e-12

// nearest is the nearest whole number, the larger of two.
func nearest(v float64) float64 { return math.Floor(v*(1+rounding) + .5) }

// limit keeps a coordinate so small that no distance and no sum of distances overflows.
func limit(v float64) float64 { return min(max(v, -1e9), 1e9) }

func diagonal(r gaze.Recording) float64 { return math.Hypot(r.Width, r.Height) }

// scanpaths is the places of every path's fixations in units of its frame's diagonal: two places in frames are at most
// 1 apart, whatever the frames' sizes and shapes, and in one frame they are as far apart as their pixels.
func scanpaths(w *measure.Work) [][]point {
	out := make([][]point, len(w.Paths))
	for i, r := range w.Paths {
		out[i] = places(r, diagonal(r))
	}
	return out
}

// cells is the cell of a grid of cols x rows over the frame that each fixation lies in, as column + row*stride; what is
// off the frame belongs to the nearest cell.
func cells(r gaze.Recording, cols, rows, stride int) []int {
	out := make([]int, len(r.Fixations))
	for i, f := range r.Fixations {
		out[i] = measure.Cell(f.X/r.Width, cols) + measure.Cell(f.Y/r.Height, rows)*stride
	}
	return out
}

// longest is the length of the longest of some sequences.
func longest[T any](sequences [][]T) int {
	n := 0
	for _, s := range sequences {
		n = max(n, len(s))
	}
	return n
}

// pairs is [measure.Work.Pairs] for a similarity of fixations: paths without any, which may have a heat map instead, have
// similarity 0.
func pairs(w *measure.Work, newWorker func() (similarity func(i, j int) float64)) (relation.Blocks, error) {
	return w.Pairs(func() func(i, j int) float64 {
		similarity := newWorker()
		return func(i, j int) float64 {
			if len(w.Paths[i].Fixations) == 0 || len(w.Paths[j].Fixations) == 0 {
				return 0
			}
			return similarity(i, j)
		}
	})
}

// bits is a number that is not negative as an integer of the same order: minima and maxima of integers are single
// instructions without a branch.
func bits(v float64) int64 { return int64(math.Float64bits(v)) }

func fromBits(v int64) float64 { return math.Float64frombits(uint64(v)) }
