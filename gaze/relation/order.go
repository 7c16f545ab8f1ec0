package relation

import (
	"math"
	"slices"
)

// Pairs is the unordered pairs of two different items with gaze, or those of them that a rule allows.
type Pairs struct {
	relation *Relation
	allowed  func(i, j int) bool // nil for all
}

// Pairs is all pairs.
func (r *Relation) Pairs() Pairs { return Pairs{relation: r} }

// Each calls do for every pair, i < j, row by row.
func (p Pairs) Each(do func(i, j int, v float32)) {
	r := p.relation
	for i := range r.N {
		if !r.HasGaze[i] {
			continue
		}
		row := r.Values[i*r.N:][:r.N]
		for j := i + 1; j < r.N; j++ {
			if r.HasGaze[j] && (p.allowed == nil || p.allowed(i, j)) {
				do(i, j, row[j])
			}
		}
	}
}

// key is an integer that orders as the float does; both zeros are equal.
func key(v float32) uint32 {
	if v == 0 {
		return 1 << 31
	}
	bits := math.Float32bits(v)
	if bits>>31 != 0 {
		return ^bits
	}
	return bits | 1<<31
}

func fromKey(k uint32) float32 {
	if k>>31 != 0 {
		return math.Float32frombits(k &^ (1 << 31))
	}
	return math.Float32frombits(^k)
}

// counter counts pairs by the 16 high or low bits of their keys.
type counter [1 << 16]int

// find is the cell that holds the element of a rank, and its rank in it.
func (c *counter) find(rank int) (cell uint32, within int) {
	for cell, n := range c {
		if rank < n {
			return uint32(cell), rank
		}
		rank -= n
	}
	panic("relation: counter.find: no such rank") // cannot happen: the rank is below the sum
}

// high counts the pairs by the high half of their keys.
func (p Pairs) high() (c *counter, total int) {
	c = new(counter)
	p.Each(func(_, _ int, v float32) { c[key(v)>>16]++ })
	for _, n := range c {
		total += n
	}
	return c, total
}

// order is the similarities at ranks, 0 that of the least similar pair. It is exact, and its memory does not grow with
// the pairs: one pass counts the high halves of the keys, a second the low halves of those that hold a rank.
func (p Pairs) order(high *counter, ranks []int) []float32 {
	type place struct {
		cell   uint32
		within int
	}
	places := make([]place, len(ranks))
	low := map[uint32]*counter{}
	var wanted [1 << 16]*counter
	for k, rank := range ranks {
		cell, within := high.find(rank)
		places[k] = place{cell, within}
		if low[cell] == nil {
			low[cell] = new(counter)
			wanted[cell] = low[cell]
		}
	}
	if len(ranks) > 0 {
		p.Each(func(_, _ int, v float32) {
			k := key(v)
			if c := wanted[k>>16]; c != nil {
				c[k&0xffff]++
			}
		})
	}
	values := make([]float32, len(ranks))
	for k, at := range places {
		cell, _ := low[at.cell].find(at.within)
		values[k] = fromKey(at.cell<<16 | cell)
	}
	return values
}

// Quantiles interpolates linearly between the two nearest ranks (Hyndman & Fan, The American Statistician 1996, type 7);
// 0 for no pairs.
func (p Pairs) Quantiles(levels []float64) []float64 {
	found := make([]float64, len(levels))
	high, total := p.high()
	if total == 0 {
		return found
	}
	var ranks []int
	for _, q := range levels {
		low := int(q * float64(total-1))
		ranks = append(ranks, low, min(low+1, total-1))
	}
	values := p.order(high, ranks)
	for k, q := range levels {
		at := q * float64(total-1)
		a, b := float64(values[2*k]), float64(values[2*k+1])
		found[k] = a + (at-math.Floor(at))*(b-a)
	}
	return found
}

func (p Pairs) tauForPositives(k float64) float64 { return p.TausForPositives([]float64{k})[0] }

// TausForPositives is, for each of some numbers, the smallest threshold at which the items with gaze have at most so many
// positives on average.
func (p Pairs) TausForPositives(numbers []float64) []float64 {
	taus := make([]float64, len(numbers))
	high, total := p.high()
	if total == 0 {
		return taus
	}
	items := 0
	for _, has := range p.relation.HasGaze {
		if has {
			items++
		}
	}
	ranks := make([]int, len(numbers))
	for i, k := range numbers {
		keep := math.Min(math.Max(math.Floor(k*float64(items)/2), 0), float64(total))
		ranks[i] = total - 1 - int(keep) // -1: all pairs are wanted
	}
	values := p.order(high, append(slices.DeleteFunc(slices.Clone(ranks), func(rank int) bool { return rank < 0 }), 0))
	least, next := values[len(values)-1], 0
	for i, rank := range ranks {
		if rank < 0 {
			taus[i] = float64(math.Nextafter32(least, float32(math.Inf(-1))))
			continue
		}
		taus[i] = float64(values[next])
		next++
	}
	return taus
}
