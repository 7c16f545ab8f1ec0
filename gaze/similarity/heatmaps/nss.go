package heatmaps

import (
	"math"

	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure"
)

func init() {
	measure.Register(measure.Measure{
		Name:       "nss",
		About:      "normalised scanpath saliency: how high each map is at the other's fixations, in its standard deviations",
		Parameters: mapParameters,
		Prepare:    prepareNSS,
	})
}

// prepareNSS: the normalised scanpath saliency (Peters et al., Vision Research 2005) of two paths is the mean over both
// directions of
//
//	NSS = mean over the fixations f of one of (S(f) - mean S) / std S of the other's map S,
//
// with std the population's and a map that is constant giving 0; R_ij = NSS / (1 + |NSS|), so that 0 is chance and 0.5
// is a standard deviation. Fixations count once each, however long they last. A path that is only a heat map has the
// fixations that one would expect under it ([density]).
func prepareNSS(w *measure.Work) (relation.Blocks, error) {
	return scores(w, func(i int, score, cells []float32) {
		mean, variance := moments64(cells)
		for k, v := range cells {
			score[k] = 0
			if variance > 0 {
				score[k] = float32((float64(v) - mean) / math.Sqrt(variance))
			}
		}
	})
}

// scores is a comparison by a score that each cell of a map has, averaged over the fixations of the other path, then over
// both directions, and squashed: a product of [score | density] with [density | score] / 2.
func scores(w *measure.Work, score func(i int, score, cells []float32)) (relation.Blocks, error) {
	n, grid := len(w.Paths), gridOf(w)
	cells := grid * grid
	maps, err := mapsOf(w)
	if err != nil {
		return relation.Blocks{}, err
	}
	left, right := make([]float32, 2*len(maps)), make([]float32, 2*len(maps))
	err = w.Each(n, func() func(int) {
		return func(i int) {
			l, r := left[2*i*cells:][:2*cells], right[2*i*cells:][:2*cells]
			score(i, l[:cells], maps[i*cells:(i+1)*cells])
			density(l[cells:], w.Paths[i], grid, grid)
			for k := range cells {
				r[k], r[cells+k] = l[cells+k]/2, l[k]/2
			}
		}
	})
	if err != nil {
		return relation.Blocks{}, err
	}
	c, err := w.Products(left, right, 2*cells)
	c.Finish = squash
	return c, err
}
