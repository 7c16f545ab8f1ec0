package measure

import (
	"cmp"
	"context"
	"slices"

	"gzpt/gaze"
	"gzpt/gaze/internal/parallel"
	"gzpt/gaze/internal/spec"
	"gzpt/gaze/relation"
	"gzpt/kernels"
)

// Settings is a measure's parameters by name.
type Settings = spec.Settings

// Work is what a measure prepares its comparison from.
type Work struct {
	Ctx      context.Context
	Device   kernels.Device
	Paths    []gaze.Recording
	Settings Settings
	// Blank, if not nil, tells the paths that the measure being prepared has nothing to compare by, though they have gaze.
	Blank []bool
}

// Each calls do for every index below n on all cores, in any order, as [parallel.Each] does.
func (w *Work) Each(n int, newWorker func() (do func(i int))) error {
	return parallel.Each(w.Ctx, n, newWorker)
}

// pairSide is the side of a block of pairs that are compared one by one.
const pairSide = 64

// Pairs is a comparison by a similarity of two paths. newWorker makes the similarity with one goroutine's scratch memory; it
// is called once for a pair of different paths that have gaze and are not blank, in an order that follows from their gaze
// alone: so the relation is symmetric, and does not depend on the order of the items, even where a similarity breaks ties or
// rounds by the order of the two.
func (w *Work) Pairs(newWorker func() (similarity func(i, j int) float64)) (relation.Blocks, error) {
	has := make([]bool, len(w.Paths))
	for i, p := range w.Paths {
		has[i] = p.HasGaze() && (w.Blank == nil || !w.Blank[i])
	}
	rank := ranks(w.Paths)
	return relation.Blocks{Side: pairSide, Blank: w.Blank, Compute: func(rows, cols relation.Span, dst []float32) error {
		return w.Each(rows.N, func() func(int) {
			similarity := newWorker()
			return func(a int) {
				for b := range cols.N {
					i, j := rows.First+a, cols.First+b
					if i >= j || !has[i] || !has[j] {
						continue
					}
					if rank[i] > rank[j] {
						i, j = j, i
					}
					dst[a*cols.N+b] = float32(similarity(i, j))
				}
			}
		})
	}}, nil
}

// ranks is a number for every path so that the order of two paths follows from what they hold alone, not from where they
// stand among the others; equal paths may have any order.
func ranks(paths []gaze.Recording) []int {
	order := make([]int, len(paths))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return Compare(paths[a], paths[b]) })
	rank := make([]int, len(paths))
	for k, i := range order {
		rank[i] = k
	}
	return rank
}

// Compare orders recordings by what they are compared by: their fixations, their frames, and last the cells of their heat maps.
func Compare(a, b gaze.Recording) int {
	if c := slices.CompareFunc(a.Fixations, b.Fixations, compareFixations); c != 0 {
		return c
	}
	if c := cmp.Or(cmp.Compare(a.Width, b.Width), cmp.Compare(a.Height, b.Height), compareResolutions(a.Resolution, b.Resolution)); c != 0 {
		return c
	}
	return slices.Compare(cellsOf(a), cellsOf(b))
}

func compareFixations(f, g gaze.Fixation) int {
	return cmp.Or(cmp.Compare(f.X, g.X), cmp.Compare(f.Y, g.Y), cmp.Compare(f.Duration, g.Duration), compareResolutions(f.Resolution, g.Resolution))
}

func compareResolutions(a, b gaze.Resolution) int {
	return cmp.Or(cmp.Compare(a.X, b.X), cmp.Compare(a.Y, b.Y))
}

// cellsOf is how many cells lie in a row of a recording's heat map, and these cells.
func cellsOf(r gaze.Recording) []float32 {
	if r.Map == nil {
		return nil
	}
	return append([]float32{float32(r.Map.Cols)}, r.Map.Values...)
}
