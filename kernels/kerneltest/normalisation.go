package kerneltest

import (
	"math"

	"gzpt/kernels"
)

// normOf is the normalisation whose vectors are the tensors t[0], ..., t[3].
func normOf(t []kernels.Tensor) kernels.Norm {
	return kernels.Norm{Gamma: t[0], Beta: t[1], Mean: t[2], InvStd: t[3]}
}

func normalisationCalls() []call {
	var calls []call
	for _, m := range matrices {
		calls = append(calls, normForwardCalls(m[0], m[1])...)
		calls = append(calls, normBackwardCalls(m[0], m[1])...)
	}
	calls = append(calls, normForwardCalls(2, 3, 5, 6)...)
	calls = append(calls, normBackwardCalls(2, 3, 5, 6)...)
	for _, channels := range []int{2, 1, 7, 8, 17, 33, 65} {
		calls = append(calls, normStatsCalls(channels)...)
	}
	return calls
}

// normVectors are gamma, beta, mean and invStd.
func normVectors(channels int) []operand {
	return []operand{
		uniform("gamma", -1.5, 1.5, channels), uniform("beta", -1, 1, channels),
		uniform("mean", -0.5, 0.5, channels), uniform("invStd", 0.5, 3, channels),
	}
}

func normForwardCalls(dims ...int) []call {
	x, r := uniform("x", -2, 2, dims...), uniform("r", -1, 1, dims...)
	channels, label := dims[len(dims)-1], shapeName(dims...)
	vectors := normVectors(channels)
	operands := func(ins ...operand) []operand { return append(ins, vectors...) }
	return []call{
		momentsCall(label, x),
		{op: "BatchNorm", label: label, operands: operands(out("y", dims, "x"), x), bound: normBound(2),
			run: func(dev kernels.Device, t []kernels.Tensor) { dev.BatchNorm(t[0], t[1], normOf(t[2:])) }},
		{op: "BatchNormReLU", label: label, operands: operands(out("y", dims, "x"), x), bound: normBound(2),
			run: func(dev kernels.Device, t []kernels.Tensor) { dev.BatchNormReLU(t[0], t[1], normOf(t[2:])) }},
		{op: "BatchNormAddReLU", label: label, operands: operands(out("y", dims, "x", "r"), x, r), bound: normBound(3),
			run: func(dev kernels.Device, t []kernels.Tensor) { dev.BatchNormAddReLU(t[0], t[1], t[2], normOf(t[3:])) }},
	}
}

// momentsCall takes the moments of the channels of x.
func momentsCall(label string, x operand) call {
	channels := x.dims[len(x.dims)-1]
	return call{op: "ChannelMoments", label: label, operands: []operand{sums(out("moments", []int{2, channels})), x},
		bound: func(c call, _ int) []float64 {
			return momentsBound(c.operands[1].values, make([]float64, x.len()), channels)
		},
		run: func(dev kernels.Device, t []kernels.Tensor) { dev.ChannelMoments(t[0], t[1]) }}
}

// momentsRoundings is the error of a mean, in units of eps and of the standard deviation, and of a sum of squares, in units of
// eps and of itself: there is no term in the mean, and none in the number of rows.
const momentsRoundings = 16

// momentsBound is the error of the moments of the channels of x in units of eps, where that of an element of x is errors.
func momentsBound(x, errors []float64, channels int) []float64 {
	b, m := make([]float64, 2*channels), momentsOf(x, channels)
	rows := float64(max(len(x)/max(channels, 1), 1))
	for i, e := range errors {
		c := i % channels
		b[c] += e / rows
		b[channels+c] += 2 * math.Abs(x[i]-m[c]) * e
	}
	for c := range channels {
		b[c] += momentsRoundings * math.Sqrt(m[channels+c]/rows)
		b[channels+c] += momentsRoundings * m[channels+c]
	}
	return b
}

// momentsOf is the moments of the channels of x by the reference.
func momentsOf(x []float64, channels int) []float64 {
	moments := make([]float64, 2*channels)
	oracle.ChannelMoments(kernels.FromFloat64(moments, 2, channels), kernels.FromFloat64(x, len(x)/max(channels, 1), channels))
	return moments
}

// normBound is 4 roundings of every term of the normalisation of operand 1, whose vectors start at operand first; an
// operand between them is added.
func normBound(first int) bound {
	return each(func(v [][]float64, _, i int) float64 {
		c := i % len(v[first])
		gamma, beta, mean, invStd := v[first][c], v[first+1][c], v[first+2][c], v[first+3][c]
		b := (math.Abs(v[1][i])+math.Abs(mean))*math.Abs(invStd*gamma) + math.Abs(beta)
		if first == 3 {
			b += math.Abs(v[2][i])
		}
		return 4 * b
	})
}

