package reference

import (
	"math/rand/v2"
	"testing"
)

// TestDots: the bits are those of dot, for every length and number of rows.
func TestDots(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	draw := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = random.NormFloat64()
		}
		return x
	}
	for n := range 41 {
		for rows := range dotsBeside + 1 {
			for _, stride := range []int{n, n + 5} {
				x, w, sums := draw(n), draw(rows*stride), draw(rows)
				want := make([]float64, rows)
				for k := range want {
					want[k] = sums[k] + dot(x, w[k*stride:][:n])
				}
				dots(sums, x, w, stride)
				for k := range want {
					if sums[k] != want[k] {
						t.Fatalf("%d rows of %d, %d apart: sum %d is %v, expected %v", rows, n, stride, k, sums[k], want[k])
					}
				}
			}
		}
	}
}
