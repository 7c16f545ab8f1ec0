package similarity

import (
	"context"
	"math"
	"testing"
)

func TestJSD(t *testing.T) {
	for _, grid := range []int{2, 16, 32} {
		againstMaps(t, "jsd:grid="+text(float64(grid)), grid, 1e-6, func(p, q []float64) float64 {
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
func TestXlog2(t *testing.T) {
	for x := 1e-300; x < 4; x *= 1.0003 {
		if got, want := xlog2(x), x*math.Log2(x); math.Abs(got-want) > x*(1e-14+1e-15*math.Abs(math.Log2(x))) {
			t.Fatalf("x log2 x of %g is %g, want %g", x, got, want)
		}
	}
	if xlog2(0) != 0 || xlog2(1) > 1e-14 || xlog2(5e-324) != 0 {
		t.Errorf("%g of 0, %g of 1, %g of the smallest number", xlog2(0), xlog2(1), xlog2(5e-324))
	}
}

// The distance keeps the triangle inequality.
func TestJSDTriangle(t *testing.T) {
	r, err := Relate(context.Background(), device(t), some(40), RelateOptions{Measure: "jsd:grid=8"})
	if err != nil {
		t.Fatal(err)
	}
	checkTriangle(t, r)
}

// checkTriangle demands that 1 - R is a distance among items with gaze.
func checkTriangle(t *testing.T, r *Relation) {
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
