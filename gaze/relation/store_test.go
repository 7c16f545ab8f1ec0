package relation

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// stored runs blocks of made-up numbers through the relation of n items.
func stored(t *testing.T, n, side int, value func(i, j int) float32, has func(i int) bool) (*Relation, error) {
	t.Helper()
	hasGaze := make([]bool, n)
	for i := range hasGaze {
		hasGaze[i] = has(i)
	}
	d, err := Begin(hasGaze, "", "")
	if err != nil {
		t.Fatal(err)
	}
	err = d.Fill(context.Background(), madeUp(side, value, has), nil)
	return d.relation, err
}

// madeUp is blocks of numbers for the pairs of items with gaze.
func madeUp(side int, value func(i, j int) float32, has func(i int) bool) Blocks {
	return Blocks{Side: side, Compute: func(rows, cols Span, dst []float32) error {
		for k := range dst {
			dst[k] = float32(math.NaN()) // below the diagonal nothing counts
			if i, j := rows.First+k/cols.N, cols.First+k%cols.N; i < j && has(i) && has(j) {
				dst[k] = value(i, j)
			}
		}
		return nil
	}}
}

// Every element reaches both its places, whatever the sizes of blocks and bands.
func TestStore(t *testing.T) {
	value := func(i, j int) float32 { return float32(i*1000+j) / 2e6 }
	has := func(i int) bool { return i%11 != 5 }
	for _, n := range []int{1, 2, 7, 8, 9, 63, 64, 65, 130, 200} {
		for _, side := range []int{1, 7, 64, 100, 256} {
			if n/side > 50 {
				continue
			}
			r, err := stored(t, n, side, value, has)
			if err != nil {
				t.Fatal(err)
			}
			for i := range n {
				for j := range n {
					want := float32(0)
					switch {
					case !has(i) || !has(j):
					case i == j:
						want = 1
					default:
						want = value(min(i, j), max(i, j))
					}
					if r.At(i, j) != want {
						t.Fatalf("%d items in blocks of %d: R[%d,%d] = %g, want %g", n, side, i, j, r.At(i, j), want)
					}
				}
			}
		}
	}
}

// Rounding is cut off; a number that cannot come from rounding is an error.
func TestStoreRefuses(t *testing.T) {
	all := func(int) bool { return true }
	at := func(v float32) func(i, j int) float32 {
		return func(i, j int) float32 {
			if i == 2 && j == 5 {
				return v
			}
			return .5
		}
	}
	for v, want := range map[float32]float32{1.0000002: 1, -1.0000002: -1, 1: 1, .3: .3} {
		if r, err := stored(t, 9, 4, at(v), all); err != nil || r.At(2, 5) != want || r.At(5, 2) != want {
			t.Errorf("%g: %v, %v", v, r.At(2, 5), err)
		}
	}
	for _, v := range []float32{1.1, -1.1, float32(math.NaN()), float32(math.Inf(1))} {
		if _, err := stored(t, 9, 4, at(v), all); err == nil || !strings.Contains(err.Error(), "the similarity of items 2 and 5 is "+fmt.Sprint(v)[:2]) {
			t.Errorf("%g: error %v", v, err)
		}
	}
}

// BenchmarkStore is what putting the blocks of 10,000 items into the relation takes, beside computing them. GB/s counts the
// relation once, as it is written.
func BenchmarkStore(b *testing.B) {
	const n, side = 10_000, 1056 // as the device computes them
	d, err := Begin(slices.Repeat([]bool{true}, n), "", "")
	if err != nil {
		b.Fatal(err)
	}
	blocks := Blocks{Side: side, Compute: func(Span, Span, []float32) error { return nil }}
	for b.Loop() {
		if err := d.Fill(context.Background(), blocks, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(4*n*n*float64(b.N)/b.Elapsed().Seconds()/1e9, "GB/s")
}
