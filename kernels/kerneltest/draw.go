package kerneltest

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// draw is the choices that a random call is made of: those that are given, then others of a generator, or without one zeros. A call that
// fails is made smaller by making its choices smaller, whatever they mean.
type draw struct {
	random *rand.Rand
	given  []int
	made   []int
	work   int  // the most multiply-adds, or elements, of a call
	coarse bool // the call multiplies numbers of fewer digits, of which subnormal ones have none
}

// below is a number from 0 to n-1.
func (d *draw) below(n int) int {
	v := 0
	switch at := len(d.made); {
	case at < len(d.given):
		v = d.given[at] % n
	case d.random != nil:
		v = d.random.IntN(n)
	}
	d.made = append(d.made, v)
	return v
}

// one in n times it is true.
func (d *draw) one(n int) bool { return d.below(n) == n-1 }

// of is one of some things.
func of[T any](d *draw, things ...T) T { return things[d.below(len(things))] }

// size is a number from 1 to most: a small one, some whole vectors, one beside a power of two or three times one, where tiles end, or
// any of any magnitude.
func (d *draw) size(most int) int {
	most = max(most, 1)
	magnitude := 1 << d.below(bits.Len(uint(most)))
	n := 1
	switch d.below(4) {
	case 0:
		n += d.below(9)
	case 1:
		n = 8 * (1 + d.below(divide(magnitude, 8)))
	case 2:
		n = magnitude*of(d, 2, 3)/2 + of(d, 0, 1, -1)
	case 3:
		n += d.below(2 * magnitude)
	}
	return min(max(n, 1), most)
}

func divide(a, by int) int { return (a + by - 1) / by }

// sizes is n numbers whose product times share is at most the work.
func (d *draw) sizes(n, share int) []int { return d.within(d.work/max(share, 1), n) }

// within is n numbers whose product is at most a number.
func (d *draw) within(left, n int) []int {
	var all []int
	for range n {
		all = append(all, d.size(left))
		left /= all[len(all)-1]
	}
	for i := range all { // any of them may be the one that has most of the room
		j := i + d.below(n-i)
		all[i], all[j] = all[j], all[i]
	}
	return all
}

// rows is a size that now and then is 0.
func (d *draw) rows(n int) int {
	if d.one(40) {
		return 0
	}
	return n
}

// values is n numbers, all of one kind: as the suite has them, with many zeros, whole numbers with many ties, far from zero beside
// their spread, small or large, of all magnitudes, those that drift, subnormal.
func (d *draw) values(n int) []float64 {
	kinds := 9
	if d.coarse {
		kinds--
	}
	kind, magnitude := d.below(kinds), math.Ldexp(1, d.below(81)-60)
	random := rand.New(rand.NewPCG(uint64(d.below(1<<20)), 0))
	values := make([]float64, n)
	for i := range values {
		u := 2*random.Float64() - 1
		switch kind {
		case 2:
			u = u * float64(random.IntN(2))
		case 3:
			u = math.Round(4 * u)
		case 4:
			u += 1000
		case 5:
			u *= magnitude
		case 6:
			u = math.Ldexp(u, random.IntN(40)-20)
		case 7:
			u += 4 * float64(i) / float64(n)
		case 8:
			u = math.Ldexp(u, -126-random.IntN(23))
		}
		values[i] = u
	}
	return rounded(values)
}

// mostTries is how often a failing call is tried again.
const mostTries = 300

// smaller makes choices that fail smaller until none can be made so alone, or mostTries are over; those that failed last are the smallest.
func smaller(choices []int, fails func(choices []int) bool) {
	tries := 0
	lower := func(i, v int) bool {
		if tries++; v < 0 || v >= choices[i] || tries > mostTries {
			return false
		}
		fewer := slices.Clone(choices)
		fewer[i] = v
		if !fails(fewer) {
			return false
		}
		choices = fewer
		return true
	}
	for changed := true; changed; {
		changed = false
		for i := len(choices) - 1; i >= 0; i-- {
			v := choices[i]
			changed = lower(i, 0) || lower(i, v/2) || lower(i, v-1) || changed
		}
	}
}
