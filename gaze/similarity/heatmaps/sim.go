package heatmaps

import (
	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure"
)

func init() {
	measure.Register(measure.Measure{
		Name:       "sim",
		About:      "histogram intersection of the maps: the share of the dwell that falls on common places",
		Parameters: mapParameters,
		Prepare:    prepareSIM,
	})
}

// prepareSIM: R_ij = SIM(P, Q) = sum_k min(P_k, Q_k) for two fixation maps P and Q that sum to 1 (Judd, Durand & Torralba,
// MIT-CSAIL-TR-2012-001), from 0 to 1.
func prepareSIM(w *measure.Work) (relation.Blocks, error) {
	maps, err := mapsOf(w)
	if err != nil {
		return relation.Blocks{}, err
	}
	return w.Rows(maps, maps, gridOf(w)*gridOf(w), w.Device.PairwiseMinimum)
}
