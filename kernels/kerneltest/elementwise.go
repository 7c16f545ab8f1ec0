package kerneltest

import (
	"cmp"
	"fmt"
	"math"

	"gzpt/kernels"
)

// matrices are the shapes [rows, channels] of everything that works on rows: no rows, one element, few channels, tails
// of every vector width, and enough rows for several workers.
var matrices = [][2]int{
	{2, 5}, {0, 5}, {1, 1}, {1, 3}, {7, 13}, {300, 1}, {2, 17}, {3, 31},
	{33, 64}, {9, 65}, {1, 128}, {700, 3}, {5, 130}, {64, 32}, {2500, 24},
}

// lengths are the sizes of everything that works on single elements: all tails of two and more of the widest vectors.
func lengths() []int {
	n := []int{40, 4099, 70001}
	for i := range 36 {
		n = append(n, i)
	}
	return append(n, 63, 64, 65, 127, 128, 129)
}

func elementwiseCalls() []call {
	var calls []call
	for _, n := range lengths() {
		calls = append(calls, flatCalls(n)...)
	}
	for _, m := range matrices {
		calls = append(calls, biasCalls(m[0], m[1])...)
	}
	for _, n := range []int{40, 0, 1, 17, 4099} {
		calls = append(calls, typedCalls(n)...)
	}
	return append(calls, zeroCall())
}

// flatCalls work on single elements.
func flatCalls(n int) []call {
	x, y := uniform("x", -1, 1, n), uniform("y", -1, 1, n)
	z := func(inPlace ...string) operand { return out("z", []int{n}, inPlace...) }
	label := shapeName(n)
	return []call{
		{op: "Fill", label: label, operands: []operand{free(z())},
			run: func(dev kernels.Device, t []kernels.Tensor) { dev.Fill(t[0], 0.1) }},
		{op: "Fill", label: "float64/" + label, operands: []operand{free(sums(z()))},
			run: func(dev kernels.Device, t []kernels.Tensor) { dev.Fill(t[0], 0.1) }},
		{op: "Copy", label: label, operands: []operand{z("x"), x},
			run: func(dev kernels.Device, t []kernels.Tensor) { dev.Copy(t[0], t[1]) }},
		{op: "Copy", label: "float64/" + label, operands: []operand{sums(z("x")), sums(x)},
			run: func(dev kernels.Device, t []kernels.Tensor) { dev.Copy(t[0], t[1]) }},
		{op: "ReLU", label: label, operands: []operand{z("x"), x},
			run: func(dev kernels.Device, t []kernels.Tensor) { dev.ReLU(t[0], t[1]) }},
		{op: "ReLUBackward", label: label, operands: []operand{z("x", "y"), x, y},
			run: func(dev kernels.Device, t []kernels.Tensor) { dev.ReLUBackward(t[0], t[1], t[2]) }},
	}
}

func biasCalls(rows, channels int) []call {
	x, b := uniform("x", -1, 1, rows, channels), uniform("b", -1, 1, channels)
	return []call{
		{op: "AddBias", label: shapeName(rows, channels), operands: []operand{out("y", x.dims, "x"), x, b},
			run: func(dev kernels.Device, t []kernels.Tensor) { dev.AddBias(t[0], t[1], t[2]) }},
		{op: "AddBiasBackward", label: shapeName(rows, channels),
			operands: []operand{inout(uniform("db", -1, 1, channels)), in("dy", x.values, rows, channels)},
			run:      func(dev kernels.Device, t []kernels.Tensor) { dev.AddBiasBackward(t[0], t[1]) }, bound: products(rows)},
	}
}

// typedCalls are what works on tensors of any type: Fill and Copy of bfloat16 and int32, and Convert between all types. The numbers
// of float64 have digits that float32 lacks, and some would be rounded wrongly to bfloat16 by way of float32.
func typedCalls(n int) []call {
	digits := Fill("convert.x", -1, 1, n)
	for i := range digits {
		if i%3 == 0 {
			digits[i] = math.Copysign(1+0x1p-8, digits[i]) + math.Copysign(0x1p-40, digits[n-1-i])
		}
	}
	whole := mapped(func(v float64) float64 { return math.Round(1e6 * v) }, digits)
	x := operand{name: "x", dims: []int{n}, values: digits, sums: true}
	z, single := out("z", []int{n}), in("x", digits, n)
	label := shapeName(n)
	copied := out("z", []int{n}, "x")
	calls := []call{
		{op: "Fill", label: "bfloat16/" + label, operands: []operand{free(half(z))},
			run: func(dev kernels.Device, t []kernels.Tensor) { dev.Fill(t[0], 0.1) }},
		{op: "Copy", label: "bfloat16/" + label, operands: []operand{half(copied), half(single)},
			run: func(dev kernels.Device, t []kernels.Tensor) { dev.Copy(t[0], t[1]) }},
		{op: "Fill", label: "int32/" + label, operands: []operand{free(indices(z))},
			run: func(dev kernels.Device, t []kernels.Tensor) { dev.Fill(t[0], -7) }},
		{op: "Copy", label: "int32/" + label, operands: []operand{indices(copied), indices(in("x", whole, n))},
			run: func(dev kernels.Device, t []kernels.Tensor) { dev.Copy(t[0], t[1]) }},
	}
	for _, from := range []operand{single, x, half(single)} {
		for _, to := range []operand{z, sums(z), half(z)} {
			label := from.kind() + "_to_" + to.kind() + "/" + label
			calls = append(calls, call{op: "Convert", label: label, operands: []operand{to, from},
				run: func(dev kernels.Device, t []kernels.Tensor) { dev.Convert(t[0], t[1]) }})
		}
	}
	return calls
}

// kind names the type of an operand of Convert.
func (o operand) kind() string {
	return cmp.Or(map[bool]string{o.sums: "float64", o.half: "bfloat16"}[true], "device")
}

// zeroCall shows ReLU and its gradient at zero, on both sides of it and at the smallest numbers.
func zeroCall() call {
	y := []float64{0, 1, -1, 0x1p-149, -0x1p-149, 0x1p-126, -0x1p-126}
	n := len(y)
	return call{op: "ReLUBackward", label: fmt.Sprintf("zero/%d", n),
		operands: []operand{out("dx", []int{n}, "dy", "y"), uniform("dy", -1, 1, n), in("y", y, n)},
		run:      func(dev kernels.Device, t []kernels.Tensor) { dev.ReLUBackward(t[0], t[1], t[2]) }}
}
