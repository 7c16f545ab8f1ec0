package heatmaps

import (
	"slices"
	"strconv"
	"testing"
)

func TestIoU(t *testing.T) {
	for _, c := range []struct {
		top     string
		grid, m int
	}{{"20", 16, 52}, {"5", 32, 52}, {"100", 9, 81}, {"3", 16, 8}, {"33.3", 7, 17}, {"7", 10, 7}, {"29", 10, 29}} {
		top := func(cells []float64) map[int]bool {
			sorted := slices.Sorted(slices.Values(cells))
			set := map[int]bool{}
			for k, v := range cells {
				if v > 0 && v >= sorted[len(sorted)-c.m] {
					set[k] = true
				}
			}
			return set
		}
		againstMaps(t, "iou:grid="+strconv.Itoa(c.grid)+",top="+c.top, c.grid, 1e-7, func(p, q []float64) float64 {
			a, b, both := top(p), top(q), 0.0
			for k := range a {
				if b[k] {
					both++
				}
			}
			return both / (float64(len(a)+len(b)) - both)
		})
	}
}

func TestTopCells(t *testing.T) {
	for _, c := range []struct {
		cells []float32
		m     int
		want  uint64
	}{
		{[]float32{1, 2, 3, 4}, 2, 0b1100},
		{[]float32{1, 2, 2, 4}, 2, 0b1110}, // a tie is no choice
		{[]float32{0, 0, 0, 4}, 2, 0b1000}, // zeros are not looked at
		{[]float32{0, 0, 0, 0}, 2, 0},
		{[]float32{1, 1, 1, 1}, 1, 0b1111},
		{[]float32{1, 1 - 0x1p-24, 1 + 0x1p-23, .999}, 1, 0b0111}, // mirror images, rounded
	} {
		set := make([]uint64, 1)
		if topCells(set, c.cells, make([]float32, 4), c.m); set[0] != c.want {
			t.Errorf("top %d of %v: %b, want %b", c.m, c.cells, set[0], c.want)
		}
	}
	if got := jaccard([]uint64{0}, []uint64{0}); got != 0 {
		t.Errorf("two empty sets have %g", got)
	}
}
