package heatmaps

import (
	"cmp"
	"slices"
	"sort"

	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure"
)

func init() {
	measure.Register(measure.Measure{
		Name:       "auc-judd",
		About:      "how well each map tells the cells that the other fixated from the rest: the area under the ROC curve",
		Parameters: mapParameters,
		Prepare:    prepareAUCJudd,
	})
}

// prepareAUCJudd: AUC(S, F) is the area under the curve of the share of the fixations F over the share of the cells without a
// fixation that lie above a threshold of the map S, for all thresholds (Judd et al., ICCV 2009): the probability that a
// fixation lies higher on the map than a random other cell, ties ([tieShare]) counted half. R_ij = 2 AUC - 1 with the mean of both
// directions, from -1 to 1, 0 being chance.
//
// Fixations count once each, several in one cell too. A path that is only a heat map has the fixations that one would expect
// under it ([density]). Where every cell is fixated, all cells are the others. A path without a fixation inside the frame
// tells nothing: its direction has AUC 1/2.
func prepareAUCJudd(w *measure.Work) (relation.Blocks, error) {
	maps, err := mapsOf(w)
	if err != nil {
		return relation.Blocks{}, err
	}
	n, grid := len(w.Paths), gridOf(w)
	cells := grid * grid
	fixated := make([]fixatedCells, n)
	standings := make([]int32, n*cells)
	err = w.Each(n, func() func(int) {
		share, order := make([]float32, cells), make([]int, cells)
		return func(i int) {
			density(share, w.Paths[i], grid, grid)
			fixated[i] = newFixatedCells(share)
			standing(standings[i*cells:(i+1)*cells], maps[i*cells:(i+1)*cells], order)
		}
	})
	if err != nil {
		return relation.Blocks{}, err
	}
	return w.Pairs(func() func(i, j int) float64 {
		sorted := make([]int32, cells)
		return func(i, j int) float64 {
			return fixated[j].auc(standings[i*cells:(i+1)*cells], sorted) + fixated[i].auc(standings[j*cells:(j+1)*cells], sorted) - 1
		}
	})
}

// fixatedCells are the cells that have fixations, and the share of the fixations that each has.
type fixatedCells struct {
	cells  []int32
	shares []float64
}

func newFixatedCells(density []float32) (f fixatedCells) {
	for k, share := range density {
		if share > 0 {
			f.cells, f.shares = append(f.cells, int32(k)), append(f.shares, float64(share))
		}
	}
	return f
}

// standing writes twice the number of cells that are lower than each cell, plus the number that are as high, itself
// included: half of it over the number of cells is the probability that a random cell is lower, ties counted half.
func standing(dst []int32, cells []float32, order []int) {
	for k := range order {
		order[k] = k
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(cells[a], cells[b]) })
	for first := 0; first < len(order); {
		end := first + 1
		for end < len(order) && cells[order[end]] <= cells[order[first]]*(1+tieShare) {
			end++
		}
		for _, k := range order[first:end] {
			dst[k] = int32(first + end)
		}
		first = end
	}
}

// auc is the area of the fixations on a map that is given by its standings. Of the cells below a fixation, the fixated ones
// are taken off. scratch has room for all cells.
func (f fixatedCells) auc(standings, scratch []int32) float64 {
	if len(f.cells) == 0 {
		return .5
	}
	others := len(standings) - len(f.cells)
	sorted := scratch[:0]
	if others > 0 {
		for _, k := range f.cells {
			sorted = append(sorted, standings[k])
		}
		slices.Sort(sorted)
	} else {
		others = len(standings)
	}
	area := 0.0
	for i, k := range f.cells {
		s := standings[k]
		lower, _ := slices.BinarySearch(sorted, s)
		higher := lower + sort.Search(len(sorted)-lower, func(n int) bool { return sorted[lower+n] > s })
		area += f.shares[i] * float64(int(s)-lower-higher)
	}
	return area / float64(2*others)
}
