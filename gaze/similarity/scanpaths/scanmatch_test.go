package scanpaths

import (
	"math"
	"math/rand/v2"
	"testing"

	"gzpt/gaze"
	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/similarity/internal/measure/measuretest"
)

// naiveScanMatch is the best score of an alignment by recursion.
func naiveScanMatch(a, b []int, score func(u, v int) float64) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	return max(naiveScanMatch(a[1:], b[1:], score)+score(a[0], b[0]), naiveScanMatch(a[1:], b, score), naiveScanMatch(a, b[1:], score))
}

func TestScanMatch(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	for _, size := range [][2]int{{8, 6}, {12, 8}, {1, 1}, {1, 5}, {6, 1}} {
		cols, rows := size[0], size[1]
		s := newSubstitution(cols, rows, 3.5)
		row := make([]int64, 6)
		for range 60 {
			a, b := randomWord(r, 1+r.IntN(6), cols*rows), randomWord(r, 1+r.IntN(6), cols*rows)
			want := naiveScanMatch(a, b, func(u, v int) float64 {
				return 3.5 - math.Hypot(float64(u%cols-v%cols), float64(u/cols-v/cols))
			}) / (3.5 * float64(max(len(a), len(b))))
			numbered := func(word []int) (out []int) {
				for _, c := range word {
					out = append(out, c%cols+c/cols*s.stride)
				}
				return out
			}
			got, turned := s.similarity(numbered(a), numbered(b), row), s.similarity(numbered(b), numbered(a), row)
			if !gazetest.Within(got, want, 1e-8) || got != turned {
				t.Fatalf("%d x %d cells, %v, %v: %g, turned %g, want %g", cols, rows, a, b, got, turned, want)
			}
		}
	}
}

// A fixation of two and a half bins counts three times, whatever rounding makes of decimals.
func TestScanMatchHalves(t *testing.T) {
	for _, bin := range []int{20, 50, 100, 130} { // ms
		s := newSubstitution(8, 6, 3.5)
		for ms := range 2000 {
			r := gaze.Recording{Width: 8, Height: 6, Fixations: []gaze.Fixation{{Duration: float64(ms) / 1000}}}
			if got, want := len(s.word(r, float64(bin)/1000)), (2*ms+bin)/(2*bin); got != want {
				t.Errorf("%d ms are %d bins of %d ms, want %d", ms, got, bin, want)
			}
		}
	}
}

func TestScanMatchBins(t *testing.T) {
	// Cells (0,0) and (2,0) of 8 x 6; the first is looked at for 1 or 3 tenths of a second.
	a, b := coarse([][3]int{{0, 0, 1}, {3, 0, 1}}), coarse([][3]int{{0, 0, 3}, {3, 0, 1}})
	for spec, want := range map[string]float64{
		"scanmatch":                   1,
		"scanmatch:bin=0.1":           2. / 4,
		"scanmatch:bin=10":            0, // nothing lasts as long
		"scanmatch:threshold=0.5":     1,
		"scanmatch:cols=1,rows=1":     1,
		"scanmatch:cols=12,bin=0.051": 4. / 8, // 2 and 2 of 6 and 2
	} {
		if got := measuretest.Value(t, spec, a, b); !gazetest.Within(got, want, 1e-7) {
			t.Errorf("%s: %g, want %g", spec, got, want)
		}
	}
}
