package kerneltest

import (
	"math"
	"testing"

	"gzpt/kernels"
)

func lossCalls() []call {
	var calls []call
	for _, m := range matrices {
		calls = append(calls, softmaxCalls(m[0], m[1])...)
	}
	for _, m := range [][2]int{{3, 4}, {2, 1}, {1, 2}, {5, 13}, {12, 23}, {33, 64}, {9, 65}, {64, 127}} {
		calls = append(calls, positivesCalls(m[0], m[1])...)
	}
	for _, m := range [][2]int{{3, 4}, {1, 1}, {2, 5}, {12, 32}, {33, 65}, {16, 130}} {
		calls = append(calls, alignmentCalls(m[0], m[1])...)
	}
	return append(calls, contrastCalls()...)
}

// logits are inputs of LogSoftmax. The columns whose number leaves remainder 2 modulo 5 are masked in odd rows.
func logits(rows, channels int) []float64 {
	x := Fill("softmax.x", -8, 8, rows, channels)
	for i := range x {
		if i/channels%2 == 1 && i%channels%5 == 2 {
			x[i] = math.Inf(-1)
		}
	}
	return x
}

func logSoftmaxCall(label string, x []float64, rows, channels int) call {
	return call{op: "LogSoftmax", label: label, bound: softmaxBound(channels),
		operands: []operand{out("y", []int{rows, channels}, "x"), in("x", x, rows, channels)},
		run:      func(dev kernels.Device, t []kernels.Tensor) { dev.LogSoftmax(t[0], t[1]) }}
}

// softmaxBound allows 4 roundings of the element, the largest of its row and the logarithm, and 4*sqrt(channels) of the
// sum, whose relative error is an absolute one of its logarithm.
func softmaxBound(channels int) bound {
	return eachRow(channels, func(v [][]float64) (b []float64) {
		largest := math.Inf(-1)
		for _, x := range v[1] {
			largest = max(largest, x)
		}
		for _, x := range v[1] {
			b = append(b, 4*(math.Abs(x)+math.Abs(largest)+math.Log(float64(channels))+math.Sqrt(float64(channels))))
		}
		return b
	})
}

// eachRow is a bound given by a formula for a row, from those of the operands before the call.
func eachRow(channels int, formula func(v [][]float64) []float64) bound {
	return func(c call, out int) []float64 {
		var b []float64
		for from := 0; from < c.operands[out].len(); from += channels {
			v := make([][]float64, len(c.operands))
			for i, o := range c.operands {
				if o.values != nil {
					v[i] = o.values[from : from+channels]
				}
			}
			b = append(b, formula(v)...)
		}
		return b
	}
}

func softmaxCalls(rows, channels int) []call {
	dims, label := []int{rows, channels}, shapeName(rows, channels)
	x := logits(rows, channels)
	forward := logSoftmaxCall(label, x, rows, channels)
	shift := func(by float64) []float64 { return mapped(func(v float64) float64 { return v + by }, x) }
	backward := call{op: "LogSoftmaxBackward", label: label, bound: softmaxBackwardBound(channels),
		operands: []operand{out("dx", dims, "dy"), uniform("dy", -1, 1, dims...), in("y", forward.want()[0], dims...)},
		run:      func(dev kernels.Device, t []kernels.Tensor) { dev.LogSoftmaxBackward(t[0], t[1], t[2]) }}
	high, low := logSoftmaxCall(label+"_high", shift(1e4), rows, channels), logSoftmaxCall(label+"_low", shift(-1e4), rows, channels)
	return []call{forward, high, low, backward}
}

func softmaxBackwardBound(channels int) bound {
	return eachRow(channels, func(v [][]float64) (b []float64) {
		var sum float64
		for _, dy := range v[1] {
			sum += math.Abs(dy)
		}
		for i, dy := range v[1] {
			b = append(b, 4*(math.Abs(dy)+math.Sqrt(float64(channels))*math.Exp(v[2][i])*sum))
		}
		return b
	})
}

func positivesCalls(rows, channels int) []call {
	dims := []int{rows, channels}
	logp := in("logp", logSoftmaxCall("", logits(rows, channels), rows, channels).want()[0], dims...)
	share := Fill("positives.labels", 0, 1, dims...)
	labels := mapped(func(u float64) float64 { return math.Floor(u*1.3) * u }, share) // mostly 0, some between 0.7 and 1
	labels[0] = 1
	for i := range labels {
		if math.IsInf(logp.values[i], -1) || i/channels == 1 {
			labels[i] = 0 // a masked column has no label; row 1 has none at all
		}
	}
	l := in("labels", labels, dims...)
	var calls []call
	for normaliser, name := range map[kernels.Normaliser]string{kernels.Global: "global/", kernels.Anchor: "anchor/"} {
		const scale = 1.7
		calls = append(calls,
			call{op: "PositivesLoss", label: name + shapeName(dims...), bound: positivesBound(normaliser, scale),
				operands: []operand{sums(inout(in("loss", []float64{0.25}, 1))), logp, l},
				run:      func(dev kernels.Device, t []kernels.Tensor) { dev.PositivesLoss(t[0], t[1], t[2], normaliser, scale) }},
			call{op: "PositivesLossBackward", label: name + shapeName(dims...), bound: positivesBackwardBound(normaliser, scale),
				operands: []operand{out("dx", dims), logp, l},
				run: func(dev kernels.Device, t []kernels.Tensor) {
					dev.PositivesLossBackward(t[0], t[1], t[2], normaliser, scale)
				}})
	}
	return calls
}

