package heatmaps

import (
	"math"

	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure"
)

func init() {
	measure.Register(measure.Measure{
		Name:       "cosine",
		About:      "cosine of the fixation maps: the same places, in any order; never negative",
		Parameters: mapParameters,
		Prepare:    prepareCosine,
	})
}

// prepareCosine: R_ij = sum_k P_k Q_k / sqrt(sum_k P_k^2 sum_k Q_k^2) for two fixation maps P and Q, from 0 to 1: the
// cosine similarity of vectors (Salton & McGill, Introduction to Modern Information Retrieval, 1983), of all cells of the maps.
func prepareCosine(w *measure.Work) (relation.Blocks, error) {
	cells := gridOf(w) * gridOf(w)
	unit, err := transformed(w, gridOf(w), gridOf(w), cells, normalise)
	if err != nil {
		return relation.Blocks{}, err
	}
	return w.Products(unit, unit, cells)
}

// normalise scales a row to length 1; a row of zeros stays one.
func normalise(dst, row []float32) {
	squares := 0.0
	for _, v := range row {
		squares += float64(v) * float64(v)
	}
	scale := 0.0
	if squares > 0 {
		scale = 1 / math.Sqrt(squares)
	}
	for i, v := range row {
		dst[i] = float32(float64(v) * scale)
	}
}
