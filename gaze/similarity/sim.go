package similarity

func init() {
	registerMeasure(Measure{
		Name:       "sim",
		About:      "histogram intersection of the maps: the share of the dwell that falls on common places",
		Parameters: mapParameters,
		prepare:    prepareSIM,
	})
}

// prepareSIM: R_ij = SIM(P, Q) = sum_k min(P_k, Q_k) for two fixation maps P and Q that sum to 1 (Judd, Durand & Torralba,
// MIT-CSAIL-TR-2012-001), from 0 to 1.
func prepareSIM(w *work) (comparison, error) {
	maps, err := w.maps()
	if err != nil {
		return comparison{}, err
	}
	return w.blocks(maps, maps, w.grid()*w.grid(), w.dev.PairwiseMinimum)
}
