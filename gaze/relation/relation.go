// Package relation stores how alike the gaze of all pairs of images is, in memory or in a file that may be larger than the
// memory, and the rules by which a relation says which images count as alike in training. It knows no measure: it stores
// what a function of blocks gives it.
package relation

import (
	"math/rand/v2"
	"slices"

	"gzpt/kernels/npy"
)

// Relation is the similarity of the gaze of all pairs of n items.
type Relation struct {
	N int
	// Values is R, n x n, row-major, symmetric, in the order of the items.
	Values []float32
	// HasGaze tells the items with gaze; the rows of the others are 0.
	HasGaze []bool

	mapped *npy.Mapped // whose memory Values is, if any
}

// Close gives back a relation that lies in a file; Values must not be used any more. Any other needs no Close.
func (r *Relation) Close() error {
	if r.mapped == nil {
		return nil
	}
	m := r.mapped
	r.mapped, r.Values = nil, nil
	return m.Close()
}

func newRelation(n int) *Relation {
	return &Relation{N: n, Values: make([]float32, n*n), HasGaze: make([]bool, n)}
}

// At is the similarity of items i and j.
func (r *Relation) At(i, j int) float32 { return r.Values[i*r.N+j] }

// Permutation shuffles gaze between the items that have some: item i is given the gaze of item p[i]. Items without gaze
// keep none (p[i] = i). The same seed gives the same permutation.
func Permutation(hasGaze []bool, seed uint64) []int {
	p := make([]int, len(hasGaze))
	var with []int
	for i := range p {
		p[i] = i
		if hasGaze[i] {
			with = append(with, i)
		}
	}
	shuffled := slices.Clone(with)
	const purpose = 0x67617a6520706572 // "gaze per": a stream of its own
	rand.New(rand.NewPCG(seed, purpose)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	for k, i := range with {
		p[i] = shuffled[k]
	}
	return p
}

// Permuted is the relation after the gaze has been shuffled between the items by [Permutation]: as many positives as
// before, for the wrong images. It is the control that shows what gaze adds.
func (r *Relation) Permuted(seed uint64) *Relation {
	p := Permutation(r.HasGaze, seed)
	out := newRelation(r.N)
	copy(out.HasGaze, r.HasGaze)
	for i, pi := range p {
		for j, pj := range p {
			out.Values[i*r.N+j] = r.At(pi, pj)
		}
	}
	return out
}

// FromLabels is 1 where two items have the same label and 0 elsewhere: the positives that a perfect measure would
// give. An item without a label ("") has 1 with itself alone. Every item counts as having gaze.
func FromLabels(labels []string) *Relation {
	r := newRelation(len(labels))
	for i, a := range labels {
		r.HasGaze[i] = true
		for j, b := range labels {
			if i == j || a != "" && a == b {
				r.Values[i*r.N+j] = 1
			}
		}
	}
	return r
}
