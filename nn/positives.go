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

// Above is the weights of a threshold: items whose relation is above tau are alike, the others are not. A relation that is NaN
// is above nothing.
func Above(r Relation, tau float64) Weights {
	return func(i, j int) float32 {
		if float64(r(i, j)) > tau {
			return 1
		}
		return 0
	}
}

// pairs is which pairs of items count as alike in one step: a pair of positive weight is dropped with the probability drop,
// by a number that follows from seed, step and the pair alone.
type pairs struct {
	weights Weights // nil: no two items are alike
	drop    float64
	seed    uint64
}

// matrix writes the positives matrix A [B,B] of the rows of a batch into dst: items holds the index of every row's item in
// the training list.
//
//	A[i,i] = 1
//	A[i,j] = A[j,i] = weights(items[i],items[j]) if u > drop, otherwise 0, for i < j
//
// with one u, uniform in [0,1), per unordered pair of rows and step. Two rows of the same item are always positives.
func (p *pairs) matrix(dst []float32, items []int, step int) {
	b := len(items)
	var g rand.PCG
	g.Seed(derive(p.seed, "positives", uint64(step)))
	for i, item := range items {
		dst[i*b+i] = 1
		for j := i + 1; j < b; j++ {
			u := unit(g.Uint64())
			var a float32
			switch {
			case item == items[j]:
				a = 1
			case p.weights != nil && (p.drop == 0 || u > p.drop):
				a = p.weights(item, items[j])
			}
			dst[i*b+j], dst[j*b+i] = a, a
		}
	}
}

// unit turns random bits into a number in [0,1).
func unit(bits uint64) float64 { return float64(bits>>11) / (1 << 53) }

// drawing is pairs in one update, for methods that look at pairs one by one. Its u belongs to the unordered pair of items and
// the update: wherever the two meet in it, in the batch or in a queue, in whatever order, they are both kept or both dropped.
type drawing struct {
	*pairs
	key [2]uint64
}

func (p *pairs) draw(update int) drawing {
	a, b := derive(p.seed, "pairs", uint64(update))
	return drawing{p, [2]uint64{a, b}}
}

// weight is how much two different items count as alike.
func (d *drawing) weight(i, j int) float32 {
	if d.weights == nil {
		return 0
	}
	w := d.weights(i, j)
	if w == 0 || d.dropped(i, j) {
		return 0
	}
	return w
}

func (d *drawing) dropped(i, j int) bool {
	if d.drop == 0 {
		return false
	}
	h := scramble(d.key[0] ^ uint64(min(i, j)))
	h = scramble(h ^ d.key[1] ^ uint64(max(i, j)))
	return !(unit(h) > d.drop)
}

// scramble is the finaliser of SplitMix64 (Steele, Lea & Flood 2014, constants of Stafford's variant 13): a bijection in which
// every bit of the result depends on every bit of h.
func scramble(h uint64) uint64 {
	h += 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
