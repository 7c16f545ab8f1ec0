package heatmaps

import (
	"math"

	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure"
)

func init() {
	measure.Register(measure.Measure{
		Name:       "heatmap-cc",
		About:      "correlation of the fixation maps: the same places, in any order",
		Parameters: mapParameters,
		Prepare:    prepareHeatMaps,
	})
}

// prepareHeatMaps: R_ij = Pearson's correlation of the cells of two fixation maps P and Q,
//
//	CC = sum_k (P_k - mean P)(Q_k - mean Q) / sqrt(sum_k (P_k - mean P)^2 sum_k (Q_k - mean Q)^2),
//
// the linear correlation coefficient of the saliency benchmarks (Bylinskii et al., IEEE TPAMI 2019). A constant map has 0
// with every other.
func prepareHeatMaps(w *measure.Work) (relation.Blocks, error) {
	n, cells := len(w.Paths), gridOf(w)*gridOf(w)
	maps, err := mapsOf(w)
	if err != nil {
		return relation.Blocks{}, err
	}
	err = w.Each(n, func() func(int) {
		return func(i int) { standardise(maps[i*cells : (i+1)*cells]) }
	})
	if err != nil {
		return relation.Blocks{}, err
	}
	return w.Products(maps, maps, cells)
}

// standardise takes the mean out of a map and scales it to length 1; a constant map becomes zeros.
func standardise(cells []float32) {
	mean, variance := moments64(cells)
	scale := 0.0
	if variance > 0 {
		scale = 1 / math.Sqrt(variance*float64(len(cells)))
	}
	for i, v := range cells {
		cells[i] = float32((float64(v) - mean) * scale)
	}
}
