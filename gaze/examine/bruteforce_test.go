package examine

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/relation"
)

// brute is a relation whose every statistic is derived from its definition, by loops over pairs of pairs.
type brute struct {
	r     *relation.Relation
	rows  []int
	label []string
}

func newBrute(r *relation.Relation, labels []string) *brute {
	b := &brute{r: r, label: slices.Clone(labels)}
	for i, l := range labels {
		if l != "" && r.HasGaze[i] {
			b.rows = append(b.rows, i)
		}
	}
	return b
}

type brutePair struct {
	i, j int
	v    float32
	same bool
}

func (b *brute) pairs() (all []brutePair) {
	for k, i := range b.rows {
		for _, j := range b.rows[k+1:] {
			all = append(all, brutePair{i, j, b.r.At(i, j), b.label[i] == b.label[j]})
		}
	}
	return all
}

// win is how far a wins over b.
func win(a, b float32) float64 {
	switch {
	case a > b:
		return 1
	case a == b:
		return .5
	}
	return 0
}

// auc is the area, with the placement of every pair among those of the other kind.
func (b *brute) auc() (area float64, placements []float64) {
	all := b.pairs()
	same, other := 0.0, 0.0
	for _, p := range all {
		if p.same {
			same++
		} else {
			other++
		}
	}
	placements = make([]float64, len(all))
	for a, p := range all {
		for c, q := range all {
			if p.same && !q.same {
				w := win(p.v, q.v)
				area += w / same / other
				placements[a] += w / other
				placements[c] += w / same
			}
		}
	}
	for a, p := range all {
		count := other
		if p.same {
			count = same
		}
		placements[a] = (placements[a] - area) / count
	}
	return area, placements
}

// interval adds up the covariance of every two pairs that share an item.
func (b *brute) interval() (low, high float64) {
	all := b.pairs()
	area, placement := b.auc()
	variance, own := 0.0, 0.0
	for a, p := range all {
		own += placement[a] * placement[a]
		for c, q := range all {
			if p.i == q.i || p.i == q.j || p.j == q.i || p.j == q.j {
				variance += placement[a] * placement[c]
			}
		}
	}
	logit := math.Log(area / (1 - area))
	half := 1.96 * math.Sqrt(max(variance, own)) / (area * (1 - area))
	inverse := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	return inverse(logit - half), inverse(logit + half)
}

// precision is the mean number of hits among the k nearest, over all ways to break ties.
func (b *brute) precision(k int) (share float64) {
	for _, i := range b.rows {
		for _, j := range b.rows {
			if i == j || b.label[i] != b.label[j] {
				continue
			}
			above, tied := 0, 0
			for _, o := range b.rows {
				switch {
				case o == i:
				case b.r.At(i, o) > b.r.At(i, j):
					above++
				case b.r.At(i, o) == b.r.At(i, j):
					tied++
				}
			}
			chance := min(max(float64(k-above)/float64(tied), 0), 1) // to be among the k
			share += chance / float64(k) / float64(len(b.rows))
		}
	}
	return share
}

func TestStatisticsByBruteForce(t *testing.T) {
	for seed, levels := range []int{5, 9, 40} {
		r, labels := random(26, levels, uint64(seed)), labelsFor(26, 3, uint64(seed))
		b := newBrute(r, labels)
		x, err := Positives(context.Background(), r.Positives(relation.Rule{PerItem: 3}, nil, nil), Options{Labels: labels, Permutations: 7, Seed: 5})
		if err != nil {
			t.Fatal(err)
		}
		a := x.Labels
		check := func(what string, got, want float64) {
			if !gazetest.Within(got, want, 1e-9) {
				t.Errorf("%d levels: %s is %.12g, by its definition %.12g", levels, what, got, want)
			}
		}
		area, _ := b.auc()
		low, high := b.interval()
		check("AUC", a.AUC, area)
		check("lower end", a.AUCLow, low)
		check("upper end", a.AUCHigh, high)
		for _, p := range a.Precision {
			check("precision", p.Share, b.precision(p.K))
		}
		same, all := 0.0, 0.0
		for _, p := range b.pairs() {
			all++
			if p.same {
				same++
			}
		}
		check("chance", a.Chance, same/all)
		b.checkControl(a.Control, 7, 5, check)
		b.checkTaus(x, check)
	}
}

// checkControl permutes the labels as the control says that it does.
func (b *brute) checkControl(c *Control, n int, seed uint64, check func(what string, got, want float64)) {
	var areas, fives []float64
	for k := range n {
		other := &brute{b.r, b.rows, slices.Clone(b.label)}
		for a, from := range rand.New(rand.NewPCG(seed, uint64(k))).Perm(len(b.rows)) {
			other.label[b.rows[a]] = b.label[b.rows[from]]
		}
		area, _ := other.auc()
		areas, fives = append(areas, area), append(fives, other.precision(5))
	}
	moments := func(values []float64) (mean, sd float64) {
		for _, v := range values {
			mean += v / float64(len(values))
		}
		for _, v := range values {
			sd += (v - mean) * (v - mean) / float64(len(values)-1)
		}
		return mean, math.Sqrt(sd)
	}
	mean, sd := moments(areas)
	check("permuted AUC", c.AUC.Mean, mean)
	check("its deviation", c.AUC.SD, sd)
	check("its least", c.AUC.Least, slices.Min(areas))
	mean, sd = moments(fives)
	check("permuted precision at 5", c.Precision[1].Mean, mean)
	check("its deviation", c.Precision[1].SD, sd)
}

// checkTaus counts the positives at every tau and follows the rule of the suggestion.
func (b *brute) checkTaus(x *Examination, check func(what string, got, want float64)) {
	best := 0.0
	shares := make([]float64, len(x.Candidates))
	for t, c := range x.Candidates {
		positives, items, hits, labelled := 0.0, 0.0, 0.0, 0.0
		for i := range b.r.N {
			if !b.r.HasGaze[i] {
				continue
			}
			items++
			for j := range b.r.N {
				if i == j || !b.r.HasGaze[j] || !(b.r.At(i, j) > float32(c.Tau)) {
					continue
				}
				positives++
				if b.label[i] != "" && b.label[j] != "" {
					labelled++
					if b.label[i] == b.label[j] {
						hits++
					}
				}
			}
		}
		check("positives an item", c.Positives.Mean, positives/items)
		shares[t] = hits / max(labelled, 1)
		check("share of positives", c.Labels, shares[t])
		if positives/items >= enough {
			best = max(best, shares[t])
		}
	}
	for _, verdict := range []string{VerdictSignal, VerdictNone} {
		x.Conclude()
		x.Conclusion = Conclusion{Verdict: verdict}
		for t := range x.Candidates {
			x.Candidates[t].Suggested = false
		}
		x.suggest()
		want := 0.0
		if verdict == VerdictSignal && best > x.Labels.Chance {
			suggested := math.Inf(1)
			for t, c := range x.Candidates {
				if c.Positives.Mean >= enough && shares[t] >= (x.Labels.Chance+best)/2 {
					suggested = min(suggested, c.Tau)
				}
			}
			want = suggested
		}
		check("suggested tau", x.Conclusion.Tau, want)
	}
}
