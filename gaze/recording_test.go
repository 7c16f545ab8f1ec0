package gaze

import (
	"math"
	"slices"
	"testing"
)

func TestHeatMap(t *testing.T) {
	r := Recording{Width: 200, Height: 100, Fixations: []Fixation{{X: 50, Y: 30, Duration: 3}, {X: 150, Y: 70, Duration: 1}, {X: 1, Y: 1, Duration: .5}}}
	const rows, cols, sigma = 5, 8, .06
	got := make([]float32, rows*cols)
	if !HeatMap(got, r, rows, cols, sigma) {
		t.Fatal("no gaze")
	}
	// The map at a resolution of a quarter pixel, averaged over the cells.
	want, sum := make([]float64, rows*cols), 0.0
	const fine = 4
	for y := range 100 * fine {
		for x := range 200 * fine {
			px, py := (float64(x)+.5)/fine, (float64(y)+.5)/fine
			value := 0.0
			for _, f := range r.Fixations {
				dx, dy := (px-f.X)/(sigma*200), (py-f.Y)/(sigma*200)
				value += f.Duration * math.Exp(-(dx*dx+dy*dy)/2)
			}
			want[y*rows/(100*fine)*cols+x*cols/(200*fine)] += value
			sum += value
		}
	}
	total := 0.0
	for k := range want {
		total += float64(got[k])
		if !within(float64(got[k]), want[k]/sum, 1e-5) {
			t.Errorf("cell %d is %g, want %g", k, got[k], want[k]/sum)
		}
	}
	if !within(total, 1, 1e-6) {
		t.Errorf("the map sums to %g", total)
	}
	for _, empty := range []Recording{{}, {Width: 10, Height: 10, Fixations: []Fixation{{X: 5, Y: 5}}}, {Width: 10, Height: 10, Fixations: []Fixation{{X: 1e6, Y: 5, Duration: 1}}}} {
		if HeatMap(got, empty, rows, cols, sigma) || slices.Max(got) != 0 || slices.Min(got) != 0 {
			t.Errorf("%+v has a map", empty)
		}
	}
}

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

// A heat map in a file is averaged over areas and adds up with others.
func TestMap(t *testing.T) {
	m := &Map{2, 4, []float32{1, 1, 0, 0, 0, 0, 2, 4}}
	got := make([]float32, 2)
	if !m.Average(got, 1, 2) || got[0] != .25 || got[1] != .75 {
		t.Errorf("%v", got)
	}
	wide := make([]float32, 3)
	if !m.Average(wide, 1, 3) || !within(float64(wide[0]), (1+1./3)/8, 1e-6) || !within(float64(wide[1]), (2./3+2*2./3)/8, 1e-6) {
		t.Errorf("%v", wide)
	}
	if (&Map{1, 1, []float32{0}}).Average(got, 1, 2) || got[0] != 0 {
		t.Errorf("%v", got)
	}
	r := Recording{Width: 4, Height: 2, Map: m}
	if !r.HasGaze() || !HeatMap(got, r, 1, 2, .1) || got[1] != .75 {
		t.Errorf("%v", got)
	}
	sum := Merge([]Recording{r, {}, {Width: 4, Height: 2, Map: &Map{1, 1, []float32{7}}}})
	if !HeatMap(got, sum, 1, 2, .1) || got[0] != .375 {
		t.Errorf("%v", got)
	}
}

func within(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance }
