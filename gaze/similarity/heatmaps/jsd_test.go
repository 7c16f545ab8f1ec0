package heatmaps

import (
	"math"
	"strconv"
	"testing"

	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure/measuretest"
)

func TestJSD(t *testing.T) {
	for _, grid := range []int{2, 16, 32} {
		againstMaps(t, "jsd:grid="+strconv.Itoa(grid), grid, 1e-6, func(p, q []float64) float64 {
			sum := 0.0
			for k := range p {
				m := (p[k] + q[k]) / 2
				for _, v := range []float64{p[k], q[k]} {
					if v > 0 {
						sum += v * math.Log2(v/m) / 2
					}
				}
			}
			return 1 - math.Sqrt(max(sum, 0))
		})
	}
}

// The logarithm stays within its bound over all sizes of numbers.
func TestEntropy(t *testing.T) {
	h := func(x, y float32) float64 { return entropy([]float32{x}, []float32{y}) }
	for v := 1e-45; v < 4; v *= 1.0003 {
		a, b := float32(v), float32(v/3)
		x := float64(a) + float64(b)
		if got, want := h(a, b), x*math.Log2(x); math.Abs(got-want) > x*(1e-14+1e-15*math.Abs(math.Log2(x))) {
			t.Fatalf("x log2 x of %g is %g, want %g", x, got, want)
		}
	}
	if h(0, 0) != 0 || math.Abs(h(.5, .5)) > 1e-14 {
		t.Errorf("%g of 0, %g of 1", h(0, 0), h(.5, .5))
	}
}

// The distance keeps the triangle inequality.
func TestJSDTriangle(t *testing.T) {
	r := measuretest.Relate(t, "jsd:grid=8", gazetest.Some(40))
	checkTriangle(t, r)
}

// checkTriangle demands that 1 - R is a distance among items with gaze.
func checkTriangle(t *testing.T, r *relation.Relation) {
	t.Helper()
	distance := func(i, j int) float64 { return 1 - float64(r.At(i, j)) }
	for i := range r.N {
		for j := range r.N {
			for k := range r.N {
				if r.HasGaze[i] && r.HasGaze[j] && r.HasGaze[k] && distance(i, j) > distance(i, k)+distance(k, j)+1e-6 {
					t.Fatalf("from %d to %d %g, by way of %d only %g", i, j, distance(i, j), k, distance(i, k)+distance(k, j))
				}
			}
		}
	}
}
