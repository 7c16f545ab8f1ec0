package relation

import (
	"math"
	"slices"
	"testing"
)

func TestPermuted(t *testing.T) {
	r := random(40, 50, 6)
	p := Permutation(r.HasGaze, 7)
	if !slices.Equal(p, Permutation(r.HasGaze, 7)) || slices.Equal(p, Permutation(r.HasGaze, 8)) {
		t.Error("the permutation does not follow its seed")
	}
	sorted := slices.Sorted(slices.Values(p))
	moved := 0
	for i := range p {
		if sorted[i] != i || !r.HasGaze[i] && p[i] != i || r.HasGaze[i] && !r.HasGaze[p[i]] {
			t.Fatalf("not a permutation among items with gaze: %v", p)
		}
		if p[i] != i {
			moved++
		}
	}
	if moved < 20 {
		t.Errorf("%d items moved", moved)
	}
	q := r.Permuted(7)
	for i := range q.N {
		for j := range q.N {
			if q.At(i, j) != r.At(p[i], p[j]) {
				t.Fatalf("R'[%d,%d]", i, j)
			}
		}
	}
	if a, b := r.Positives(Rule{Tau: .9}, nil, nil).Counts(), q.Positives(Rule{Tau: .9}, nil, nil).Counts(); a != b {
		t.Errorf("the permuted relation has other positives: %+v, %+v", a, b)
	}
	levels := []float64{0, .1, .5, .99, 1}
	if a, b := r.Pairs().Quantiles(levels), q.Pairs().Quantiles(levels); !slices.Equal(a, b) {
		t.Errorf("the permuted relation has other similarities: %v, %v", a, b)
	}
}

func TestFromLabels(t *testing.T) {
	r := FromLabels([]string{"a", "", "b", "a", ""})
	want := []float32{
		1, 0, 0, 1, 0,
		0, 1, 0, 0, 0,
		0, 0, 1, 0, 0,
		1, 0, 0, 1, 0,
		0, 0, 0, 0, 1,
	}
	if !slices.Equal(r.Values, want) {
		t.Errorf("%v", r.Values)
	}
}

func TestTauForPositives(t *testing.T) {
	for _, levels := range []int{7, 1 << 23} {
		r := random(60, levels, 3)
		counts := func(tau float64) Counts { return r.Positives(Rule{Tau: tau}, nil, nil).Counts() }
		for _, k := range []float64{0, .5, 1, 5, 1e9} {
			tau := r.Pairs().tauForPositives(k)
			mean := counts(tau).Mean
			lower := counts(math.Nextafter(float64(math.Nextafter32(float32(tau), -2)), -2)).Mean
			if mean > k || lower <= k && k < 1e9 {
				t.Errorf("k = %g: tau %g gives %g positives, a lower one %g", k, tau, mean, lower)
			}
		}
		if got := counts(r.Pairs().tauForPositives(1e9)); got.Least != 52 { // of the 53 items with gaze
			t.Errorf("all pairs asked for, %+v given", got)
		}
	}
	for _, none := range []*Relation{newRelation(0), newRelation(3)} {
		if got := none.Pairs().tauForPositives(3); got != 0 {
			t.Errorf("%d items without gaze: tau %g", none.N, got)
		}
	}
}
