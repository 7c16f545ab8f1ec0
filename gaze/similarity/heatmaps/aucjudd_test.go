package heatmaps

import (
	"slices"
	"strconv"
	"testing"

	"gzpt/gaze"
)

// rocArea is the curve itself: a point for every threshold, the area by trapezoids.
func rocArea(saliency, fixations []float64) float64 {
	others := make([]float64, len(fixations))
	for k, f := range fixations {
		if f == 0 {
			others[k] = 1
		}
	}
	if sum(others) == 0 {
		for k := range others {
			others[k] = 1
		}
	}
	if sum(fixations) == 0 {
		return .5
	}
	thresholds := slices.Compact(slices.Sorted(slices.Values(saliency)))
	slices.Reverse(thresholds)
	area, x, y := 0.0, 0.0, 0.0
	for _, threshold := range thresholds {
		nx, ny := 0.0, 0.0
		for k, v := range saliency {
			if v >= threshold {
				nx, ny = nx+others[k]/sum(others), ny+fixations[k]/sum(fixations)
			}
		}
		area += (nx - x) * (ny + y) / 2
		x, y = nx, ny
	}
	return area
}

func TestAUCJudd(t *testing.T) {
	if testing.Short() {
		t.Skip("seconds under the race detector, in one goroutine; run without -short")
	}
	for _, grid := range []int{2, 5, 16} {
		against(t, "auc-judd:grid="+strconv.Itoa(grid), 1e-6, func(a, b int, items [][]gaze.Recording) float64 {
			p, q := mapOf(items[a], grid, grid, .05), mapOf(items[b], grid, grid, .05)
			return rocArea(p, fixated(items[b], grid)) + rocArea(q, fixated(items[a], grid)) - 1
		})
	}
}

// Hand-made cases: a perfect map, a wrong one, ties, and a cell fixated twice.
func TestAUC(t *testing.T) {
	for _, c := range []struct {
		saliency, density []float32
		want              float64
	}{
		{[]float32{4, 3, 2, 1}, []float32{.5, .5, 0, 0}, 1},
		{[]float32{4, 3, 2, 1}, []float32{0, 0, .5, .5}, 0},
		{[]float32{1, 1, 1, 1}, []float32{1, 0, 0, 0}, .5},
		{[]float32{3, 1, 2, 0}, []float32{0, .25, .75, 0}, .25*.5 + .75*.5},
		{[]float32{3, 1, 1, 0}, []float32{0, 1, 0, 0}, .5},
		{[]float32{1, 1 + 0x1p-23, 1 - 0x1p-24, 0}, []float32{0, 1, 0, 0}, 2. / 3}, // mirror images, rounded
		{[]float32{3, 1, 2, 0}, []float32{.25, .25, .25, .25}, .5},
		{[]float32{3, 1, 2, 0}, []float32{0, 0, 0, 0}, .5},
	} {
		standings := make([]int32, len(c.saliency))
		standing(standings, c.saliency, make([]int, len(standings)))
		if got := newFixatedCells(c.density).auc(standings, make([]int32, 4)); got != c.want {
			t.Errorf("fixations %v on %v: %g, want %g", c.density, c.saliency, got, c.want)
		}
	}
}
