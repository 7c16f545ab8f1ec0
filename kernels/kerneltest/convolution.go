package kerneltest

import (
	"fmt"
	"testing"

	"gzpt/kernels"
)

// Geometry is the sizes of a convolution: x [N,H,W,C], w [K,R,S,C/Groups].
type Geometry struct {
	N, H, W, C, K, R, S int
	kernels.Conv
}

func (g Geometry) String() string {
	return fmt.Sprintf("n%dh%dw%dc%dk%dr%ds%d_stride%dpad%ddilation%dgroups%d",
		g.N, g.H, g.W, g.C, g.K, g.R, g.S, g.Stride, g.Pad, g.Dilation, g.Groups)
}

func (g Geometry) x() []int { return []int{g.N, g.H, g.W, g.C} }
func (g Geometry) w() []int { return []int{g.K, g.R, g.S, g.C / g.Groups} }
func (g Geometry) y() []int { return []int{g.N, g.Out(g.H, g.R), g.Out(g.W, g.S), g.K} }

// geometry is a convolution of stride 1 without padding unless the settings stride, pad, dilation, groups say more.
func geometry(n, h, w, c, k, r, s int, settings ...int) Geometry {
	conv := [4]int{1, 0, 1, 1}
	copy(conv[:], settings)
	return Geometry{n, h, w, c, k, r, s, kernels.Conv{Stride: conv[0], Pad: conv[1], Dilation: conv[2], Groups: conv[3]}}
}

// geometries hold the shapes of ResNets in small, the tails of tiles (of 6, 7 and 8 pixels by 16 and 32 channels), and
// the corners of the definition.
var geometries = []Geometry{
	geometry(2, 5, 4, 3, 5, 3, 3, 1, 1),
	// one pixel, one channel
	geometry(1, 1, 1, 1, 1, 1, 1), geometry(1, 1, 1, 13, 5, 1, 1), geometry(1, 1, 1, 5, 3, 3, 3, 1, 1), geometry(3, 1, 1, 64, 65, 1, 1),
	geometry(1, 9, 1, 1, 3, 3, 1, 1), geometry(1, 1, 17, 3, 1, 1, 5, 1, 2),
	// channels 1, 3, 5, 13, 64, 65 and the tails of a panel
	geometry(1, 6, 7, 1, 16, 3, 3, 1, 1), geometry(2, 5, 5, 3, 17, 3, 3, 1, 1), geometry(1, 4, 5, 5, 31, 3, 3, 1, 1),
	geometry(1, 4, 6, 13, 32, 3, 3, 1, 1), geometry(1, 3, 8, 16, 33, 3, 3, 1, 1), geometry(1, 4, 4, 64, 13, 3, 3, 1, 1),
	geometry(1, 3, 3, 65, 64, 3, 3, 1, 1), geometry(2, 3, 5, 33, 48, 1, 1), geometry(1, 2, 3, 130, 7, 1, 1),
	// widths with every tail of a tile of pixels
	geometry(1, 2, 9, 8, 16, 3, 3, 1, 1), geometry(1, 3, 10, 4, 16, 3, 3, 1, 1), geometry(1, 2, 11, 6, 16, 3, 3, 1, 1),
	geometry(1, 2, 13, 5, 16, 3, 3, 1, 1), geometry(1, 2, 15, 7, 32, 3, 3, 1, 1),
	geometry(1, 1, 29, 3, 16, 1, 1), geometry(2, 14, 14, 8, 16, 3, 3, 1, 1),
	// stride 2 (and 3) with odd and even sizes, the stem
	geometry(2, 7, 9, 5, 7, 3, 3, 2, 1), geometry(1, 8, 6, 13, 16, 3, 3, 2, 1), geometry(2, 7, 5, 16, 24, 1, 1, 2),
	geometry(2, 6, 8, 3, 33, 1, 1, 2), geometry(1, 17, 19, 3, 8, 7, 7, 2, 3), geometry(2, 16, 16, 1, 16, 7, 7, 2, 3),
	geometry(1, 11, 10, 5, 6, 3, 5, 3, 2), geometry(1, 5, 5, 3, 4, 1, 1, 3), geometry(1, 9, 9, 4, 5, 2, 2, 2),
	// stride larger than the kernel, rows and columns that nothing reads
	geometry(1, 8, 8, 3, 5, 2, 2, 3), geometry(1, 7, 7, 3, 5, 3, 3, 5, 1),
	// dilation, groups, depthwise
	geometry(1, 9, 8, 5, 7, 3, 3, 1, 2, 2), geometry(1, 9, 9, 4, 16, 3, 3, 2, 3, 3), geometry(2, 6, 5, 8, 12, 3, 3, 1, 1, 1, 4),
	geometry(1, 5, 6, 13, 13, 3, 3, 1, 1, 1, 13), geometry(1, 6, 6, 6, 12, 3, 3, 2, 1, 1, 6),
	geometry(1, 7, 7, 34, 66, 3, 3, 1, 2, 2, 2),
	// padding beyond the kernel's reach, a kernel larger than the image, even kernels
	geometry(1, 3, 4, 3, 5, 1, 1, 1, 2), geometry(1, 3, 3, 2, 3, 3, 3, 2, 4), geometry(1, 2, 3, 5, 6, 7, 7, 1, 3),
	geometry(2, 2, 2, 3, 17, 5, 5, 1, 2), geometry(1, 6, 6, 3, 5, 2, 2, 1, 1), geometry(1, 5, 7, 3, 4, 4, 2, 2, 1),
	// nothing to do: no items, a kernel that does not fit
	geometry(0, 5, 5, 3, 4, 3, 3, 1, 1), geometry(1, 2, 2, 3, 4, 3, 3),
	// the same with whole vectors of channels, for which devices have other kernels
	geometry(0, 5, 5, 16, 8, 3, 3, 1, 1), geometry(1, 4, 4, 16, 8, 3, 7, 1, 1), geometry(2, 1, 9, 32, 16, 3, 3),
	// several workers, several panels
	geometry(5, 12, 11, 24, 40, 3, 3, 1, 1), geometry(3, 9, 9, 66, 70, 1, 1),
}

