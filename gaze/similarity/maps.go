package similarity

import (
	"math"
	"slices"

	"gzpt/gaze"
)

// Maps are compared as in Bylinskii et al., "What do different evaluation metrics tell us about saliency models?", IEEE
// TPAMI 2019, unless a measure says otherwise. A frame of any shape becomes the same grid.

var (
	// degreesParameter and sigmaParameter say how a fixation is drawn.
	degreesParameter = Parameter{Name: "degrees", Default: "1", About: "standard deviation of a fixation's Gaussian in degrees of visual angle, where the pixels in a degree are known; 0 takes sigma for all", Least: 0, Most: 45}
	sigmaParameter   = Parameter{Name: "sigma", Default: "0.05", About: "standard deviation of a fixation's Gaussian as a fraction of the image's width, where they are not", Least: 1e-3, Most: 1}
	// mapParameters are the settings of every measure that compares fixation maps.
	mapParameters = []Parameter{degreesParameter, sigmaParameter, gridParameter(32, 2, 256)}
)

func gridParameter(standard, least, most int) Parameter {
	return Parameter{Name: "grid", Default: text(float64(standard)), About: "rows and columns of the map", Least: float64(least), Most: float64(most)}
}

// spread is how fixations are drawn.
func (w *work) spread() gaze.Spread {
	return gaze.Spread{Degrees: w.settings.number("degrees"), Fraction: w.settings.number("sigma")}
}

// grid is the rows and columns of the maps.
func (w *work) grid() int { return int(w.settings.number("grid")) }

// maps is the fixation map of every path, grid x grid cells each, one after the other. A map sums to 1, or to 0 where there
// is nothing to see in the frame; such a path has similarity 0 with every other.
func (w *work) maps() ([]float32, error) { return w.mapsOf(w.grid(), w.grid()) }

func (w *work) mapsOf(rows, cols int) ([]float32, error) {
	n, cells, spread := len(w.paths), rows*cols, w.spread()
	maps, blank := make([]float32, n*cells), make([]bool, n)
	err := w.each(n, func() func(int) {
		return func(i int) {
			blank[i] = !gaze.HeatMap(maps[i*cells:(i+1)*cells], w.paths[i], rows, cols, spread)
		}
	})
	if w.blank = nil; slices.Contains(blank, true) {
		w.blank = blank
	}
	return maps, err
}

// transformed makes a row of depth floats of the map of each path.
func (w *work) transformed(rows, cols, depth int, transform func(dst, cells []float32)) ([]float32, error) {
	maps, err := w.mapsOf(rows, cols)
	if err != nil {
		return nil, err
	}
	n, cells := len(w.paths), rows*cols
	out := make([]float32, n*depth)
	err = w.each(n, func() func(int) {
		return func(i int) { transform(out[i*depth:(i+1)*depth], maps[i*cells:(i+1)*cells]) }
	})
	return out, err
}

// density writes where a recording's fixations lie to dst, rows x cols: the share of the fixations that each cell has,
// however long they last. It sums to 1, or to 0 without a fixation that lasts inside the frame.
//
// A recording that is only a heat map gives that map: the fixations that one would expect under it.
func density(dst []float32, r gaze.Recording, rows, cols int) {
	if len(r.Fixations) == 0 && r.Map != nil {
		r.Map.Average(dst, rows, cols)
		return
	}
	clear(dst)
	count := float32(0)
	for _, f := range r.Fixations {
		if f.Duration > 0 && r.Inside(f.X, f.Y) {
			dst[cellOf(f.Y/r.Height, rows)*cols+cellOf(f.X/r.Width, cols)]++
			count++
		}
	}
	for k := range dst {
		dst[k] /= max(count, 1)
	}
}

// moments64 is the mean and the variance of some values.
func moments64(values []float32) (mean, variance float64) {
	for _, v := range values {
		mean += float64(v)
	}
	mean /= float64(len(values))
	for _, v := range values {
		variance += (float64(v) - mean) * (float64(v) - mean)
	}
	return mean, variance / float64(len(values))
}

// squash maps scores without bounds to -1..1, in the same order: v / (1 + |v|).
func squash(values []float32) {
	for i, v := range values {
		values[i] = float32(float64(v) / (1 + math.Abs(float64(v))))
	}
}

// epsilonMap keeps logarithms and quotients of empty cells finite: that of float64, as in the MIT saliency benchmark.
const epsilonMap = 2.2204e-16