func normBackwardCalls(dims ...int) []call {
	channels, label := dims[len(dims)-1], shapeName(dims...)
	x, dy, y := uniform("x", -2, 2, dims...), uniform("dy", -1, 1, dims...),
		uniform("y", -1, 1, dims...)
	vectors := normVectors(channels)
	notRead := mapped(func(float64) float64 { return math.NaN() }, vectors[1].values)
	vectors[1] = in("beta", notRead, channels) // the gradients do not depend on beta
	dgamma, dbeta := inout(uniform("dgamma", -1, 1, channels)), inout(uniform("dbeta", -1, 1, channels))
	operands := func(ins ...operand) []operand { return append(ins, vectors...) }
	dx, dr := out("dx", dims, "dy", "x"), out("dr", dims, "dy", "y")
	return []call{
		{op: "BatchNormBackward", label: label, operands: operands(dx, dgamma, dbeta, dy, x), bound: normBackwardBound,
			run: func(dev kernels.Device, t []kernels.Tensor) {
				dev.BatchNormBackward(t[0], t[1], t[2], t[3], t[4], normOf(t[5:]))
			}},
		{op: "BatchNormReLUBackward", label: label, operands: operands(dx, dgamma, dbeta, dy, y, x), bound: normBackwardBound,
			run: func(dev kernels.Device, t []kernels.Tensor) {
				dev.BatchNormReLUBackward(t[0], t[1], t[2], t[3], t[4], t[5], normOf(t[6:]))
			}},
		{op: "BatchNormAddReLUBackward", label: label, operands: operands(dx, dr, dgamma, dbeta, dy, y, x), bound: normBackwardBound,
			run: func(dev kernels.Device, t []kernels.Tensor) {
				dev.BatchNormAddReLUBackward(t[0], t[1], t[2], t[3], t[4], t[5], t[6], normOf(t[7:]))
			}},
	}
}

// named is the values of an operand by its name.
func (c call) named(name string) []float64 {
	for _, o := range c.operands {
		if o.name == name {
			return o.values
		}
	}
	panic("kerneltest: no operand " + name)
}

// normBackwardBound allows 4*sqrt(rows) roundings of the two sums over the rows and 4 of every other term.
func normBackwardBound(c call, out int) []float64 {
	x, mean, invStd, gamma := c.named("x"), c.named("mean"), c.named("invStd"), c.named("gamma")
	channels := len(gamma)
	rows := float64(len(x) / max(channels, 1))
	factor := 4 * math.Sqrt(max(rows, 1))
	grads, xhats := c.absoluteGradient(), make([]float64, len(x))
	sums, products := make([]float64, channels), make([]float64, channels)
	for i := range x { // |xhat| with its cancellation taken out
		xhats[i] = (math.Abs(x[i]) + math.Abs(mean[i%channels])) * math.Abs(invStd[i%channels])
		sums[i%channels] += grads[i]
		products[i%channels] += grads[i] * xhats[i]
	}
	b := make([]float64, c.operands[out].len())
	for i := range b {
		ch := i % channels
		switch c.operands[out].name {
		case "dr": // dy or zero, exactly
		case "dbeta":
			b[i] = factor * (math.Abs(c.named("dbeta")[i]) + sums[i])
		case "dgamma":
			b[i] = factor * (math.Abs(c.named("dgamma")[i]) + products[i])
		case "dx":
			terms := 4*grads[i] + factor*(sums[ch]+xhats[i]*products[ch])/rows
			b[i] = math.Abs(gamma[ch]*invStd[ch]) * terms
		}
	}
	return b
}

// absoluteGradient is |dy|, 0 where a ReLU with output y stops it.
func (c call) absoluteGradient() []float64 {
	grads := mapped(math.Abs, c.named("dy"))
	if c.op == "BatchNormReLUBackward" || c.op == "BatchNormAddReLUBackward" {
		for i, y := range c.named("y") {
			if y <= 0 {
				grads[i] = 0
			}
		}
	}
	return grads
}

func normStatsCalls(channels int) []call {
	stats := func(rows int, label string, squares []float64) call {
		m := append(Fill("stats.mean", -0.5, 0.5, channels), squares...)
		return call{op: "BatchNormStats", label: label + shapeName(rows, channels),
			operands: []operand{out("mean", []int{channels}), out("invStd", []int{channels}),
				inout(uniform("runningMean", -1, 1, channels)),
				inout(uniform("runningVar", 0.5, 2, channels)), sums(in("moments", m, 2, channels))},
			bound: normStatsBound,
			run: func(dev kernels.Device, t []kernels.Tensor) {
				dev.BatchNormStats(kernels.Norm{Mean: t[0], InvStd: t[1]}, t[2], t[3], t[4], rows, 1e-5, 0.1)
			}}
	}
	squares := func(rows int) []float64 {
		return Fill("stats.squares", 0.5*float64(rows), 2*float64(rows), channels)
	}
	return []call{
		stats(1000, "", squares(1000)), stats(2, "", squares(2)), stats(1, "", squares(1)),
		stats(50, "no variance/", make([]float64, channels)),
		{op: "InverseStd", label: shapeName(channels),
			operands: []operand{out("invStd", []int{channels}, "variance"), uniform("variance", 0, 2, channels)}, bound: relative(2),
			run: func(dev kernels.Device, t []kernels.Tensor) { dev.InverseStd(t[0], t[1], 1e-5) }},
	}
}

// normStatsBound allows two roundings, and as the moments are float64 nothing for cancellation.
func normStatsBound(c call, out int) []float64 {
	b := relative(2)(c, out)
	if c.operands[out].name == "runningMean" {
		for i, mean := range c.named("moments")[:len(b)] {
			b[i] = 2 * (math.Abs(c.named("runningMean")[i]) + math.Abs(mean))
		}
	}
	return b
}
