package gaze

func init() {
	registerMeasure(Measure{
		Name:  "heatmap-cc",
		About: "correlation of the fixation maps: the same places, in any order",
		Parameters: []Parameter{
			{Name: "sigma", Default: "0.05", About: "standard deviation of a fixation's Gaussian, as a fraction of the image's width", Least: 1e-3, Most: 1},
			{Name: "grid", Default: "32", About: "rows and columns of the map", Least: 2, Most: 256},
		},
		relate: relateHeatMaps,
	})
}

// relateHeatMaps: R_ij = Pearson's correlation of the cells of two fixation maps P and Q,
//
//	CC = sum_k (P_k - mean P)(Q_k - mean Q) / sqrt(sum_k (P_k - mean P)^2 sum_k (Q_k - mean Q)^2),
//
// the linear correlation coefficient of the saliency benchmarks (Bylinskii et al., IEEE TPAMI 2019).
func relateHeatMaps(w *work) error {
	n, grid := len(w.paths), int(w.settings.number("grid"))
	if n == 0 {
		return nil
	}
	maps := make([]float32, n*grid*grid)
	err := w.each(n, func() func(int) {
		return func(i int) {
			HeatMap(maps[i*grid*grid:(i+1)*grid*grid], w.paths[i], grid, grid, w.settings.number("sigma"))
		}
	})
	if err != nil {
		return err
	}
	dev := w.device()
	x, r := dev.New(n, grid*grid), dev.New(n, n)
	dev.Write(x, maps)
	dev.PairwiseCorrelation(r, x)
	dev.Read(w.values, r)
	if w.progress != nil {
		w.progress(n, n)
	}
	return w.ctx.Err()
}