// rowWeights are w_r of PositivesLoss and the sum of the labels of every row.
func rowWeights(labels []float64, rows int, normaliser kernels.Normaliser) (weights, positives []float64) {
	channels := len(labels) / max(rows, 1)
	weights, positives = make([]float64, rows), make([]float64, rows)
	var all float64
	for i, l := range labels {
		positives[i/channels] += l
		all += l
	}
	for r := range weights {
		switch {
		case normaliser == kernels.Global && all != 0:
			weights[r] = 1 / all
		case normaliser == kernels.Anchor && positives[r] != 0:
			weights[r] = 1 / (float64(rows) * positives[r])
		}
	}
	return weights, positives
}

func positivesBound(normaliser kernels.Normaliser, scale float64) bound {
	return func(c call, _ int) []float64 {
		logp, labels, rows := c.named("logp"), c.named("labels"), c.operands[1].dims[0]
		weights, _ := rowWeights(labels, rows, normaliser)
		var sum float64
		for i, l := range labels {
			if l != 0 {
				sum += math.Abs(weights[i*rows/len(labels)] * l * logp[i])
			}
		}
		return []float64{c.named("loss")[0] + 4*math.Sqrt(float64(len(labels)))*scale*sum}
	}
}

func positivesBackwardBound(normaliser kernels.Normaliser, scale float64) bound {
	return func(c call, _ int) []float64 {
		logp, labels, rows := c.named("logp"), c.named("labels"), c.operands[1].dims[0]
		channels := len(labels) / rows
		weights, positives := rowWeights(labels, rows, normaliser)
		factor := 4 * math.Sqrt(float64(len(labels))) * scale // the sum of the labels is among the roundings
		b := make([]float64, len(labels))
		for i := range b {
			b[i] = factor * weights[i/channels] * (math.Exp(logp[i])*positives[i/channels] + labels[i])
		}
		return b
	}
}

// alignmentCalls has positives that count fully or not at all, as a threshold gives them, and soft ones.
func alignmentCalls(batch, depth int) []call {
	hard := Positives("align.a", batch, 0.3)
	soft := Uniform("align.soft", batch*batch)
	for i := range batch {
		soft[i*batch+i] = 1
	}
	label := shapeName(batch, depth)
	return append(alignmentOf(batch, depth, hard, label), alignmentOf(batch, depth, soft, label+"/soft")...)
}

func alignmentOf(batch, depth int, weights []float64, label string) []call {
	dims := []int{batch, depth}
	o, t := uniform("o", -1, 1, dims...), uniform("t", -1, 1, dims...)
	a := in("a", weights, batch, batch)
	lossBound := func(c call, _ int) []float64 {
		os, ts, as := c.named("o"), c.named("t"), c.named("a")
		var sum, positives float64
		for i, v := range as {
			positives += v
			for k := range depth {
				sum += math.Abs(v * os[i/batch*depth+k] * ts[i%batch*depth+k])
			}
		}
		return []float64{c.named("loss")[0] + 4*math.Sqrt(float64(batch*batch*depth))*2*sum/positives}
	}
	return []call{
		{op: "AlignmentLoss", label: label, bound: lossBound, operands: []operand{sums(inout(in("loss", []float64{0.25}, 1))), o, t, a},
			run: func(dev kernels.Device, t []kernels.Tensor) { dev.AlignmentLoss(t[0], t[1], t[2], t[3], 2) }},
		{op: "AlignmentLossBackward", label: label, bound: products(batch + 4), operands: []operand{out("do", dims), t, a},
			run: func(dev kernels.Device, t []kernels.Tensor) { dev.AlignmentLossBackward(t[0], t[1], t[2], 2) }},
	}
}

// checkExponential measures the exponentials inside LogSoftmaxBackward, ContrastiveLossBackward and ContrastiveLossAndBackward.
// They may be one unit in the last place off from -87.3, where float32 ends, to 0, beside the rounding of what they are
// multiplied by.
func checkExponential(t *testing.T, dev kernels.Device) {
	const n = 20001
	x := make([]float64, n)
	for i := range x {
		x[i] = -87.3 * float64(i) / (n - 1)
	}
	calls := []call{softmaxExponentials(x), contrastExponentials(x)}
	if dev.Type() == kernels.Float32 { // the sum of a float64 device has roundings of its own
		calls = append(calls, keptExponentials(x[:n*34/87]))
	}
	for _, c := range calls {
		t.Run(c.op, func(t *testing.T) {
			got, sum := c.apply(dev, plain).values[0], 1.0
			if c.op == "ContrastiveLossAndBackward" {
				sum = sumOfExponentials(c.named("x")) // about 1
			}
			for i, v := range c.named("x")[1:] {
				want := math.Exp(v) / sum
				if ulps := math.Abs(math.Abs(got[i+1])-want) / (want * epsilon(dev.Type())); !(ulps <= 2) {
					t.Fatalf("exp(%g) = %g, want %g: %.2f units in the last place", v, got[i+1], want, ulps)
				}
			}
		})
	}
}

// softmaxExponentials has dy one in a column of its own: dx in another column is -exp(x).
func softmaxExponentials(x []float64) call {
	n := len(x)
	dy := make([]float64, n)
	dy[0] = 1
	return call{op: "LogSoftmaxBackward", operands: []operand{out("dx", []int{1, n}), in("dy", dy, 1, n), in("x", x, 1, n)},
		run: func(dev kernels.Device, t []kernels.Tensor) { dev.LogSoftmaxBackward(t[0], t[1], t[2]) }}
}