// largeGeometry has the size of a real layer.
var largeGeometry = geometry(1, 56, 56, 64, 64, 3, 3, 1, 1)

func convolutionCalls() []call {
	var calls []call
	for _, g := range geometries {
		calls = append(calls, g.calls()...)
	}
	for _, c := range largeGeometry.calls() {
		c.large = true
		if c.op != "Conv2D" && c.op != "Conv2DBackwardDataAdd" { // the others do the same and more
			calls = append(calls, c)
		}
	}
	return calls
}

// calls are all operations on one geometry.
func (g Geometry) calls() []call {
	x, w, dy := uniform("x", -1, 1, g.x()...), uniform("w", -1, 1, g.w()...),
		uniform("dy", -1, 1, g.y()...)
	y, dx := out("y", g.y()), out("dx", g.x())
	dxAdd, dw := inout(uniform("dx", -1, 1, g.x()...)), inout(uniform("dw", -1, 1, g.w()...))
	cgroup, kgroup, taps := g.C/g.Groups, g.K/g.Groups, g.R*g.S
	filter := func(at int) int { return at / (taps * cgroup) } // the output channel of an element of w
	pixels := y.len() / max(g.K, 1)

	// A weight times a zero of the padding is a NaN where the weight is one; it stays in the weight's channel.
	w = reaching(w, func(at, out int) bool { return out%g.K == filter(at) })
	backwardW := reaching(w, func(at, out int) bool { return out%g.C == filter(at)/kgroup*cgroup+at%cgroup })
	dyOfWeights := reaching(dy, func(at, out int) bool { return filter(out) == at%g.K })

	forward := matrixProducts(taps * cgroup)
	withMoments := func(c call, out int) []float64 {
		if out == 1 {
			return momentsBound(c.want()[0], forward(c, 0), g.K)
		}
		return forward(c, out)
	}
	return []call{
		{op: "Conv2D", operands: []operand{y, x, w}, bound: forward, label: g.String(),
			run: func(dev kernels.Device, t []kernels.Tensor) { dev.Conv2D(t[0], t[1], t[2], g.Conv) }},
		{op: "Conv2DStats", operands: []operand{y, sums(out("moments", []int{2, g.K})), x, w}, bound: withMoments, label: g.String(),
			run: func(dev kernels.Device, t []kernels.Tensor) { dev.Conv2DStats(t[0], t[1], t[2], t[3], g.Conv) }},
		{op: "Conv2DBackwardData", operands: []operand{dx, dy, backwardW}, bound: matrixProducts(taps * kgroup), label: g.String(),
			run: func(dev kernels.Device, t []kernels.Tensor) { dev.Conv2DBackwardData(t[0], t[1], t[2], g.Conv) }},
		{op: "Conv2DBackwardDataAdd", operands: []operand{dxAdd, dy, backwardW}, bound: matrixProducts(taps*kgroup + 1), label: g.String(),
			run: func(dev kernels.Device, t []kernels.Tensor) { dev.Conv2DBackwardDataAdd(t[0], t[1], t[2], g.Conv) }},
		{op: "Conv2DBackwardWeights", operands: []operand{dw, dyOfWeights, x}, bound: matrixProducts(pixels + 1), label: g.String(),
			run: func(dev kernels.Device, t []kernels.Tensor) { dev.Conv2DBackwardWeights(t[0], t[1], t[2], g.Conv) }},
	}
}

// CheckConvolution compares every convolution operation of a device with the reference on one geometry, with bfloat16 activations
// too where the device has them; operands that lie one element further must give the same bits.
func (s Suite) CheckConvolution(tb testing.TB, dev kernels.Device, g Geometry) {
	tb.Helper()
	for _, c := range s.rounding(g.calls()) {
		if m, ok := c.mixed(); ok && dev.Supports(kernels.BFloat16) {
			s.compare(tb, dev, m)
		}
		s.compare(tb, dev, c)
	}
}

// compare is what CheckConvolution does with one call.
func (s Suite) compare(tb testing.TB, dev kernels.Device, c call) {
	tb.Helper()
	if err := dev.Sync(); err != nil {
		tb.Fatal(err)
	}
	c = c.remembering()
	first := c.apply(dev, plain)
	if err := dev.Sync(); err != nil {
		tb.Fatalf("%s: %v", c.name(), err)
	}
	if d := c.difference(dev.Type(), first.values, c.want(), leniency{}); d != "" {
		tb.Errorf("%s: %s", c.name(), d)
		return
	}
	moved := c.apply(dev, offset(1))
	if d := c.changed(first.values, moved.values); d != "" {
		moved.faults = append(moved.faults, d)
	}
	for _, f := range append(first.faults, moved.faults...) {
		tb.Errorf("%s: %s", c.name(), f)
	}
}

// CheckConv2D compares every convolution operation of a device with the reference on one geometry, with the operands
// flush against unmapped pages: the body of a fuzz test.
func CheckConv2D(tb testing.TB, dev kernels.Device, g Geometry) {
	tb.Helper()
	checkGuarded(tb, dev, g.calls())
}
