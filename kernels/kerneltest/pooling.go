package kerneltest

import (
	"fmt"
	"math"

	"gzpt/kernels"
)

func poolingCalls() []call {
	var calls []call
	images := [][]int{
		{2, 5, 6, 3}, {1, 1, 1, 1}, {0, 4, 4, 3}, {2, 13, 11, 5}, {1, 7, 7, 13}, {1, 8, 9, 64}, {2, 4, 5, 65}, {3, 12, 12, 17}, {1, 3, 30, 33},
	}
	pools := []kernels.Pool{
		{Size: 3, Stride: 2, Pad: 1}, {Size: 2, Stride: 2}, {Size: 3, Stride: 1, Pad: 1}, {Size: 1, Stride: 1}, {Size: 2, Stride: 3, Pad: 1},
	}
	for _, x := range images {
		for _, p := range pools {
			calls = append(calls, maxPoolCalls(x, p)...)
		}
		calls = append(calls, averagePoolCalls(x)...)
	}
	calls = append(calls, maxPoolCall("extremes", extremes, []int{1, 4, 4, 2}, kernels.Pool{Size: 3, Stride: 2, Pad: 1})...)
	return append(calls, averagePoolCalls([]int{4, 7, 7, 130})...)
}

// extremes is an image whose windows hold a NaN, nothing but -Inf, and both infinities.
var extremes = func() []float64 {
	x := Fill("pool.extremes", -1, 1, 32)
	x[4] = math.NaN()
	for _, i := range []int{1, 3, 9, 11, 17, 19} {
		x[i] = math.Inf(-1)
	}
	x[30], x[31] = math.Inf(1), math.Inf(1)
	return x
}()

func maxPoolCalls(dims []int, p kernels.Pool) []call {
	ties := mapped(math.RoundToEven, Fill("pool.x", -4, 4, dims...)) // the first of equal elements takes the gradient
	return maxPoolCall(fmt.Sprintf("%s_size%dstride%dpad%d", shapeName(dims...), p.Size, p.Stride, p.Pad), ties, dims, p)
}

// maxPoolCall is the pool of the values and its gradient. The gradient takes y from the reference, so that y is the
// largest of its window.
func maxPoolCall(label string, values []float64, dims []int, p kernels.Pool) []call {
	x := in("x", values, dims...)
	y := out("y", []int{dims[0], p.Out(dims[1]), p.Out(dims[2]), dims[3]})
	forward := call{op: "MaxPool", label: label, operands: []operand{y, x},
		run: func(dev kernels.Device, t []kernels.Tensor) { dev.MaxPool(t[0], t[1], p) }}
	return []call{forward,
		{op: "MaxPoolBackward", label: label, bound: products(p.Size*p.Size, 1),
			operands: []operand{out("dx", dims), uniform("dy", -1, 1, y.dims...),
				derived(in("y", forward.want()[0], y.dims...)), derived(x)},
			run: func(dev kernels.Device, t []kernels.Tensor) { dev.MaxPoolBackward(t[0], t[1], t[2], t[3], p) }},
	}
}

func averagePoolCalls(dims []int) []call {
	y, label := []int{dims[0], dims[3]}, shapeName(dims...)
	return []call{
		{op: "GlobalAveragePool", label: label, bound: products(dims[1] * dims[2]),
			operands: []operand{out("y", y), uniform("x", -1, 1, dims...)},
			run:      func(dev kernels.Device, t []kernels.Tensor) { dev.GlobalAveragePool(t[0], t[1]) }},
		{op: "GlobalAveragePoolBackward", label: label, bound: relative(2),
			operands: []operand{out("dx", dims), uniform("dy", -1, 1, y...)},
			run:      func(dev kernels.Device, t []kernels.Tensor) { dev.GlobalAveragePoolBackward(t[0], t[1]) }},
	}
}
