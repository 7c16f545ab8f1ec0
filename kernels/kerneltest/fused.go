package kerneltest

import (
	"math"
	"testing"

	"gzpt/kernels"
)

// checkFusedConvolutions compares every fused convolution with the operations that it stands for, on the same device.
func checkFusedConvolutions(t *testing.T, dev kernels.Device) {
	for _, g := range []Geometry{
		geometry(2, 9, 9, 13, 33, 3, 3, 1, 1), geometry(3, 14, 14, 16, 64, 3, 3, 2, 1), geometry(4, 12, 12, 64, 65, 1, 1),
	} {
		t.Run("Conv2DStats/"+g.String(), func(t *testing.T) { fusedConvStats(Suite{}.workbench(dev, t), g) })
		t.Run("Conv2DBackwardDataAdd/"+g.String(), func(t *testing.T) { fusedBackwardAdd(Suite{}.workbench(dev, t), g) })
	}
}

// checkFusedNormalisations does it for batch normalisation.
func checkFusedNormalisations(t *testing.T, dev kernels.Device) {
	for _, m := range [][2]int{{7, 13}, {300, 65}} {
		t.Run("BatchNorm/"+shapeName(m[0], m[1]), func(t *testing.T) { fusedNorm(Suite{}.workbench(dev, t), m[0], m[1]) })
	}
}

// close fails the test where two results differ by more than factor*eps of size, element by element.
func (b workbench) close(what string, got, want, size kernels.Tensor, factor float64) {
	b.t.Helper()
	g, w, s := Get(b, got), Get(b, want), Get(b, size)
	for i := range g {
		if tolerance := factor*epsilon(b.Type())*math.Abs(s[i]) + underflow; !(math.Abs(g[i]-w[i]) <= tolerance) {
			b.t.Fatalf("%s[%d]: fused %g, in steps %g, allowed %.3g", what, i, g[i], w[i], tolerance)
		}
	}
}

// add is y += x by the host.
func (b workbench) add(y, x kernels.Tensor) {
	sum := Get(b, y)
	for i, v := range Get(b, x) {
		sum[i] += v
	}
	Set(b, y, sum)
}

func fusedConvStats(b workbench, g Geometry) {
	x, w := b.uniform("conv.x", -1, 1, g.x()...), b.uniform("conv.w", -1, 1, g.w()...)
	y, fusedY := b.New(b.Type(), g.y()...), b.New(b.Type(), g.y()...)
	moments := b.New(kernels.Float64, 2, g.K)
	b.Conv2D(y, x, w, g.Conv)
	b.Conv2DStats(fusedY, moments, x, w, g.Conv)
	if !sameBits(Get(b, y), Get(b, fusedY)) {
		b.t.Error("y: not the same bits as Conv2D")
	}
	b.moments(moments, Get(b, y))
}

func fusedBackwardAdd(b workbench, g Geometry) {
	dy, w := b.uniform("conv.dy", -1, 1, g.y()...), b.uniform("conv.w", -1, 1, g.w()...)
	before := Fill("conv.dx", -1, 1, g.x()...)
	dx, fused := b.tensor(before, g.x()...), b.tensor(before, g.x()...)
	alone, size := b.New(b.Type(), g.x()...), b.New(b.Type(), g.x()...)
	b.Conv2DBackwardData(alone, dy, w, g.Conv)
	b.add(dx, alone)
	b.Conv2DBackwardDataAdd(fused, dy, w, g.Conv)
	Set(b, size, mapped(func(v float64) float64 { return 1 + math.Abs(v) }, Get(b, alone)))
	b.close("dx", fused, dx, size, 4*math.Sqrt(float64(g.R*g.S*g.K)))
}

func fusedNorm(b workbench, rows, channels int) {
	dims := []int{rows, channels}
	var vectors []kernels.Tensor
	for _, v := range normVectors(channels) {
		vectors = append(vectors, b.tensor(v.values, channels))
	}
	n := normOf(vectors)
	x, r, dy := b.uniform("norm.x", -2, 2, dims...), b.uniform("norm.r", -1, 1, dims...), b.uniform("norm.dy", -1, 1, dims...)
	y, fused, size := b.New(b.Type(), dims...), b.New(b.Type(), dims...), b.New(b.Type(), dims...)
	b.Fill(size, 16) // no term of the normalisation is larger
	b.BatchNorm(y, x, n)
	b.ReLU(y, y)
	b.BatchNormReLU(fused, x, n)
	b.close("BatchNormReLU", fused, y, size, 2)

	b.BatchNorm(y, x, n)
	b.add(y, r)
	b.ReLU(y, y)
	b.BatchNormAddReLU(fused, x, r, n)
	b.close("BatchNormAddReLU", fused, y, size, 2)

	g, dx, fusedDX, fusedDR := b.New(b.Type(), dims...), b.New(b.Type(), dims...), b.New(b.Type(), dims...), b.New(b.Type(), dims...)
	grads := make([]kernels.Tensor, 6)
	for i := range grads {
		grads[i] = b.New(b.Type(), channels)
	}
	b.ReLUBackward(g, dy, y)
	b.BatchNormBackward(dx, grads[0], grads[1], g, x, n)
	b.BatchNormReLUBackward(fusedDX, grads[2], grads[3], dy, y, x, n)
	b.close("BatchNormReLUBackward", fusedDX, dx, size, 2)
	b.BatchNormAddReLUBackward(fusedDX, fusedDR, grads[4], grads[5], dy, y, x, n)
	b.close("BatchNormAddReLUBackward", fusedDX, dx, size, 2)
	if !sameBits(Get(b, fusedDR), Get(b, g)) {
		b.t.Error("BatchNormAddReLUBackward: dr is not the gradient through ReLU")
	}
	sizes := b.New(b.Type(), channels)
	b.Fill(sizes, 8*float64(rows)) // dy is at most 1, xhat at most 7.5
	for i := 2; i < 6; i++ {
		b.close("gradients of gamma and beta", grads[i], grads[i%2], sizes, 4*math.Sqrt(float64(rows)))
	}
}
