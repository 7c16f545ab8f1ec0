package nn

import "math/rand/v2"

// Relation tells how alike the gaze on the items i and j of the training list is: the entry R[i,j] of the relation
// matrix. An item without gaze has 0 or NaN with every other.
type Relation func(i, j int) float32

// Weights tells how much the items i and j of the training list count as alike: 0 for not at all, 1 for fully. It is
// symmetric.
type Weights func(i, j int) float32

// Matrix is the relation of a row-major n x n matrix, as read from relation.npy.
func Matrix(r []float32, n int) Relation {
	if len(r) != n*n {
		panic("nn: Matrix: a relation matrix has n*n elements")
	}
	return func(i, j int) float32 { return r[i*n+j] }
}

// Positives writes the positives matrix A [B,B] of a batch into dst: items holds the index of every row's item in the
// training list.
//
//	A[i,i] = 1
//	A[i,j] = A[j,i] = 1 if R[items[i],items[j]] > tau and u > drop, otherwise 0, for i < j
//
// with one u, uniform in [0,1), per unordered pair of rows and step, so that drop is the probability of dropping a gaze
// positive; u follows from seed and step alone. Two rows of the same item are always positives. A relation that is NaN is
// never a positive, and a nil relation has none: plain BYOL.
func Positives(dst []float32, items []int, r Relation, tau, drop float64, seed uint64, step int) {
	WeightedPositives(dst, items, func(i, j int) float32 {
		if r != nil && float64(r(i, j)) > tau {
			return 1
		}
		return 0
	}, drop, seed, step)
}

// WeightedPositives is [Positives] with weights in the place of a threshold:
//
//	A[i,j] = A[j,i] = w(items[i],items[j]) if u > drop, otherwise 0, for i < j
//
// with the same u. nil weights have no positives: plain BYOL.
func WeightedPositives(dst []float32, items []int, w Weights, drop float64, seed uint64, step int) {
	b := len(items)
	if len(dst) != b*b {
		panic("nn: Positives: dst is not [B,B] for B items")
	}
	var g rand.PCG
	g.Seed(derive(seed, "positives", uint64(step)))
	for i, item := range items {
		dst[i*b+i] = 1
		for j := i + 1; j < b; j++ {
			u := float64(g.Uint64()>>11) / (1 << 53)
			var a float32
			switch {
			case item == items[j]:
				a = 1
			case w != nil && (drop == 0 || u > drop):
				a = w(item, items[j])
			}
			dst[i*b+j], dst[j*b+i] = a, a
		}
	}
}
