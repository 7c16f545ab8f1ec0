//go:build amd64 && !noasm

package asm

import (
	"math"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
)

// TestFewRows: weight gradients of images with more pixels a row, or an image, than a part has at least take no part of nothing, in
// whose place there would be what an earlier call has left.
func TestFewRows(t *testing.T) {
	if testing.Short() {
		t.Skip("numbers; the goroutines are those of the suite; run without -short")
	}
	for _, g := range []kerneltest.Geometry{
		{N: 1, H: 1, W: 2 * gradPart, C: 3, K: 5, R: 1, S: 3},  // narrow
		{N: 1, H: 1, W: 2 * gradPart, C: 33, K: 2, R: 1, S: 3}, // along rows
		{N: 4, H: 700, W: 1, C: 33, K: 2, R: 3, S: 1},          // along images
	} {
		g.Conv = kernels.Conv{Stride: 1, Pad: 1, Dilation: 1, Groups: 1}
		for _, tier := range assemblyTiers() {
			dev := openAssembly(tier).(*device)
			dev.conv.partial = growFloats(nil, 1<<17)
			for i := range dev.conv.partial {
				dev.conv.partial[i] = float32(math.NaN())
			}
			kerneltest.CheckConv2D(t, dev, g)
			dev.Close()
		}
	}
}
