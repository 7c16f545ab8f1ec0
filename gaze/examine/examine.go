package examine

import (
	"cmp"
	"context"
	"slices"

	"gzpt/gaze/relation"
)

// Examination is a diagnosis with all that a person wants to see before training.
type Examination struct {
	Diagnosis
	Rule             relation.Rule `json:"rule"`
	Histogram        Histogram     `json:"histogram"`
	PositivesCounted []Bar         `json:"positives_histogram"`
	Closest          []Pair        `json:"closest"`
	Furthest         []Pair        `json:"furthest"`
	Candidates       []Candidate   `json:"taus"`
	// Readers is the agreement of several readers of one image, nil where there are none or it was not asked for.
	Readers    *ReaderAgreement `json:"readers,omitempty"`
	Conclusion Conclusion       `json:"conclusion"`
}

// Histogram counts all pairs in bars of equal width from Least to Most.
type Histogram struct {
	Least float64 `json:"least"`
	Most  float64 `json:"most"`
	Pairs []int   `json:"pairs"`
	// Same is those of the pairs that join two items of one label.
	Same []int `json:"same_label,omitempty"`
}

// Bar is the number of items that have From to To positives.
type Bar struct {
	From  int `json:"from"`
	To    int `json:"to"`
	Items int `json:"items"`
}

// Pair is two items, by their rows.
type Pair struct {
	I          int     `json:"i"`
	J          int     `json:"j"`
	Similarity float64 `json:"similarity"`
}

// Conclusion answers in a sentence whether gaze carries a signal for the labels, and which tau to use.
type Conclusion struct {
	// Verdict is one of the Verdict constants.
	Verdict string `json:"verdict"`
	// Weak says that there is a signal, but a small one.
	Weak bool `json:"weak"`
	// Signal and Threshold are the sentences, Rule how they follow from the numbers.
	Signal    string `json:"signal"`
	Threshold string `json:"threshold"`
	Rule      string `json:"rule"`
	// Tau is the suggested threshold, where Threshold names one; as short a number as does.
	Tau float64 `json:"tau"`
}

const (
	// VerdictSignal: the lower end of the interval of the AUC lies above what permuted gaze gives.
	VerdictSignal = "signal"
	// VerdictNear: only the precision of the nearest items does.
	VerdictNear = "signal among the nearest"
	// VerdictNone: neither does.
	VerdictNone = "no signal shown"
	// VerdictUnknown: there are no labels to compare with, or none that tell some images apart and not others, or no permuted gaze.
	VerdictUnknown = "unknown"
)

// Options says what to look at.
type Options struct {
	// Labels, one per item, may be nil; "" is no label.
	Labels []string
	// Permutations is how often the gaze is permuted for the control.
	Permutations int
	Seed         uint64
	// Pairs is how many of the closest and of the furthest pairs are wanted.
	Pairs int
	// Progress, if not nil, is told how many permutations are done; never from two goroutines at once.
	Progress func(done, total int)
}

const (
	histogramBars = 60
	positivesBars = 24
)

// Positives looks at a relation and its positives from all sides. Conclude completes what it returns.
func Positives(ctx context.Context, p *relation.Positives, o Options) (*Examination, error) {
	r := p.Relation()
	x := &Examination{Diagnosis: Diagnose(p, o.Labels), Rule: p.Rule()}
	if o.Labels != nil && x.Labels.Items > 1 && o.Permutations > 0 {
		control, err := newLabelling(r, o.Labels, nil).control(ctx, o.Permutations, o.Seed, o.Progress)
		if err != nil {
			return nil, err
		}
		x.Labels.Control = control
	}
	perItem, _ := p.PerItem()
	x.PositivesCounted = bars(perItem)
	x.Histogram = histogram(r, x.Quantiles[0], x.Quantiles[len(x.Quantiles)-1], o.Labels)
	x.Closest, x.Furthest = extremes(r, o.Pairs)
	x.Candidates = candidates(p, o.Labels)
	return x, ctx.Err()
}

func histogram(r *relation.Relation, least, most float64, labels []string) Histogram {
	h := Histogram{Least: least, Most: most, Pairs: make([]int, histogramBars)}
	if labels != nil {
		h.Same = make([]int, histogramBars)
	}
	scale := 0.0
	if most > least {
		scale = histogramBars / (most - least)
	}
	r.Pairs().Each(func(i, j int, v float32) {
		bar := min(max(int((float64(v)-least)*scale), 0), histogramBars-1)
		h.Pairs[bar]++
		if labels != nil && labels[i] != "" && labels[i] == labels[j] {
			h.Same[bar]++
		}
	})
	return h
}

// bars counts counts in bars of equal width.
func bars(counts []int) []Bar {
	if len(counts) == 0 {
		return nil
	}
	width := slices.Max(counts)/positivesBars + 1
	all := make([]Bar, slices.Max(counts)/width+1)
	for k := range all {
		all[k].From, all[k].To = k*width, (k+1)*width-1
	}
	for _, n := range counts {
		all[n/width].Items++
	}
	return all
}

// extremes is the n closest and the n furthest pairs, no item twice in either: each the most extreme of the pairs whose
// items are in none before. A pass over all pairs finds of each item that is left the partner nearest to it, or furthest
// from it; the best of those stand until one needs an item that is used.
func extremes(r *relation.Relation, n int) (closest, furthest []Pair) {
	high, low := newExtreme(r.N, n, 1), newExtreme(r.N, n, -1)
	for high.wants() || low.wants() {
		r.Pairs().Each(func(i, j int, v float32) {
			high.consider(i, j, v)
			low.consider(i, j, v)
		})
		high.take()
		low.take()
	}
	return high.kept, low.kept
}

// extreme collects the most extreme pairs.
type extreme struct {
	kept []Pair
	n    int // pairs wanted
	sign float32
	used []bool
	// best is each item's most extreme partner among those that are left, I -1 where there is none.
	best []Pair
	// done says that no pair is left.
	done bool
}

func newExtreme(items, n int, sign float32) *extreme {
	e := &extreme{n: n, sign: sign, used: make([]bool, items), best: make([]Pair, items)}
	e.forget()
	return e
}

func (e *extreme) wants() bool { return len(e.kept) < e.n && !e.done }

func (e *extreme) forget() {
	for i := range e.best {
		e.best[i].I = -1
	}
}

func (e *extreme) consider(i, j int, v float32) {
	if e.used[i] || e.used[j] {
		return
	}
	for _, k := range [2]int{i, j} {
		if e.best[k].I < 0 || e.sign*v > e.sign*float32(e.best[k].Similarity) {
			e.best[k] = Pair{i, j, float64(v)}
		}
	}
}

// take keeps the best pairs, in order, up to the first whose item has lost its partner to one before.
func (e *extreme) take() {
	slices.SortStableFunc(e.best, func(a, b Pair) int { return cmp.Compare(float64(e.sign)*b.Similarity, float64(e.sign)*a.Similarity) })
	e.done = true
	taken := map[Pair]bool{}
	for _, p := range e.best {
		if p.I < 0 || taken[p] {
			continue
		}
		if len(e.kept) == e.n || e.used[p.I] || e.used[p.J] {
			break
		}
		e.used[p.I], e.used[p.J], taken[p], e.done = true, true, true, false
		e.kept = append(e.kept, p)
	}
	e.forget()
}
