package scanpaths

import (
	"math"
	"math/rand/v2"
	"testing"

	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/similarity/internal/measure/measuretest"
)

// naiveTDE is the published distance of a from b, for pieces of k fixations.
func naiveTDE(a, b []point, k int) float64 {
	sum := 0.0
	for i := range len(a) - k + 1 {
		least := math.Inf(1)
		for j := range len(b) - k + 1 {
			squares := 0.0
			for l := range k {
				dx, dy := a[i+l].x-b[j+l].x, a[i+l].y-b[j+l].y
				squares += dx*dx + dy*dy
			}
			least = min(least, math.Sqrt(squares)/float64(k))
		}
		sum += least
	}
	return sum / float64(len(a)-k+1)
}

func TestTDE(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 1))
	scratch := newPieces(12)
	for range 200 {
		a, b := randomPlaces(r, 1+r.IntN(12)), randomPlaces(r, 1+r.IntN(12))
		scratch.start(a, b)
		for k := 1; k <= min(len(a), len(b)); k++ {
			ab, ba := scratch.lengthen()
			if !gazetest.Within(ab, naiveTDE(a, b, k), 1e-12) || !gazetest.Within(ba, naiveTDE(b, a, k), 1e-12) {
				t.Fatalf("%v, %v, k = %d: %g and %g, want %g and %g", a, b, k, ab, ba, naiveTDE(a, b, k), naiveTDE(b, a, k))
			}
		}
	}
}

func TestTDEMeasures(t *testing.T) {
	a, b := gazetest.Path(1, 20, 640, 480), gazetest.Path(2, 15, 640, 480)
	p, q := places(a, diagonal(a)), places(b, diagonal(b))
	want := 1 - math.Sqrt(3)*(naiveTDE(p, q, 3)+naiveTDE(q, p, 3))/2
	if got := measuretest.Value(t, "tde", a, b); !gazetest.Within(got, want, 1e-6) {
		t.Errorf("tde: %g, want %g", got, want)
	}
	p, q = places(a, 640), places(b, 640)
	sum, most := 0.0, min(len(p), len(q))
	for k := 1; k <= most; k++ {
		sum += (math.Exp(-naiveTDE(p, q, k)) + math.Exp(-naiveTDE(q, p, k))) / 2
	}
	if got, want := measuretest.Value(t, "stde", a, b), sum/float64(most); !gazetest.Within(got, want, 1e-6) {
		t.Errorf("stde: %g, want %g", got, want)
	}
	short := b
	short.Fixations = b.Fixations[:2]
	if got, want := measuretest.Value(t, "tde:k=50", a, short), measuretest.Value(t, "tde:k=2", a, short); got != want || got == 0 {
		t.Errorf("pieces longer than a scanpath: %g, want %g", got, want)
	}
}
