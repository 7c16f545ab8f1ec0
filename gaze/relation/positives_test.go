package relation

import (
	"math"
	"slices"
	"strings"
	"testing"

	"gzpt/gaze/internal/gazetest"
)

// random is a relation of n items with similarities out of levels steps; every ninth has no gaze.
func random(n, levels int, seed uint64) *Relation {
	values, hasGaze := gazetest.Random(n, levels, seed)
	return &Relation{N: n, Values: values, HasGaze: hasGaze}
}

func TestRules(t *testing.T) {
	// Similarities of four items; the fifth has no gaze.
	r := &Relation{N: 5, HasGaze: []bool{true, true, true, true, false}, Values: []float32{
		1, .9, .5, .1, 0,
		.9, 1, .6, .6, 0,
		.5, .6, 1, -.2, 0,
		.1, .6, -.2, 1, 0,
		0, 0, 0, 0, 0,
	}}
	patients := []string{"p", "p", "q", "", ""}
	for _, c := range []struct {
		name  string
		rule  Rule
		among []int
		want  []float32 // of the pairs 01 02 03 12 13 23
	}{
		{"threshold is strict", Rule{Tau: .6}, nil, []float32{1, 0, 0, 0, 0, 0}},
		{"threshold", Rule{Kind: "threshold", Tau: .5}, nil, []float32{1, 0, 0, 1, 1, 0}},
		{"below 0 never an item without gaze", Rule{Tau: -.5}, nil, []float32{1, 1, 1, 1, 1, 1}},
		{"threshold by positives", Rule{PerItem: 1.5}, nil, []float32{1, 0, 0, 1, 1, 0}},
		{"apart", Rule{Tau: .4, Patients: "apart"}, nil, []float32{0, 1, 0, 1, 1, 0}},
		{"within", Rule{Tau: .4, Patients: "within"}, nil, []float32{1, 0, 0, 0, 0, 0}},
		{"quantile", Rule{Kind: "quantile", Quantile: .5}, nil, []float32{1, 0, 0, 1, 1, 0}},
		{"quantile of the pairs that are allowed", Rule{Kind: "quantile", Quantile: 0, Patients: "apart"}, nil, []float32{0, 1, 1, 1, 1, 0}},
		{"soft", Rule{Kind: "soft", Tau: .1, Full: .6}, nil, []float32{1, .8, 0, 1, 1, 0}},
		// Nearest: 0 -> 1, 1 -> 0, 2 -> 1, 3 -> 1; item 1 ties on 2 and 3.
		{"top 1 of either", Rule{Kind: "top-k", K: 1}, nil, []float32{1, 0, 0, 1, 1, 0}},
		{"top 1 of both", Rule{Kind: "top-k", K: 1, Mutual: true}, nil, []float32{1, 0, 0, 0, 0, 0}},
		{"ties by index", Rule{Kind: "top-k", K: 2, Mutual: true}, nil, []float32{1, 1, 0, 1, 0, 0}},
		{"top 1 among some", Rule{Kind: "top-k", K: 1}, []int{0, 2, 3}, []float32{0, 1, 1, 0, 0, 0}},
		{"top 1 of other patients", Rule{Kind: "top-k", K: 1, Patients: "apart"}, nil, []float32{0, 1, 0, 1, 1, 0}},
		{"more than there are", Rule{Kind: "top-k", K: 50}, nil, []float32{1, 1, 1, 1, 1, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := r.Positives(c.rule, patients, c.among)
			var got []float32
			for i := range 4 {
				for j := i + 1; j < 4; j++ {
					got = append(got, p.Weight(i, j))
				}
			}
			for k := range got {
				if !gazetest.Within(float64(got[k]), float64(c.want[k]), 1e-6) {
					t.Fatalf("%v, want %v", got, c.want)
				}
			}
			for i := range 5 {
				if p.Weight(i, i) != 1 || i < 4 && p.Weight(i, 4) != 0 {
					t.Errorf("item %d: %g with itself, %g with one without gaze", i, p.Weight(i, i), p.Weight(i, 4))
				}
			}
		})
	}
	for name, c := range map[string]struct {
		rule Rule
		want string
	}{
		"kind":         {Rule{Kind: "best"}, `rule "best", expected one of [threshold top-k quantile soft]`},
		"patients":     {Rule{Patients: "mixed"}, `patients "mixed", expected one of [any apart within]`},
		"top 0":        {Rule{Kind: "top-k"}, "top-k takes the 0 most alike items"},
		"quantile":     {Rule{Kind: "quantile", Quantile: 1.5}, "quantile 1.5, expected 0 to 1"},
		"quantile NaN": {Rule{Kind: "quantile", Quantile: math.NaN()}, "quantile NaN"},
		"ramp":         {Rule{Kind: "soft", Tau: .5, Full: .5}, "rise from similarity 0.5 to 0.5"},
		"mutual":       {Rule{Mutual: true}, "mutual is for top-k"},
		"NaN":          {Rule{Tau: math.NaN()}, "tau NaN"},
	} {
		if err := c.rule.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// Items that a top-k does not choose among have no positives, and are not counted as if they lacked them.
func TestCountsAmong(t *testing.T) {
	r := random(40, 50, 4)
	among := []int{0, 3, 5, 6, 8, 9, 13, 20, 21} // 13 has no gaze
	got := r.Positives(Rule{Kind: "top-k", K: 2}, nil, among).Counts()
	if got.Mean < 2 || got.Least < 2 || got.None != 0 {
		t.Errorf("%+v, want two positives or more of each of the 8", got)
	}
}

// Whatever the rule, weights are symmetric and from 0 to 1, and mutual neighbours are a part of the others.
func TestWeights(t *testing.T) {
	r := random(60, 12, 3)
	groups := make([]string, 60)
	for i := range groups {
		groups[i] = strings.Repeat("p", i%8)
	}
	for _, patients := range PatientRules() {
		either := r.Positives(Rule{Kind: "top-k", K: 4, Patients: patients}, groups, nil)
		both := r.Positives(Rule{Kind: "top-k", K: 4, Mutual: true, Patients: patients}, groups, nil)
		for _, p := range []*Positives{either, both, r.Positives(Rule{Kind: "soft", Tau: -.2, Full: .9, Patients: patients}, groups, nil)} {
			for i := range 60 {
				taken := 0
				for j := range 60 {
					w := p.Weight(i, j)
					if w != p.Weight(j, i) || !(w >= 0 && w <= 1) || both.Weight(i, j) > either.Weight(i, j) {
						t.Fatalf("%+v: weight of %d and %d", p.rule, i, j)
					}
					if w > 0 && i != j {
						taken++
						same := groups[i] != "" && groups[i] == groups[j]
						if patients == "apart" && same || patients == "within" && !same {
							t.Fatalf("%+v joins %q and %q", p.rule, groups[i], groups[j])
						}
					}
				}
				if p == both && taken > 4 {
					t.Fatalf("%d mutual neighbours of 4", taken)
				}
				if p == either && patients == "any" && r.HasGaze[i] && taken < 4 {
					t.Fatalf("%d neighbours, want 4 or more", taken)
				}
			}
		}
	}
}

// Order statistics without sorting are those of sorting.
func TestOrder(t *testing.T) {
	values := []float32{0, float32(math.Copysign(0, -1)), -1, 1, 1e-30, -1e-30, 3e38, -3e38, .5, math.Nextafter32(.5, 1)}
	for _, a := range values {
		if fromKey(key(a)) != a {
			t.Errorf("%g comes back as %g", a, fromKey(key(a)))
		}
		for _, b := range values {
			if (a < b) != (key(a) < key(b)) {
				t.Errorf("%g and %g", a, b)
			}
		}
	}
	for _, levels := range []int{1, 7, 1 << 23} {
		r := random(70, levels, 9)
		var sorted []float32
		r.Pairs().Each(func(_, _ int, v float32) { sorted = append(sorted, v) })
		slices.Sort(sorted)
		high, total := r.Pairs().high()
		if total != len(sorted) {
			t.Fatalf("%d pairs, want %d", total, len(sorted))
		}
		var ranks []int
		for rank := range total {
			ranks = append(ranks, rank)
		}
		if got := r.Pairs().order(high, ranks); !slices.Equal(got, sorted) {
			t.Errorf("%d levels: another order than by sorting", levels)
		}
		middle := r.Pairs().Quantiles([]float64{.5})[0]
		if want := (float64(sorted[(total-1)/2]) + float64(sorted[total/2])) / 2; !gazetest.Within(middle, want, 1e-12) {
			t.Errorf("median %g, want %g", middle, want)
		}
	}
}

// A weight is what its rule's formula says, on a relation with ties and for every kind of rule.
func TestWeightsByBruteForce(t *testing.T) {
	r := random(30, 8, 12)
	rank := func(i, j int) (rank int) { // how many others come before j for i
		for o := range r.N {
			if o != i && o != j && r.HasGaze[o] && (r.At(i, o) > r.At(i, j) || r.At(i, o) == r.At(i, j) && o < j) {
				rank++
			}
		}
		return rank
	}
	step := func(yes bool) float64 {
		if yes {
			return 1
		}
		return 0
	}
	for name, c := range map[string]struct {
		rule Rule
		want func(i, j int) float64
	}{
		"threshold": {Rule{Tau: .25}, func(i, j int) float64 { return step(r.At(i, j) > .25) }},
		"soft":      {Rule{Kind: "soft", Tau: -.5, Full: .5}, func(i, j int) float64 { return min(max(float64(r.At(i, j))+.5, 0), 1) }},
		"top-k":     {Rule{Kind: "top-k", K: 3}, func(i, j int) float64 { return step(min(rank(i, j), rank(j, i)) < 3) }},
		"mutual":    {Rule{Kind: "top-k", K: 3, Mutual: true}, func(i, j int) float64 { return step(max(rank(i, j), rank(j, i)) < 3) }},
	} {
		p := r.Positives(c.rule, nil, nil)
		for i := range r.N {
			for j := range r.N {
				if i != j && r.HasGaze[i] && r.HasGaze[j] && !gazetest.Within(float64(p.Weight(i, j)), c.want(i, j), 1e-6) {
					t.Fatalf("%s: weight of %d and %d is %g, want %g", name, i, j, p.Weight(i, j), c.want(i, j))
				}
			}
		}
	}
}
