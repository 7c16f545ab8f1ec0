package relation

import "slices"

// Counts sums up a count per item.
type Counts struct {
	Mean   float64 `json:"mean"`
	Median float64 `json:"median"`
	Least  int     `json:"min"`
	Most   int     `json:"max"`
	// None is the share of items whose count is 0.
	None float64 `json:"share_without"`
}

// Counts counts the positives of the items that can have any.
func (p *Positives) Counts() Counts {
	perItem, _ := p.PerItem()
	return Count(perItem)
}

// PerItem is the number of positives of each item that can have any, in the order of the items, and of the pairs that are.
func (p *Positives) PerItem() (perItem []int, pairs int) {
	all := make([]int, p.relation.N)
	p.Pairs().Each(func(i, j int, _ float32) {
		if p.Weight(i, j) > 0 {
			all[i]++
			all[j]++
			pairs++
		}
	})
	for i, n := range all {
		if p.counted(i) {
			perItem = append(perItem, n)
		}
	}
	return perItem, pairs
}

// Count sums up counts, which it sorts.
func Count(counts []int) Counts {
	if len(counts) == 0 {
		return Counts{}
	}
	slices.Sort(counts)
	n := len(counts)
	c := Counts{Least: counts[0], Most: counts[n-1], Median: float64(counts[n/2]+counts[(n-1)/2]) / 2}
	sum, none := 0, 0
	for _, v := range counts {
		sum += v
		if v == 0 {
			none++
		}
	}
	c.Mean, c.None = float64(sum)/float64(n), float64(none)/float64(n)
	return c
}
