package gaze

import (
	"math"
	"slices"
	"testing"
)

func TestMerge(t *testing.T) {
	a := Recording{Image: "i", Width: 100, Height: 50, Fixations: []Fixation{{X: 10, Y: 5, Start: 1, Duration: 2}}}
	b := Recording{Image: "i", Width: 200, Height: 100, Fixations: []Fixation{{X: 10, Y: 5, Start: .5, Duration: 1}}}
	got := Merge([]Recording{{Width: 7}, a, {}, b})
	want := []Fixation{{X: 10, Y: 5, Start: 1, Duration: 2}, {X: 5, Y: 2.5, Start: 3.5, Duration: 1}}
	if got.Width != 100 || !slices.Equal(got.Fixations, want) {
		t.Errorf("%+v", got)
	}
	if len(a.Fixations) != 1 || b.Fixations[0].X != 10 {
		t.Error("merge changed its input")
	}
}

func within(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance }
