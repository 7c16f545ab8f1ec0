package scanpaths

import (
	"math"
	"math/rand/v2"
	"testing"

	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/similarity/internal/measure/measuretest"
)

// nearestOf is the distance from a place to the nearest of some.
func nearestOf(p point, places []point) float64 {
	least := math.Inf(1)
	for _, q := range places {
		least = min(least, math.Hypot(p.x-q.x, p.y-q.y))
	}
	return least
}

func TestHausdorffAndEyenalysis(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 1))
	scratch := newNeighbours(20)
	for range 300 {
		a, b := randomPlaces(r, 1+r.IntN(20)), randomPlaces(r, 1+r.IntN(20))
		furthest, sum := 0.0, 0.0
		for _, p := range a {
			furthest, sum = max(furthest, nearestOf(p, b)), sum+nearestOf(p, b)
		}
		for _, p := range b {
			furthest, sum = max(furthest, nearestOf(p, a)), sum+nearestOf(p, a)
		}
		if got, turned := hausdorff(a, b, scratch), hausdorff(b, a, scratch); !gazetest.Within(got, furthest, 1e-12) || got != turned {
			t.Fatalf("Hausdorff of %v, %v: %g, turned %g, want %g", a, b, got, turned, furthest)
		}
		if got, want := eyenalysis(a, b, scratch), sum/float64(max(len(a), len(b))); !gazetest.Within(got, want, 1e-12) {
			t.Fatalf("Eyenalysis of %v, %v: %g, want %g", a, b, got, want)
		}
	}
}

// Three fixations and one, in a frame of diagonal 5: by hand.
func TestNearestByHand(t *testing.T) {
	a, b := coarse([][3]int{{0, 0, 1}, {3, 0, 1}, {0, 4, 1}}), coarse([][3]int{{0, 0, 1}})
	a.Width, a.Height, b.Width, b.Height = 30, 40, 30, 40
	for spec, want := range map[string]float64{
		"hausdorff":  1 - 40./50,
		"eyenalysis": 1 - (0+30./50+40./50+0)/3/2,
		"frechet":    1 - 40./50,
	} {
		if got := measuretest.Value(t, spec, a, b); !gazetest.Within(got, want, 1e-7) {
			t.Errorf("%s: %g, want %g", spec, got, want)
		}
	}
}
