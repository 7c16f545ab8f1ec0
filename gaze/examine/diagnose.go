// Package examine says what a relation, its measure and its rule are worth before anything is trained with them: the
// agreement with labels and of several readers, beside that of permuted gaze, and a conclusion.
package examine

import "gzpt/gaze/relation"

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
	Positives relation.Counts `json:"positives_per_item"`
	// Labels is what the similarity says about the labels, nil without labels.
	Labels *Agreement `json:"labels,omitempty"`
}

// DiagnoseAt describes a relation at threshold tau. labels, one per item, may be nil; "" is no label.
func DiagnoseAt(r *relation.Relation, tau float64, labels []string) Diagnosis {
	return Diagnose(r.Positives(relation.Rule{Tau: tau}, nil, nil), labels)
}

// Diagnose describes a relation and its positives. labels, one per item, may be nil; "" is no label.
func Diagnose(p *relation.Positives, labels []string) Diagnosis {
	r := p.Relation()
	if labels != nil && len(labels) != r.N {
		panic("examine: Diagnose: one label per item")
	}
	d := Diagnosis{Items: r.N, Tau: p.Rule().Tau, QuantileLevels: []float64{0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1}}
	d.Quantiles = r.Pairs().Quantiles(d.QuantileLevels)
	perItem, positives := p.PerItem()
	for _, has := range r.HasGaze {
		if has {
			d.WithGaze++
		}
	}
	d.Positives = relation.Count(perItem)
	if d.WithGaze > 1 {
		d.ShareAbove = float64(positives) / (float64(d.WithGaze) * float64(d.WithGaze-1) / 2)
	}
	if labels != nil {
		a := newLabelling(r, labels, nil).agreement()
		a.Positives = precision(p, labels)
		d.Labels = &a
	}
	return d
}

// precision is the share of the positives, of two labelled items, that join two items of one label; 0 without any.
func precision(p *relation.Positives, labels []string) float64 {
	hits, positives := 0, 0
	p.Pairs().Each(func(i, j int, _ float32) {
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
