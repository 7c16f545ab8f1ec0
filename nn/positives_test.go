package nn

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

func ExamplePositives() {
	// Gaze on the items 0 and 2 is alike, item 1 has none.
	nan := float32(math.NaN())
	relation := Matrix([]float32{
		1, nan, .97,
		nan, nan, nan,
		.97, nan, 1,
	}, 3)
	items := []int{2, 1, 0}
	a := make([]float32, 9)
	Positives(a, items, relation, .95, 0, 1, 0)
	fmt.Println(a[0:3])
	fmt.Println(a[3:6])
	fmt.Println(a[6:9])
	// Output:
	// [1 0 1]
	// [0 1 0]
	// [1 0 1]
}

func TestPositives(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	r := Matrix([]float32{
		1, .5, .9, nan,
		.5, 1, .51, 0,
		.9, .51, 1, inf,
		nan, 0, inf, nan,
	}, 4)
	for _, c := range []struct {
		name     string
		items    []int
		relation Relation
		tau      float64
		drop     float64
		want     []float32
	}{
		{"strictly above tau", []int{0, 1, 2}, r, .5, 0, []float32{1, 0, 1, 0, 1, 1, 1, 1, 1}},
		{"nothing above tau", []int{0, 1, 2}, r, .95, 0, []float32{1, 0, 0, 0, 1, 0, 0, 0, 1}},
		{"NaN is never positive", []int{0, 3}, r, -1, 0, []float32{1, 0, 0, 1}},
		{"without gaze", []int{0, 1}, nil, 0, 0, []float32{1, 0, 0, 1}},
		{"all dropped", []int{0, 2}, r, .5, 1, []float32{1, 0, 0, 1}},
		{"the same item is never dropped", []int{3, 3}, r, .5, 1, []float32{1, 1, 1, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := slices.Repeat([]float32{7}, len(c.items)*len(c.items))
			Positives(got, c.items, c.relation, c.tau, c.drop, 3, 5)
			if !slices.Equal(got, c.want) {
				t.Errorf("%v, expected %v", got, c.want)
			}
		})
	}
	mustPanic(t, "nn: Positives: dst is not [B,B] for B items", func() { Positives(make([]float32, 3), []int{1, 2}, nil, 0, 0, 0, 0) })
	mustPanic(t, "nn: Matrix: a relation matrix has n*n elements", func() { Matrix(make([]float32, 3), 2) })
}

// TestPositivesDrop: drop is the probability of dropping a pair, drawn once per unordered pair and step from the seed.
func TestPositivesDrop(t *testing.T) {
	const b = 200
	items := make([]int, b)
	for i := range items {
		items[i] = i
	}
	all := func(i, j int) float32 { return 1 }
	draw := func(seed uint64, step int, drop float64) []float32 {
		a := make([]float32, b*b)
		Positives(a, items, all, .5, drop, seed, step)
		return a
	}
	for _, drop := range []float64{.1, .5, .9} {
		a := draw(1, 2, drop)
		kept := 0
		for i := range b {
			for j := range i {
				if a[i*b+j] != a[j*b+i] {
					t.Fatal("not symmetric")
				}
				kept += int(a[i*b+j])
			}
		}
		const pairs = b * (b - 1) / 2
		share, sd := float64(kept)/pairs, math.Sqrt(drop*(1-drop)/pairs)
		if math.Abs(share-(1-drop)) > 5*sd {
			t.Errorf("drop %v kept %v of the pairs", drop, share)
		}
		if !slices.Equal(a, draw(1, 2, drop)) {
			t.Error("the same seed and step gave another matrix")
		}
		if slices.Equal(a, draw(1, 3, drop)) || slices.Equal(a, draw(2, 2, drop)) {
			t.Error("another step or seed gave the same matrix")
		}
	}
	if n := testing.AllocsPerRun(5, func() { Positives(make([]float32, 0), nil, all, .5, .5, 1, 1) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestWeightedPositives: weights stand in A as they are, and the same pairs are dropped as with a threshold.
func TestWeightedPositives(t *testing.T) {
	const b = 40
	items := make([]int, b)
	for i := range items {
		items[i] = i / 2 // every item twice
	}
	weights := func(i, j int) float32 { return float32(i+j) / 100 }
	got, hard := make([]float32, b*b), make([]float32, b*b)
	WeightedPositives(got, items, weights, .4, 3, 5)
	Positives(hard, items, func(i, j int) float32 { return 1 }, .5, .4, 3, 5)
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
	plain := make([]float32, 4)
	if WeightedPositives(plain, []int{0, 1}, nil, 0, 3, 5); !slices.Equal(plain, []float32{1, 0, 0, 1}) {
		t.Errorf("no weights give %v", plain)
	}
}
