package nn

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

func ExampleAbove() {
	// Gaze on the items 0 and 2 is alike, item 1 has none.
	nan := float32(math.NaN())
	relation := Matrix([]float32{
		1, nan, .97,
		nan, nan, nan,
		.97, nan, 1,
	}, 3)
	alike := Above(relation, .95)
	fmt.Println(alike(0, 2), alike(2, 0), alike(0, 1))
	// Output:
	// 1 1 0
}

func TestPositivesMatrix(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	r := Matrix([]float32{
		1, .5, .9, nan,
		.5, 1, .51, 0,
		.9, .51, 1, inf,
		nan, 0, inf, nan,
	}, 4)
	for _, c := range []struct {
		name    string
		items   []int
		weights Weights
		drop    float64
		want    []float32
	}{
		{"strictly above tau", []int{0, 1, 2}, Above(r, .5), 0, []float32{1, 0, 1, 0, 1, 1, 1, 1, 1}},
		{"nothing above tau", []int{0, 1, 2}, Above(r, .95), 0, []float32{1, 0, 0, 0, 1, 0, 0, 0, 1}},
		{"NaN is never positive", []int{0, 3}, Above(r, -1), 0, []float32{1, 0, 0, 1}},
		{"without gaze", []int{0, 1}, nil, 0, []float32{1, 0, 0, 1}},
		{"all dropped", []int{0, 2}, Above(r, .5), 1, []float32{1, 0, 0, 1}},
		{"the same item is never dropped", []int{3, 3}, Above(r, .5), 1, []float32{1, 1, 1, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := slices.Repeat([]float32{7}, len(c.items)*len(c.items))
			p := pairs{weights: c.weights, drop: c.drop, seed: 3}
			p.matrix(got, c.items, 5)
			if !slices.Equal(got, c.want) {
				t.Errorf("%v, expected %v", got, c.want)
			}
		})
	}
	mustPanic(t, "nn: Matrix: a relation matrix has n*n elements", func() { Matrix(make([]float32, 3), 2) })
}

func all(i, j int) float32 { return 1 }

func numbered(n int) []int {
	items := make([]int, n)
	for i := range items {
		items[i] = i
	}
	return items
}

// TestDrop: drop is the probability of dropping a pair, drawn once per unordered pair and step from the seed, in the matrix of
// a batch and pair by pair.
func TestDrop(t *testing.T) {
	const b = 200
	items := numbered(b)
	for name, draw := range map[string]func(p pairs, step int) []float32{
		"matrix": func(p pairs, step int) []float32 {
			a := make([]float32, b*b)
			p.matrix(a, items, step)
			return a
		},
		"pair by pair": func(p pairs, step int) []float32 {
			a, d := make([]float32, b*b), p.draw(step)
			for i := range b {
				for j := range b {
					a[i*b+j] = d.weight(i, j)
				}
			}
			return a
		},
	} {
		for _, drop := range []float64{.1, .5, .9} {
			a := draw(pairs{all, drop, 1}, 2)
			kept := 0
			for i := range b {
				for j := range i {
					if a[i*b+j] != a[j*b+i] {
						t.Fatalf("%s: not symmetric", name)
					}
					kept += int(a[i*b+j])
				}
			}
			const pairCount = b * (b - 1) / 2
			share, sd := float64(kept)/pairCount, math.Sqrt(drop*(1-drop)/pairCount)
			if math.Abs(share-(1-drop)) > 5*sd {
				t.Errorf("%s: drop %v kept %v of the pairs", name, drop, share)
			}
			if !slices.Equal(a, draw(pairs{all, drop, 1}, 2)) {
				t.Errorf("%s: the same seed and step gave others", name)
			}
			if slices.Equal(a, draw(pairs{all, drop, 1}, 3)) || slices.Equal(a, draw(pairs{all, drop, 2}, 2)) {
				t.Errorf("%s: another step or seed gave the same", name)
			}
		}
		if a := draw(pairs{all, 1, 1}, 2); a[1] != 0 {
			t.Errorf("%s: drop 1 kept a pair", name)
		}
		if a := draw(pairs{nil, 0, 1}, 2); a[1] != 0 {
			t.Errorf("%s: no weights gave a positive", name)
		}
	}
	p, a := pairs{all, .5, 1}, make([]float32, b*b)
	if n := testing.AllocsPerRun(5, func() {
		p.matrix(a, items, 1)
		d := p.draw(1)
		a[0] = d.weight(1, 2)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestDrawsOfPairsAreIndependent: the pairs of one item, and the pairs of neighbours, are kept as often as any.
func TestDrawsOfPairsAreIndependent(t *testing.T) {
	const n, drop = 20000, 0.3
	p := pairs{all, drop, 9}
	d := p.draw(4)
	for name, pair := range map[string]func(k int) (int, int){
		"of one item":   func(k int) (int, int) { return 5, 6 + k },
		"of neighbours": func(k int) (int, int) { return k, k + 1 },
	} {
		var kept, both float64
		last := false
		for k := range n {
			now := !d.dropped(pair(k))
			if now {
				kept++
			}
			if now && last {
				both++
			}
			last = now
		}
		if sd := math.Sqrt(drop * (1 - drop) / n); math.Abs(kept/n-(1-drop)) > 5*sd {
			t.Errorf("%s: %v kept", name, kept/n)
		}
		if q := (1 - drop) * (1 - drop); math.Abs(both/n-q) > 10*math.Sqrt(q*(1-q)/n) {
			t.Errorf("%s: two in a row are kept %v of the time, expected %v", name, both/n, q)
		}
	}
}

// TestWeights: weights stand in A as they are, and the same pairs are dropped as with a threshold.
func TestWeights(t *testing.T) {
	const b = 40
	items := make([]int, b)
	for i := range items {
		items[i] = i / 2 // every item twice
	}
	weights := func(i, j int) float32 { return float32(i+j) / 100 }
	got, hard := make([]float32, b*b), make([]float32, b*b)
	soft, threshold := pairs{weights, .4, 3}, pairs{all, .4, 3}
	soft.matrix(got, items, 5)
	threshold.matrix(hard, items, 5)
	for i := range b {
		for j := range b {
			want := hard[i*b+j] * weights(items[i], items[j])
			if items[i] == items[j] {
				want = 1
			}
			if got[i*b+j] != want {
				t.Fatalf("A[%d,%d] = %v, expected %v", i, j, got[i*b+j], want)
			}
		}
	}
}
