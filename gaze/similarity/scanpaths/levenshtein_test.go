package scanpaths

import (
	"math/rand/v2"
	"testing"

	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/similarity/internal/measure/measuretest"
)

// naiveLevenshtein is the definition by recursion.
func naiveLevenshtein(a, b []int) int {
	switch {
	case len(a) == 0:
		return len(b)
	case len(b) == 0:
		return len(a)
	case a[0] == b[0]:
		return naiveLevenshtein(a[1:], b[1:])
	}
	return 1 + min(naiveLevenshtein(a[1:], b), naiveLevenshtein(a, b[1:]), naiveLevenshtein(a[1:], b[1:]))
}

// randomWord is n letters of an alphabet.
func randomWord(r *rand.Rand, n, letters int) []int {
	word := make([]int, n)
	for i := range word {
		word[i] = r.IntN(letters)
	}
	return word
}

func TestLevenshtein(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	row := make([]int, 8)
	for range 300 {
		a, b := randomWord(r, 1+r.IntN(7), 3), randomWord(r, 1+r.IntN(7), 3)
		if got, want := levenshtein(a, b, row), naiveLevenshtein(a, b); got != want || levenshtein(b, a, row) != want {
			t.Fatalf("%v, %v: %d, want %d", a, b, got, want)
		}
	}
	letters := func(word string) (out []int) {
		for _, c := range word {
			out = append(out, int(c))
		}
		return out
	}
	if got := levenshtein(letters("kitten"), letters("sitting"), row); got != 3 {
		t.Errorf("kitten and sitting: %d", got)
	}
}

func TestLevenshteinGrid(t *testing.T) {
	// Frame 90 x 120: columns are 18 pixels wide, rows 24 high. Cells (0,0) (2,0) (0,2) and (0,0) (0,2).
	a, b := coarse([][3]int{{0, 0, 1}, {4, 0, 1}, {1, 5, 1}}), coarse([][3]int{{1, 2, 3}, {0, 6, 1}})
	if got, want := measuretest.Value(t, "levenshtein", a, b), 1-1./3; !gazetest.Within(got, want, 1e-7) {
		t.Errorf("%g, want %g", got, want)
	}
	if got := measuretest.Value(t, "levenshtein:grid=1", a, a); got != 1 {
		t.Errorf("one cell: %g", got)
	}
}
