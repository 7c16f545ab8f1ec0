package scanpaths

import (
	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure"
)

func init() {
	measure.Register(measure.Measure{
		Name:    "frechet",
		About:   "the shortest leash between two who walk along the fixations: the same route, judged by where it differs most",
		Prepare: prepareFrechet,
	})
}

// prepareFrechet: R_ij = max(0, 1 - F/D) with F the discrete Fréchet distance of the fixations' places (Eiter & Mannila,
// Computing Discrete Fréchet Distance, TR CD-TR 94/64, 1994), the least over all alignments of the largest distance
// within one,
//
//	F_ij = max(|p_i - q_j|, min(F_i-1,j-1, F_i-1,j, F_i,j-1)),
//
// and D the diagonal of the frame, the largest distance in it.
func prepareFrechet(w *measure.Work) (relation.Blocks, error) {
	paths := scanpaths(w)
	most := longest(paths)
	return pairs(w, func() func(i, j int) float64 {
		row := make([]int64, most)
		return func(i, j int) float64 { return max(1-frechet(paths[i], paths[j], row), 0) }
	})
}

// frechet is the discrete Fréchet distance; row is scratch memory. Distances are compared squared, as [bits].
func frechet(a, b []point, row []int64) float64 {
	row = row[:len(b)]
	furthest := int64(0)
	for j, q := range b { // the first fixation of a with all of b so far
		furthest = max(furthest, bits(a[0].squared(q)))
		row[j] = furthest
	}
	for _, p := range a[1:] {
		corner := row[0]
		left := max(corner, bits(p.squared(b[0])))
		row[0] = left
		for j := 1; j < len(row); j++ {
			up := row[j]
			left = max(bits(p.squared(b[j])), min(corner, up, left))
			row[j] = left
			corner = up
		}
	}
	return root(row[len(row)-1])
}
