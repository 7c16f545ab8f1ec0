package heatmaps

import (
	"math"

	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure"
)

func init() {
	measure.Register(measure.Measure{
		Name:  "ig",
		About: "information gain: how much better each map predicts the other's fixations than a baseline does, in bits",
		Parameters: append(mapParameters[:len(mapParameters):len(mapParameters)],
			measure.Parameter{Name: "baseline", Default: "centre", About: "what a map must beat", Choices: []string{"centre", "uniform", "mean"}}),
		Prepare: prepareIG,
	})
}

// prepareIG: the information gain (Kümmerer, Wallis & Bethge, PNAS 2015) of two paths is the mean over both directions of
//
//	IG = mean over the fixations f of one of log2(P(f) + eps) - log2(B(f) + eps)
//
// bits, P the other's map and B the baseline, which all sum to 1, eps = 2.2204e-16; R_ij = IG / (1 + |IG|). The baseline
// is a Gaussian about the centre whose standard deviation is a quarter of each side, a uniform map, or the mean of all
// maps, which makes a similarity depend on the other items. Fixations and heat maps count as in [prepareNSS].
func prepareIG(w *measure.Work) (relation.Blocks, error) {
	base, err := baseline(w)
	if err != nil {
		return relation.Blocks{}, err
	}
	return scores(w, func(i int, score, cells []float32) {
		for k, v := range cells {
			score[k] = float32(math.Log2(float64(v)+epsilonMap) - math.Log2(base[k]+epsilonMap))
		}
	})
}

// baseline is the map that the parameter names.
func baseline(w *measure.Work) ([]float64, error) {
	grid := gridOf(w)
	base := make([]float64, grid*grid)
	switch w.Settings["baseline"] {
	case "uniform":
		for k := range base {
			base[k] = 1
		}
	case "centre":
		weight := func(k int) float64 {
			d := ((float64(k)+.5)/float64(grid) - .5) / .25
			return math.Exp(-d * d / 2)
		}
		for k := range base {
			base[k] = weight(k/grid) * weight(k%grid)
		}
	case "mean":
		maps, err := mapsOf(w)
		if err != nil {
			return nil, err
		}
		for i, v := range maps {
			base[i%len(base)] += float64(v)
		}
	}
	sum := 0.0
	for _, v := range base {
		sum += v
	}
	if sum > 0 {
		for k := range base {
			base[k] /= sum
		}
	}
	return base, nil
}
