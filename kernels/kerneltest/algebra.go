package kerneltest

import (
	"math"
	"slices"

	"gzpt/kernels"
)

// productSizes are m, n, k of matrix products: the tails of tiles of 6, 7 and 8 rows by 16 and 32 columns, vectors, no
// depth, and enough for several workers and panels.
var productSizes = [][3]int{
	{2, 3, 4}, {1, 1, 1}, {0, 3, 2}, {3, 2, 0}, {1, 33, 5}, {33, 1, 17}, {5, 15, 3}, {6, 16, 8}, {7, 17, 9}, {8, 32, 16}, {13, 31, 37},
	{9, 64, 129}, {17, 65, 13}, {14, 48, 260}, {70, 100, 65}, {3, 130, 515},
}

func algebraCalls() []call {
	var calls []call
	for _, size := range productSizes {
		for form := range 8 {
			calls = append(calls, matMulCall(size, kernels.Product{TransA: form&1 != 0, TransB: form&2 != 0, Accumulate: form&4 != 0}))
		}
	}
	for _, size := range productSizes {
		calls = append(calls, minimumCalls(size)...)
	}
	for _, m := range matrices {
		calls = append(calls, normalizeCalls(m[0], m[1])...)
	}
	return calls
}

func matMulCall(size [3]int, p kernels.Product) call {
	m, n, depth := size[0], size[1], size[2]
	a, b, c := []int{m, depth}, []int{depth, n}, []int{m, n}
	label := shapeName(size[:]...)
	if p.TransA {
		slices.Reverse(a)
		label += "_transA"
	}
	if p.TransB {
		slices.Reverse(b)
		label += "_transB"
	}
	result := out("c", c)
	if p.Accumulate {
		result = inout(uniform("c", -1, 1, c...))
		label += "_accumulate"
	}
	return call{op: "MatMul", label: label, bound: matrixProducts(depth + 1),
		operands: []operand{result, uniform("a", -1, 1, a...), uniform("b", -1, 1, b...)},
		run:      func(dev kernels.Device, t []kernels.Tensor) { dev.MatMul(t[0], t[1], t[2], p) }}
}

// minimumCalls have operands of both signs, and none that is negative, as maps are.
func minimumCalls(size [3]int) []call {
	m, n, depth := size[0], size[1], size[2]
	of := func(label string, least float64) call {
		return call{op: "PairwiseMinimum", label: shapeName(size[:]...) + label, bound: minimumBound,
			operands: []operand{out("c", []int{m, n}), uniform("a", least, 1, m, depth), uniform("b", least, 1, n, depth)},
			run:      func(dev kernels.Device, t []kernels.Tensor) { dev.PairwiseMinimum(t[0], t[1], t[2]) }}
	}
	return []call{of("", -1), of("_positive", 0)}
}

// minimumBound is 4*sqrt(depth) roundings of the sum of the absolute minima.
func minimumBound(c call, _ int) []float64 {
	n, depth, a, b := c.operands[2].dims[0], c.operands[2].dims[1], c.named("a"), c.named("b")
	allowed := make([]float64, c.operands[0].len())
	for i := range allowed {
		for k := range depth {
			allowed[i] += 4 * math.Sqrt(float64(depth)) * math.Abs(min(a[i/n*depth+k], b[i%n*depth+k]))
		}
	}
	return allowed
}

func normalizeCalls(rows, channels int) []call {
	dims, label := []int{rows, channels}, shapeName(rows, channels)
	x := Fill("normalize.x", -1, 1, rows, channels)
	for i := range min(channels, len(x)) {
		x[len(x)-1-i] = 0 // the last row is shorter than eps
	}
	forward := func(label string, values []float64, eps float64) call {
		return call{op: "NormalizeRows", label: label, bound: relative(4 + 2*math.Sqrt(float64(channels))),
			operands: []operand{out("y", dims, "x"), out("norms", []int{rows}), in("x", values, rows, channels)},
			run:      func(dev kernels.Device, t []kernels.Tensor) { dev.NormalizeRows(t[0], t[1], t[2], eps) }}
	}
	unit := forward(label, x, 1e-12)
	done := unit.want()
	return []call{unit, forward(label+"_eps1", x, 1),
		{op: "NormalizeRowsBackward", label: label, bound: normalizeBackwardBound(channels),
			operands: []operand{out("dx", dims, "dy"), uniform("dy", -1, 1, dims...), in("y", done[0], dims...),
				in("norms", done[1], rows)},
			run: func(dev kernels.Device, t []kernels.Tensor) { dev.NormalizeRowsBackward(t[0], t[1], t[2], t[3]) }}}
}

func normalizeBackwardBound(channels int) bound {
	factor := 4 * math.Sqrt(float64(channels))
	return func(c call, _ int) []float64 {
		dy, y, norms := c.named("dy"), c.named("y"), c.named("norms")
		b := make([]float64, len(dy))
		for r, norm := range norms {
			var along float64
			for i := r * channels; i < (r+1)*channels; i++ {
				along += math.Abs(dy[i] * y[i])
			}
			for i := r * channels; i < (r+1)*channels; i++ {
				b[i] = (4*math.Abs(dy[i]) + factor*math.Abs(y[i])*along) / norm
			}
		}
		return b
	}
}
