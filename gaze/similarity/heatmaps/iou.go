package heatmaps

import (
	"math"
	mathbits "math/bits"
	"slices"

	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure"
)

func init() {
	measure.Register(measure.Measure{
		Name:  "iou",
		About: "overlap of the places looked at longest: intersection over union of the top cells",
		Parameters: append(mapParameters[:len(mapParameters):len(mapParameters)],
			measure.Parameter{Name: "top", Default: "20", About: "percent of the cells that count", Least: .01, Most: 100}),
		Prepare: prepareIoU,
	})
}

// prepareIoU: R_ij = |A and B| / |A or B| with A and B the cells of two fixation maps that are at least as high as the m-th
// highest, m = ceil(top % of the cells), ties included ([tieShare]); cells of 0 are never among them. It is the index of Jaccard
// (New Phytologist 1912), from 0 to 1.
func prepareIoU(w *measure.Work) (relation.Blocks, error) {
	maps, err := mapsOf(w)
	if err != nil {
		return relation.Blocks{}, err
	}
	n, cells := len(w.Paths), gridOf(w)*gridOf(w)
	m, words := int(math.Ceil(w.Settings.Number("top")*float64(cells)/100-1e-9)), (cells+63)/64
	sets := make([]uint64, n*words)
	err = w.Each(n, func() func(int) {
		sorted := make([]float32, cells)
		return func(i int) { topCells(sets[i*words:(i+1)*words], maps[i*cells:(i+1)*cells], sorted, m) }
	})
	if err != nil {
		return relation.Blocks{}, err
	}
	return w.Pairs(func() func(i, j int) float64 {
		return func(i, j int) float64 { return jaccard(sets[i*words:(i+1)*words], sets[j*words:(j+1)*words]) }
	})
}

// topCells sets the bits of the cells that are at least as high as the m-th highest and above 0.
func topCells(set []uint64, cells, sorted []float32, m int) {
	copy(sorted, cells)
	slices.Sort(sorted)
	least := sorted[len(sorted)-m]
	for k, v := range cells {
		if v >= least*(1-tieShare) && v > 0 {
			set[k/64] |= 1 << (k % 64)
		}
	}
}

// jaccard is the share of common bits among all that are set, 0 where none is.
func jaccard(a, b []uint64) float64 {
	both, either := 0, 0
	b = b[:len(a)]
	for k, v := range a {
		both += mathbits.OnesCount64(v & b[k])
		either += mathbits.OnesCount64(v | b[k])
	}
	return float64(both) / float64(max(either, 1))
}
