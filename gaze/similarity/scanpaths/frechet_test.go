package scanpaths

import (
	"math"
	"math/rand/v2"
	"testing"

	"gzpt/gaze/internal/gazetest"
)

func TestFrechetByAllPaths(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	for range 300 {
		a, b := randomPlaces(r, 1+r.IntN(5)), randomPlaces(r, 1+r.IntN(5))
		want := math.Inf(1)
		allPaths(len(a), len(b), func(path [][2]int) {
			furthest := 0.0
			for _, c := range path {
				furthest = max(furthest, math.Hypot(a[c[0]].x-b[c[1]].x, a[c[0]].y-b[c[1]].y))
			}
			want = min(want, furthest)
		})
		row := make([]int64, 5)
		if got, turned := frechet(a, b, row), frechet(b, a, row); !gazetest.Within(got, want, 1e-12) || got != turned {
			t.Fatalf("%v, %v: %g, turned %g, want %g", a, b, got, turned, want)
		}
	}
}

// Eiter and Mannila's bounds: no less than the Hausdorff distance and the distances of the ends.
func TestFrechetBounds(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 2))
	scratch, row := newNeighbours(30), make([]int64, 30)
	for range 200 {
		a, b := randomPlaces(r, 1+r.IntN(30)), randomPlaces(r, 1+r.IntN(30))
		got := frechet(a, b, row)
		if least := max(hausdorff(a, b, scratch), a[0].distance(b[0]), a[len(a)-1].distance(b[len(b)-1])); got < least {
			t.Fatalf("%v, %v: %g is less than %g", a, b, got, least)
		}
	}
}
