package similarity

import "math"

func init() {
	registerMeasure(Measure{
		Name:       "heatmap-cc",
		About:      "correlation of the fixation maps: the same places, in any order",
		Parameters: mapParameters,
		prepare:    prepareHeatMaps,
	})
}

// prepareHeatMaps: R_ij = Pearson's correlation of the cells of two fixation maps P and Q,
//
//	CC = sum_k (P_k - mean P)(Q_k - mean Q) / sqrt(sum_k (P_k - mean P)^2 sum_k (Q_k - mean Q)^2),
//
// the linear correlation coefficient of the saliency benchmarks (Bylinskii et al., IEEE TPAMI 2019). A constant map has 0
// with every other.
func prepareHeatMaps(w *work) (comparison, error) {
	n, cells := len(w.paths), w.grid()*w.grid()
	maps, err := w.maps()
	if err != nil {
		return comparison{}, err
	}
	err = w.each(n, func() func(int) {
		return func(i int) { standardise(maps[i*cells : (i+1)*cells]) }
	})
	if err != nil {
		return comparison{}, err
	}
	return w.products(maps, maps, cells)
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
