package scanpaths

import (
	"math/rand/v2"
	"testing"

	"gzpt/gaze"
	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/similarity/internal/measure/measuretest"
)

// naiveCommonSubsequence is the definition by recursion.
func naiveCommonSubsequence(a, b []int) int {
	switch {
	case len(a) == 0 || len(b) == 0:
		return 0
	case a[0] == b[0]:
		return 1 + naiveCommonSubsequence(a[1:], b[1:])
	}
	return max(naiveCommonSubsequence(a[1:], b), naiveCommonSubsequence(a, b[1:]))
}

func TestCommonSubsequence(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 1))
	row := make([]int, 9)
	for range 300 {
		a, b := randomWord(r, 1+r.IntN(9), 3), randomWord(r, 1+r.IntN(9), 3)
		if got, want := commonSubsequence(a, b, row), naiveCommonSubsequence(a, b); got != want || commonSubsequence(b, a, row) != want {
			t.Fatalf("%v, %v: %d, want %d", a, b, got, want)
		}
	}
}

// Places around four centres are four clusters, whatever the order of the scanpaths.
func TestMeanShift(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 2))
	centres := []point{{-.3, -.3}, {.3, -.25}, {0, .1}, {.3, .3}}
	var scanpaths [][]point
	for range 100 {
		var s []point
		for _, c := range centres {
			s = append(s, point{c.x + .02*r.NormFloat64(), c.y + .02*r.NormFloat64()})
		}
		scanpaths = append(scanpaths, s)
	}
	d := newPlaceCounts(scanpaths, .1)
	labels := d.clusters(.1)
	seen := map[int]bool{}
	for k := range centres {
		want := labels[d.bin(scanpaths[0][k])]
		for i, s := range scanpaths {
			if labels[d.bin(s[k])] != want {
				t.Fatalf("scanpath %d, centre %d: cluster %d, want %d", i, k, labels[d.bin(s[k])], want)
			}
		}
		seen[want] = true
	}
	if len(seen) != len(centres) {
		t.Errorf("%d clusters, want %d", len(seen), len(centres))
	}
	// The bins' mean is the places' own within half a bin.
	mean, count := d.around(centres[0], .1)
	if count < 99 || mean.distance(centres[0]) > .5/float64(d.side)+.01 {
		t.Errorf("%g places around the first centre, mean %v", count, mean)
	}
	if got := newPlaceCounts([][]point{{{-9, 9}}}, .5); got.counts[7*8] != 1 {
		t.Errorf("a place outside: %v", got.counts)
	}
}

func TestSequenceScore(t *testing.T) {
	look := func(places ...int) gaze.Recording {
		r := gaze.Recording{Width: 600, Height: 800}
		for _, k := range places {
			r.Fixations = append(r.Fixations, gaze.Fixation{X: float64(100 + 200*(k%3)), Y: float64(100 + 300*(k/3)), Duration: .2})
		}
		return r
	}
	if got := measuretest.Value(t, "ss", look(0, 1, 2, 4), look(0, 2, 4)); !gazetest.Within(got, .75, 1e-7) {
		t.Errorf("three of four places in order: %g", got)
	}
	if got := measuretest.Value(t, "ss", look(0, 1), look(1, 0)); got != .5 {
		t.Errorf("the other way round: %g", got)
	}
	if got := measuretest.Value(t, "ss:bandwidth=1", look(0, 1), look(4, 5)); got != 1 {
		t.Errorf("all one place: %g", got)
	}
}
