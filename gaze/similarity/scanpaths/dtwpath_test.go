package scanpaths

import (
	"math"
	"math/rand/v2"
	"testing"

	"gzpt/gaze"
	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/similarity/internal/measure/measuretest"
)

// allPaths calls visit with the cells of every warping path of n and m elements.
func allPaths(n, m int, visit func(path [][2]int)) {
	var walk func(i, j int, so [][2]int)
	walk = func(i, j int, so [][2]int) {
		so = append(so, [2]int{i, j})
		if i == n-1 && j == m-1 {
			visit(so)
			return
		}
		for _, step := range [][2]int{{1, 1}, {1, 0}, {0, 1}} {
			if i, j := i+step[0], j+step[1]; i < n && j < m {
				walk(i, j, so)
			}
		}
	}
	walk(0, 0, nil)
}

func TestDistancesByAllPaths(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	var scratch, again warping
	for range 300 {
		a, b := randomPlaces(r, 1+r.IntN(5)), randomPlaces(r, 1+r.IntN(5))
		best := math.Inf(1)
		lengths := map[int]bool{} // of the cheapest paths
		allPaths(len(a), len(b), func(path [][2]int) {
			cost := 0.0
			for _, c := range path {
				cost += math.Hypot(a[c[0]].x-b[c[1]].x, a[c[0]].y-b[c[1]].y)
			}
			if cost < best-1e-12 {
				clear(lengths)
			}
			if cost < best+1e-12 {
				best = min(best, cost)
				lengths[len(path)] = true
			}
		})
		scratch.distances(a, b, 0)
		if !gazetest.Within(scratch.cost(), best, 1e-12) || !lengths[scratch.cells()] {
			t.Fatalf("%v, %v: %g in %d cells, want %g in one of %v", a, b, scratch.cost(), scratch.cells(), best, lengths)
		}
		again.timed(a, b, make([]float64, len(a)), make([]float64, len(b)), 0)
		for k, v := range again.costs {
			if scratch.costs[k] != v {
				t.Fatalf("%v, %v: cell %d differs row by row and two rows at a time", a, b, k)
			}
		}
		first := a[0].distance(b[0])
		again.distances(a, b, -first)
		if !gazetest.Within(again.cost(), best-first, 1e-12) {
			t.Fatalf("%v, %v: %g without the first pair, want %g", a, b, again.cost(), best-first)
		}
	}
}

func TestDTWDurations(t *testing.T) {
	look := func(duration ...float64) gaze.Recording {
		r := gaze.Recording{Width: 30, Height: 40}
		for i, d := range duration {
			r.Fixations = append(r.Fixations, gaze.Fixation{X: 10 * float64(i), Y: 5, Duration: d})
		}
		return r
	}
	a, b := look(.2, .2), look(.2, .4)
	for spec, want := range map[string]float64{
		"dtw":              1,
		"dtw:duration=0.5": 1 - .5*.5/2, // of two pairs, one differs by a half
		"dtw:duration=1":   1 - .5/2,
	} {
		if got := measuretest.Value(t, spec, a, b); !gazetest.Within(got, want, 1e-7) {
			t.Errorf("%s: %g, want %g", spec, got, want)
		}
	}
	// A place that is twice as long in view is one longer fixation or two: the pace plays no part.
	if got := measuretest.Value(t, "dtw", look(.1), gaze.Recording{Width: 30, Height: 40, Fixations: append(look(.1).Fixations, look(.1).Fixations...)}); got != 1 {
		t.Errorf("a fixation twice: %g", got)
	}
	far := gaze.Recording{Width: 30, Height: 40, Fixations: []gaze.Fixation{{X: 1e5, Y: 0, Duration: 1}}}
	if got := measuretest.Value(t, "dtw", a, far); got != 0 {
		t.Errorf("far off the frame: %g", got)
	}
}
