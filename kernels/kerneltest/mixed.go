package kerneltest

import (
	"math"
	"slices"

	"gzpt/kernels"
)

// activations names the operands of every operation that may be bfloat16, all of them at once. The weights of a convolution
// are among them.
var activations = map[string][]string{
	"ReLU":                      {"z", "x"},
	"ReLUBackward":              {"z", "x", "y", "dx", "dy"},
	"AddBias":                   {"y", "x"},
	"AddBiasBackward":           {"dy"},
	"Conv2D":                    {"y", "x", "w"},
	"Conv2DStats":               {"y", "x", "w"},
	"Conv2DBackwardData":        {"dx", "dy", "w"},
	"Conv2DBackwardDataAdd":     {"dx", "dy", "w"},
	"Conv2DBackwardWeights":     {"dy", "x"},
	"ChannelMoments":            {"x"},
	"BatchNorm":                 {"y", "x"},
	"BatchNormReLU":             {"y", "x"},
	"BatchNormAddReLU":          {"y", "x", "r"},
	"BatchNormBackward":         {"dx", "dy", "x"},
	"BatchNormReLUBackward":     {"dx", "dy", "y", "x"},
	"BatchNormAddReLUBackward":  {"dx", "dr", "dy", "y", "x"},
	"MaxPool":                   {"y", "x"},
	"MaxPoolBackward":           {"dx", "dy", "y", "x"},
	"GlobalAveragePool":         {"x"},
	"GlobalAveragePoolBackward": {"dx"},
	"Augment":                   {"y"},
}

// half makes an operand bfloat16 on every device.
func half(o operand) operand {
	o.half = true
	o.values = mapped(func(v float64) float64 { return stored(kernels.BFloat16, v) }, o.values)
	return o
}

// mixed is the call with bfloat16 activations, and whether there is one.
func (c call) mixed() (call, bool) {
	names := activations[c.op]
	if names == nil || c.large || c.halves() {
		return c, false
	}
	c.label += "/bfloat16"
	c.operands = slices.Clone(c.operands)
	for i, o := range c.operands {
		if slices.Contains(names, o.name) {
			c.operands[i] = half(o)
		}
	}
	return c, true
}

// halves reports whether an operand is bfloat16.
func (c call) halves() bool {
	return slices.ContainsFunc(c.operands, func(o operand) bool { return o.half })
}

// full is the call with all digits of the device's type in the place of bfloat16: what bounds are computed from.
func (c call) full() call {
	if !c.halves() {
		c.rounded = false
		return c
	}
	if c.known != nil && c.known.full != nil {
		return *c.known.full
	}
	if kept := c.known; kept != nil {
		c = c.remembering()
		kept.full = &c
	}
	c.rounded = true
	c.operands = slices.Clone(c.operands)
	for i := range c.operands {
		c.operands[i].half = false
	}
	return c
}

// mixedShapes is how many shapes of an operation there are for one with bfloat16 activations.
const mixedShapes = 3

// withMixed is the calls that a device supports, and some of them with bfloat16 activations.
func withMixed(dev kernels.Device, calls []call) []call {
	if !dev.Supports(kernels.BFloat16) {
		return slices.DeleteFunc(calls, call.halves)
	}
	seen := map[string]int{}
	for _, c := range slices.Clone(calls) {
		if m, ok := c.mixed(); ok {
			if seen[c.op]++; seen[c.op]%mixedShapes == 1 {
				calls = append(calls, m)
			}
		}
	}
	return calls
}

// halfEpsilon is the distance from 1 to the next bfloat16.
const halfEpsilon = 0x1p-7

// halfTolerance is how far two bfloat16 may be apart that were rounded from numbers apart by tolerance: with each half a
// unit, at most halfEpsilon/2 times its size, away from its number, d <= tolerance + halfEpsilon/2*(|want| + |want|+d).
func halfTolerance(want, tolerance float64) float64 {
	return (tolerance + halfEpsilon*math.Abs(want)) / (1 - halfEpsilon/2)
}

// chosen reports whether every element of an output is an element of an input or 0, so that nothing is rounded.
func (c call) chosen(out int) bool {
	switch c.op {
	case "Copy", "Fill", "Convert", "ReLU", "ReLUBackward", "MaxPool": // Convert rounds the same number everywhere
		return true
	}
	return c.operands[out].name == "dr"
}

// tolerances are the errors that a device of a type may have in the elements of output number out.
func (c call) tolerances(typ kernels.Type, out int, want [][]float64) []float64 {
	t := make([]float64, len(want[out]))
	if c.bound != nil {
		full := c.full()
		for i, allowed := range full.bound(full, out) {
			t[i] = epsilon(typ)*allowed + underflow
		}
	}
	switch {
	case c.operands[out].half && !c.chosen(out):
		for i, v := range want[out] {
			t[i] = halfTolerance(v, t[i])
		}
	case c.op == "Conv2DStats" && c.operands[0].half: // sums of y as it is rounded: a unit of each, and what that does to its square
		channels := len(t) / 2
		for i, d := range c.tolerances(typ, 0, want) {
			t[i%channels] += d
			t[channels+i%channels] += d * (2*math.Abs(want[0][i]) + d)
		}
	}
	return t
}
