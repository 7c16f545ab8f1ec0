package scanpaths

import (
	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure"
)

func init() {
	measure.Register(measure.Measure{
		Name:    "hausdorff",
		About:   "how far the loneliest fixation is from the other scanpath: the same places, in any order, judged by the worst",
		Prepare: prepareHausdorff,
	})
}

// prepareHausdorff: R_ij = max(0, 1 - H/D) with H the Hausdorff distance of the sets of fixated places (Huttenlocher,
// Klanderman & Rucklidge, IEEE TPAMI 1993),
//
//	H = max(max_i min_j |p_i - q_j|, max_j min_i |p_i - q_j|),
//
// and D the diagonal of the frame, the largest distance in it.
func prepareHausdorff(w *measure.Work) (relation.Blocks, error) {
	paths := scanpaths(w)
	most := longest(paths)
	return pairs(w, func() func(i, j int) float64 {
		scratch := newNeighbours(most)
		return func(i, j int) float64 { return max(1-hausdorff(paths[i], paths[j], scratch), 0) }
	})
}

func hausdorff(a, b []point, scratch *neighbours) float64 {
	ofA, ofB := scratch.find(a, b)
	furthest := int64(0)
	for _, d := range ofA {
		furthest = max(furthest, d)
	}
	for _, d := range ofB {
		furthest = max(furthest, d)
	}
	return root(furthest)
}
