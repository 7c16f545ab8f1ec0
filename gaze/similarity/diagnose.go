package similarity

import (
	"cmp"
	"math"
	"slices"
)

// Diagnosis says what a relation is worth before anything is trained on it. Pairs are the unordered pairs of two
// different items with gaze.
type Diagnosis struct {
	Items    int `json:"items"`
	WithGaze int `json:"items_with_gaze"`
	// Quantiles of the similarity over all pairs at QuantileLevels.
	QuantileLevels []float64 `json:"quantile_levels"`
	Quantiles      []float64 `json:"quantiles"`
	// Tau is the threshold, ShareAbove the share of pairs above it: of positives.
	Tau        float64 `json:"tau"`
	ShareAbove float64 `json:"share_above_tau"`
	// Positives counts the positives of the items with gaze, the item itself left out.
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

// Agreement compares a relation with labels, over the items that have both gaze and a label.
type Agreement struct {
	Items int `json:"items"`
	// AUC is the probability that a pair of one label is more similar than a pair of two labels; chance is 0.5.
	AUC float64 `json:"auc_same_label"`
	// Neighbour is the share of items whose most similar other item has their label, Chance the share for a random one.
	Neighbour float64 `json:"nearest_neighbour"`
	Chance    float64 `json:"nearest_neighbour_chance"`
	// Positives is the share of the positives at tau that join two items of one label; 0 without positives.
	Positives float64 `json:"positives_same_label"`
}

// Diagnose describes the relation at threshold tau. labels, one per item, may be nil; "" is no label.
func (r *Relation) Diagnose(tau float64, labels []string) Diagnosis {
	if labels != nil && len(labels) != r.N {
		panic("gaze: Relation.Diagnose: one label per item")
	}
	d := Diagnosis{Items: r.N, Tau: tau, QuantileLevels: []float64{0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1}}
	var counts []int
	above := 0
	for i := range r.N {
		if !r.HasGaze[i] {
			continue
		}
		n := 0
		for j := range r.N {
			if j != i && r.HasGaze[j] && r.positive(i, j, tau) {
				n++
			}
		}
		counts = append(counts, n)
		above += n
	}
	d.WithGaze = len(counts)
	d.Positives = count(counts)
	values := r.pairs()
	if len(values) > 0 {
		d.ShareAbove = float64(above/2) / float64(len(values))
	}
	for _, q := range d.QuantileLevels {
		d.Quantiles = append(d.Quantiles, quantile(values, q))
	}
	if labels != nil {
		d.Labels = r.agreement(tau, labels)
	}
	return d
}

// positive is the definition of a gaze positive: the similarity is above tau. It is compared as float32, as training
// compares it.
func (r *Relation) positive(i, j int, tau float64) bool { return r.At(i, j) > float32(tau) }

// TauForPositives is the smallest threshold at which the items with gaze have at most k positives on average.
func (r *Relation) TauForPositives(k float64) float64 {
	values := r.pairs()
	if len(values) == 0 {
		return 0
	}
	items := 0
	for _, has := range r.HasGaze {
		if has {
			items++
		}
	}
	keep := int(math.Max(math.Floor(k*float64(items)/2), 0))
	if keep >= len(values) {
		return float64(math.Nextafter32(values[0], float32(math.Inf(-1))))
	}
	return float64(values[len(values)-1-keep])
}

// pairs is the similarities of all pairs, sorted.
func (r *Relation) pairs() []float32 {
	var values []float32
	for i := range r.N {
		for j := i + 1; j < r.N && r.HasGaze[i]; j++ {
			if r.HasGaze[j] {
				values = append(values, r.At(i, j))
			}
		}
	}
	slices.Sort(values)
	return values
}

// quantile interpolates linearly between sorted values (Hyndman & Fan, The American Statistician 1996, type 7); 0 for
// none.
func quantile(sorted []float32, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return float64(sorted[low]) + (at-float64(low))*(float64(sorted[high])-float64(sorted[low]))
}

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

func (r *Relation) agreement(tau float64, labels []string) *Agreement {
	var items []int
	sizes := map[string]int{}
	for i, l := range labels {
		if l != "" && r.HasGaze[i] {
			items = append(items, i)
			sizes[l]++
		}
	}
	a := &Agreement{Items: len(items), AUC: 0.5}
	if len(items) < 2 {
		return a
	}
	var same, different []float32
	hits, positives := 0, 0
	for k, i := range items {
		a.Neighbour += r.neighbour(i, items, labels)
		a.Chance += float64(sizes[labels[i]]-1) / float64(len(items)-1)
		for _, j := range items[k+1:] {
			equal := labels[i] == labels[j]
			if equal {
				same = append(same, r.At(i, j))
			} else {
				different = append(different, r.At(i, j))
			}
			if r.positive(i, j, tau) {
				positives++
				if equal {
					hits++
				}
			}
		}
	}
	a.Neighbour /= float64(len(items))
	a.Chance /= float64(len(items))
	a.AUC = auc(same, different)
	if positives > 0 {
		a.Positives = float64(hits) / float64(positives)
	}
	return a
}

// neighbour is the share of i's label among the items that are most similar to it: one, or several that tie.
func (r *Relation) neighbour(i int, items []int, labels []string) float64 {
	best, ties, hits := math.Inf(-1), 0, 0
	for _, j := range items {
		if j == i {
			continue
		}
		switch cmp.Compare(float64(r.At(i, j)), best) {
		case 1:
			best, ties, hits = float64(r.At(i, j)), 0, 0
		case -1:
			continue
		}
		ties++
		if labels[j] == labels[i] {
			hits++
		}
	}
	return float64(hits) / float64(ties)
}

// auc is the area under the ROC curve of higher against lower values, the Mann-Whitney statistic: the probability that a
// random positive exceeds a random negative, ties counting half. It is 0.5 where either is empty. It sorts both.
func auc(positive, negative []float32) float64 {
	if len(positive) == 0 || len(negative) == 0 {
		return 0.5
	}
	slices.Sort(positive)
	slices.Sort(negative)
	wins := 0.0
	below, upTo := 0, 0 // negatives below v, and not above v
	for _, v := range positive {
		for below < len(negative) && negative[below] < v {
			below++
		}
		for upTo < len(negative) && negative[upTo] <= v {
			upTo++
		}
		wins += float64(below+upTo) / 2
	}
	return wins / float64(len(positive)) / float64(len(negative))
}
