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

func TestByReader(t *testing.T) {
	recording := func(reader string, x float64) Recording {
		return Recording{Reader: reader, Width: 100, Height: 50, Fixations: []Fixation{{X: x, Y: 5, Duration: 1}}}
	}
	got := ByReader([]Recording{recording("anna", 1), recording("", 2), recording("bert", 3), recording("", 4), recording("anna", 5), {Reader: "bert"}})
	var xs [][]float64
	for _, r := range got {
		var of []float64
		for _, f := range r.Fixations {
			of = append(of, f.X)
		}
		xs = append(xs, of)
	}
	want := [][]float64{{1, 5}, {2}, {3}, {4}}
	if !slices.EqualFunc(xs, want, slices.Equal) || got[0].Reader != "anna" {
		t.Errorf("fixations at %v, expected %v", xs, want)
	}
	if got := ByReader([]Recording{{Reader: "anna"}, {Reader: "anna"}}); len(got) != 1 || got[0].Reader != "anna" {
		t.Errorf("a reader who looked at nothing twice is %+v", got)
	}
}

func within(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance }
