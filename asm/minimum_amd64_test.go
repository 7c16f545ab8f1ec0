//go:build amd64 && !noasm

package asm

import (
	"fmt"
	"math"
	"testing"

	"gzpt/kernels"
)

func TestMinimumTile(t *testing.T) {
	checkTile(t, func(a, w float32) float32 { return min(a, w) }, (*device).minimumTile)
}

// A NaN is found at every place of every length, and nothing else is taken for one.
func TestHasNaN(t *testing.T) {
	if !hasAVX2 {
		t.Skip("no AVX2")
	}
	nan := float32(math.NaN())
	for n := 1; n <= 67; n++ {
		x := make([]float32, n+1)
		x[n] = nan // beyond the end
		for i := range n {
			x[i] = []float32{0, float32(math.Inf(1)), -1, float32(math.Inf(-1)), math.MaxFloat32}[i%5]
		}
		if hasNaN(&x[0], n) {
			t.Fatalf("%d numbers: a NaN that is not there", n)
		}
		for i := range n {
			v := x[i]
			if x[i] = nan; !hasNaN(&x[0], n) {
				t.Fatalf("%d numbers: the NaN at %d is not found", n, i)
			}
			x[i] = v
		}
	}
}

// TestMinimumSpans has several items, panels and blocks of depth, beside the reference.
func TestMinimumSpans(t *testing.T) {
	each(t, func(t *testing.T, d *device) {
		for _, size := range [][3]int{{500, 300, 70}, {65, 130, 2500}} {
			devices := [2]kernels.Device{d, oracle}
			a, b := beside(devices, "a", size[0], size[2]), beside(devices, "b", size[1], size[2])
			c := beside(devices, "c", size[0], size[1])
			d.PairwiseMinimum(c[0], a[0], b[0])
			oracle.PairwiseMinimum(c[1], a[1], b[1])
			agree(t, devices, fmt.Sprint(size), c, 0)
		}
	})
}
