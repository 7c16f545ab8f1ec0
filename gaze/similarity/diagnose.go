package similarity

import (
	"slices"
)

// Diagnosis says what a relation is worth before anything is trained on it. Pairs are the unordered pairs of two
// different items with gaze. All counts and quantiles are exact.
type Diagnosis struct {
	Items    int `json:"items"`
	WithGaze int `json:"items_with_gaze"`
	// Quantiles of the similarity over all pairs at QuantileLevels.
	QuantileLevels []float64 `json:"quantile_levels"`
	Quantiles      []float64 `json:"quantiles"`
	// Tau is the threshold of the rule, 0 for top-k; ShareAbove the share of pairs that are positives.
	Tau        float64 `json:"tau"`
	ShareAbove float64 `json:"share_above_tau"`
	// Positives counts the positives of the items with gaze, the item itself left out; of a top-k those of the items among
	// which it chooses.
	Positives Counts `json:"positives_per_item"`
	// Labels is what the similarity says about the labels, nil without labels.
	Labels *Agreement `json:"labels,omitempty"`
}

// Counts sums up a count per item.
type Counts struct {
	Mean   float64 `json:"mean"`
	Median float64 `json:"median"`
	Least  int     `json:"min"`
	Most   int     `json:"max"`
	// None is the share of items whose count is 0.
	None float64 `json:"share_without"`
}

// Diagnose describes the relation at threshold tau. labels, one per item, may be nil; "" is no label.
func (r *Relation) Diagnose(tau float64, labels []string) Diagnosis {
	return r.Positives(Rule{Tau: tau}, nil, nil).Diagnose(labels)
}

// Diagnose describes the relation and its positives. labels, one per item, may be nil; "" is no label.
func (p *Positives) Diagnose(labels []string) Diagnosis {
	r := p.relation
	if labels != nil && len(labels) != r.N {
		panic("gaze: Positives.Diagnose: one label per item")
	}
	d := Diagnosis{Items: r.N, Tau: p.rule.Tau, QuantileLevels: []float64{0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1}}
	d.Quantiles = r.allPairs().quantiles(d.QuantileLevels)
	perItem, positives := p.counts()
	for _, has := range r.HasGaze {
		if has {
			d.WithGaze++
		}
	}
	d.Positives = count(perItem)
	if d.WithGaze > 1 {
		d.ShareAbove = float64(positives) / (float64(d.WithGaze) * float64(d.WithGaze-1) / 2)
	}
	if labels != nil {
		a := newLabelling(r, labels, nil).agreement()
		a.Positives = p.precision(labels)
		d.Labels = &a
	}
	return d
}

// Counts counts the positives of the items that can have any.
func (p *Positives) Counts() Counts {
	perItem, _ := p.counts()
	return count(perItem)
}

// counts is the number of positives of each item that can have any, and of the pairs that are.
func (p *Positives) counts() (perItem []int, total int) {
	all := make([]int, p.relation.N)
	p.pairs().each(func(i, j int, _ float32) {
		if p.Weight(i, j) > 0 {
			all[i]++
			all[j]++
			total++
		}
	})
	for i, n := range all {
		if p.counted(i) {
			perItem = append(perItem, n)
		}
	}
	return perItem, total
}

// precision is the share of the positives, of two labelled items, that join two items of one label; 0 without any.
func (p *Positives) precision(labels []string) float64 {
	hits, positives := 0, 0
	p.pairs().each(func(i, j int, _ float32) {
		if labels[i] != "" && labels[j] != "" && p.Weight(i, j) > 0 {
			positives++
			if labels[i] == labels[j] {
				hits++
			}
		}
	})
	return share(hits, positives)
}

// share is a part of a whole, 0 of nothing.
func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// count sums up counts, which it sorts.
func count(counts []int) Counts {
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
