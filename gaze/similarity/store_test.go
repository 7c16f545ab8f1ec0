package similarity

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gzpt/gaze"
	"gzpt/kernels"
	"gzpt/kernels/reference"
)

// stored runs blocks of a comparison of made-up numbers through the relation of n items.
func stored(t *testing.T, n, side int, value func(i, j int) float32, has func(i int) bool) (*Relation, error) {
	t.Helper()
	w := &work{ctx: context.Background(), dev: device(t), paths: make([]gaze.Recording, n)}
	r := newRelation(n)
	for i := range n {
		r.HasGaze[i] = has(i)
	}
	m := Measure{prepare: func(*work) (comparison, error) {
		return comparison{side: side, compare: func(rows, cols span, dst []float32) error {
			for k := range dst {
				dst[k] = float32(math.NaN()) // below the diagonal nothing counts
				if i, j := rows.first+k/cols.n, cols.first+k%cols.n; i < j && has(i) && has(j) {
					dst[k] = value(i, j)
				}
			}
			return nil
		}}, nil
	}}
	return r, r.fill(w, m, &journal{}, nil)
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
		if _, err := stored(t, 9, 4, at(v), all); err == nil || !strings.Contains(err.Error(), "the similarity of items 2 and 5 is "+text(float64(v))[:2]) {
			t.Errorf("%g: error %v", v, err)
		}
	}
}

// Blocks on the diagonal are computed in strips, others whole; all elements are the products, whether the device writes
// them where they are stored from or, as one of other memory or another type, they are read from it.
func TestProducts(t *testing.T) {
	const n, depth = productSide + stripRows + 70, 3
	g := rand.New(rand.NewPCG(5, 5))
	rows := make([]float32, n*depth)
	for i := range rows {
		rows[i] = g.Float32() - .5
	}
	for _, storage := range []kernels.Type{kernels.Float32, kernels.Float64} {
		dev := reference.New(storage)
		defer dev.Close()
		w := &work{ctx: context.Background(), dev: dev, paths: make([]gaze.Recording, n)}
		r := newRelation(n)
		for i := range r.HasGaze {
			r.HasGaze[i] = true
		}
		err := r.fill(w, Measure{prepare: func(w *work) (comparison, error) { return w.products(rows, rows, depth) }}, &journal{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			for j := range n {
				want := 0.0
				for k := range depth {
					want += float64(rows[i*depth+k]) * float64(rows[j*depth+k])
				}
				if i == j {
					want = 1
				}
				if !within(float64(r.At(i, j)), want, 1e-6) {
					t.Fatalf("%v: R[%d,%d] = %g, want %g", storage, i, j, r.At(i, j), want)
				}
			}
		}
	}
}

// BenchmarkStore is what putting the blocks of 10,000 items into the relation takes, beside computing them. GB/s counts the
// relation once, as it is written.
func BenchmarkStore(b *testing.B) {
	const n = 10_000
	w := &work{ctx: context.Background(), dev: device(b), paths: make([]gaze.Recording, n)}
	r := newRelation(n)
	for i := range r.HasGaze {
		r.HasGaze[i] = true
	}
	m := Measure{prepare: func(*work) (comparison, error) {
		return comparison{side: productSide, compare: func(span, span, []float32) error { return nil }}, nil
	}}
	for b.Loop() {
		if err := r.fill(w, m, &journal{}, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(4*n*n*float64(b.N)/b.Elapsed().Seconds()/1e9, "GB/s")
}
