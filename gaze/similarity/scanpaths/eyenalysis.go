package scanpaths

import (
	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure"
)

func init() {
	measure.Register(measure.Measure{
		Name:    "eyenalysis",
		About:   "every fixation mapped to the nearest of the other scanpath: the same places, in any order",
		Prepare: prepareEyenalysis,
	})
}

// prepareEyenalysis: R_ij = max(0, 1 - E/2D) with E the distance of Eyenalysis (Mathôt, Cristino, Gilchrist & Theeuwes,
// Journal of Eye Movement Research 5(1), 2012), which maps each of the n and m fixations to the nearest of the other
// scanpath,
//
//	E = (sum_i min_j |p_i - q_j| + sum_j min_i |p_i - q_j|) / max(n, m),
//
// and D the diagonal of the frame, so that 2D is the largest E.
func prepareEyenalysis(w *measure.Work) (relation.Blocks, error) {
	paths := scanpaths(w)
	most := longest(paths)
	return pairs(w, func() func(i, j int) float64 {
		scratch := newNeighbours(most)
		return func(i, j int) float64 { return max(1-eyenalysis(paths[i], paths[j], scratch)/2, 0) }
	})
}

func eyenalysis(a, b []point, scratch *neighbours) float64 {
	ofA, ofB := scratch.find(a, b)
	sum := 0.0
	for _, d := range ofA {
		sum += root(d)
	}
	for _, d := range ofB {
		sum += root(d)
	}
	return sum / float64(max(len(a), len(b)))
}
