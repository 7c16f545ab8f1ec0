package measure

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"gzpt/gaze"
	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/relation"
	"gzpt/kernels"
	"gzpt/kernels/reference"
)

// Blocks on the diagonal are computed in strips, others whole; all elements are the products, whether the device writes
// them where they are stored from or, as one of other memory or another type, they are read from it.
func TestProducts(t *testing.T) {
	const n, depth = ProductSide + stripRows + 70, 3
	g := rand.New(rand.NewPCG(5, 5))
	rows := make([]float32, n*depth)
	for i := range rows {
		rows[i] = g.Float32() - .5
	}
	for _, storage := range []kernels.Type{kernels.Float32, kernels.Float64} {
		dev := reference.New(storage)
		defer dev.Close()
		w := &Work{Ctx: context.Background(), Device: dev, Paths: make([]gaze.Recording, n)}
		blocks, err := w.Products(rows, rows, depth)
		if err != nil {
			t.Fatal(err)
		}
		d, err := relation.Begin(slices.Repeat([]bool{true}, n), "", "")
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Fill(w.Ctx, blocks, nil); err != nil {
			t.Fatal(err)
		}
		r, err := d.Complete()
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
				if !gazetest.Within(float64(r.At(i, j)), want, 1e-6) {
					t.Fatalf("%v: R[%d,%d] = %g, want %g", storage, i, j, r.At(i, j), want)
				}
			}
		}
	}
}
