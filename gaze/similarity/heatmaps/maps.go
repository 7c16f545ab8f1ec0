// Package heatmaps has the measures of similarity that compare where two scanpaths dwelled, drawn as maps.
package heatmaps

import (
	"math"
	"slices"
	"strconv"

	"gzpt/gaze"
	"gzpt/gaze/similarity/internal/measure"
)

// Maps are compared as in Bylinskii et al., "What do different evaluation metrics tell us about saliency models?", IEEE
// TPAMI 2019, unless a measure says otherwise. A frame of any shape becomes the same grid.

// mapParameters are the settings of every measure that compares fixation maps.
var mapParameters = []measure.Parameter{measure.Degrees, measure.Sigma, gridParameter(32, 2, 256)}

func gridParameter(standard, least, most int) measure.Parameter {
	return measure.Parameter{
		Name: "grid", Default: strconv.Itoa(standard), About: "rows and columns of the map", Least: float64(least), Most: float64(most), Whole: true,
	}
}

// gridOf is the rows and columns of the maps.
func gridOf(w *measure.Work) int { return int(w.Settings.Number("grid")) }

// mapsOf is the fixation map of every path, grid x grid cells each, one after the other. A map sums to 1, or to 0 where there
// is nothing to see in the frame; such a path has similarity 0 with every other.
func mapsOf(w *measure.Work) ([]float32, error) { return mapsOn(w, gridOf(w), gridOf(w)) }

func mapsOn(w *measure.Work, rows, cols int) ([]float32, error) {
	n, cells, spread := len(w.Paths), rows*cols, w.Spread()
	maps, blank := make([]float32, n*cells), make([]bool, n)
	err := w.Each(n, func() func(int) {
		return func(i int) {
			blank[i] = !gaze.HeatMap(maps[i*cells:(i+1)*cells], w.Paths[i], rows, cols, spread)
		}
	})
	if w.Blank = nil; slices.Contains(blank, true) {
		w.Blank = blank
	}
	return maps, err
}

// transformed makes a row of depth floats of the map of each path.
func transformed(w *measure.Work, rows, cols, depth int, transform func(dst, cells []float32)) ([]float32, error) {
	maps, err := mapsOn(w, rows, cols)
	if err != nil {
		return nil, err
	}
	n, cells := len(w.Paths), rows*cols
	out := make([]float32, n*depth)
	err = w.Each(n, func() func(int) {
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
			dst[measure.Cell(f.Y/r.Height, rows)*cols+measure.Cell(f.X/r.Width, cols)]++
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

// tieShare is the share by which two cells of a map may differ and tie: mirror images of each other about a fixation are the same
// but for rounding.
const tieShare = 0x1p-18

// epsilonMap keeps logarithms and quotients of empty cells finite: that of float64, as in the MIT saliency benchmark.
const epsilonMap = 2.2204e-16
