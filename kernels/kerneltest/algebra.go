package kerneltest

import (
	"math"
	"slices"
	"testing"

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
	for _, m := range [][2]int{{3, 4}, {1, 1}, {0, 3}, {2, 3}, {5, 13}, {9, 16}, {33, 64}, {70, 65}, {16, 515}} {
		calls = append(calls, pairwiseCalls(m[0], m[1])...)
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
	return call{op: "MatMul", label: label, bound: products(depth + 1),
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

func pairwiseCalls(n, depth int) []call {
	cosine := func(dev kernels.Device, t []kernels.Tensor) { dev.PairwiseCosine(t[0], t[1]) }
	correlation := func(dev kernels.Device, t []kernels.Tensor) { dev.PairwiseCorrelation(t[0], t[1]) }
	x := Fill("pairwise.x", -0.5, 1, n, depth)
	pair := func(label string, x operand) []call {
		r := out("r", []int{n, n})
		return []call{
			{op: "PairwiseCosine", label: label, operands: []operand{r, x}, bound: pairwiseBound(false), run: cosine},
			{op: "PairwiseCorrelation", label: label, operands: []operand{r, x}, bound: pairwiseBound(true), run: correlation},
		}
	}
	calls := pair(shapeName(n, depth), in("x", x, n, depth))
	if n < 3 {
		return calls
	}
	special := slices.Clone(x)
	for i := range depth {
		special[i] = 0                                   // a zero row
		special[depth+i] = 0.3                           // a constant row
		special[(n-1)*depth+i] = -2 * special[2*depth+i] // a row opposite to row 2
	}
	return append(calls, pair(shapeName(n, depth)+"_special", derived(in("x", special, n, depth)))...)
}

// pairwiseBound is 8*sqrt(depth) roundings of the sum of absolute products over the product of the norms: half of them
// for the product, half for the norms. A centred element is rounded as the element and the mean that made it.
func pairwiseBound(centred bool) bound {
	return func(c call, _ int) []float64 {
		n, depth, x := c.operands[1].dims[0], c.operands[1].dims[1], c.named("x")
		norms, size := make([]float64, n), make([]float64, n*depth)
		for i := range n {
			row := x[i*depth : (i+1)*depth]
			var mean, squares float64
			if centred {
				for _, v := range row {
					mean += v / float64(depth)
				}
			}
			for j, v := range row {
				squares += (v - mean) * (v - mean)
				size[i*depth+j] = math.Abs(v) + math.Abs(mean)
			}
			norms[i] = math.Sqrt(squares)
		}
		b := make([]float64, n*n)
		for i := range b {
			row, column := i/n, i%n
			if norms[row]*norms[column] < 1e-12 { // a zero or constant row: exactly zero
				continue
			}
			var sum float64
			for k := range depth {
				sum += size[row*depth+k] * size[column*depth+k]
			}
			b[i] = 8 * math.Sqrt(float64(depth)) * sum / (norms[row] * norms[column])
		}
		return b
	}
}

// checkSymmetry demands what the bounds do not: r is exactly symmetric, its diagonal exactly 1, and nothing leaves
// [-1,1].
func checkSymmetry(t *testing.T, dev kernels.Device) {
	for _, m := range [][2]int{{5, 3}, {37, 64}, {70, 20}} {
		n := m[0]
		for _, c := range pairwiseCalls(n, m[1])[:2] {
			t.Run(c.name(), func(t *testing.T) {
				r := c.apply(dev, plain).values[0]
				for i := range n {
					if r[i*n+i] != 1 {
						t.Errorf("r[%d,%d] = %g, want 1", i, i, r[i*n+i])
					}
					for j := range n {
						if v := r[i*n+j]; v != r[j*n+i] || math.Abs(v) > 1 {
							t.Fatalf("r[%d,%d] = %g, r[%d,%d] = %g", i, j, v, j, i, r[j*n+i])
						}
					}
				}
			})
		}
	}
}
