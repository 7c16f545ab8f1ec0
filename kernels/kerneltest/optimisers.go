package kerneltest

import (
	"math"

	"gzpt/kernels"
)

func optimiserCalls() []call {
	var calls []call
	for _, n := range lengths() {
		calls = append(calls, blockCalls(n)...)
	}
	calls = append(calls, reductionCalls("overflow", []float64{3e38, -3e38, 3e38, 1, 1e-30, 0, 2, 3e38, 3e38, 1})...)
	nonFinite := Fill("reduce.x", -1, 1, 99)
	nonFinite[0], nonFinite[50], nonFinite[98] = math.NaN(), math.Inf(1), math.Inf(-1)
	return append(calls, reductionCalls("nonfinite", nonFinite)...)
}

// blockCalls work on blocks of n parameters.
func blockCalls(n int) []call {
	t, o := inout(uniform("t", -1, 1, n)), uniform("o", -1, 1, n)
	ema := call{op: "EMA", label: shapeName(n), operands: []operand{t, o}, bound: products(1),
		run: func(dev kernels.Device, t []kernels.Tensor) { dev.EMA(t[0], t[1], 0.99) }}
	calls := append(momentumCalls(n), adamWCall(n, 1), adamWCall(n, 1000), ema)
	return append(calls, reductionCalls(shapeName(n), Fill("reduce.x", -1, 1, n))...)
}

func reductionCalls(label string, values []float64) []call {
	n := len(values)
	operands := []operand{sums(out("out", []int{1})), free(in("x", values, n))}
	return []call{
		{op: "SumSquares", label: label, operands: operands, bound: products(n),
			run: func(dev kernels.Device, t []kernels.Tensor) { dev.SumSquares(t[0], t[1]) }},
		{op: "CountNonFinite", label: label, operands: operands,
			run: func(dev kernels.Device, t []kernels.Tensor) { dev.CountNonFinite(t[0], t[1]) }},
	}
}

// parameters are p, g and m of n elements.
func parameters(n int) []operand {
	return []operand{inout(uniform("p", -1, 1, n)), uniform("g", -1, 1, n), inout(uniform("m", -1, 1, n))}
}

func momentumCalls(n int) []call {
	sgd := kernels.SGD{LR: 0.1, Momentum: 0.9, WeightDecay: 1e-2}
	lars := kernels.LARS{LR: 0.1, Momentum: 0.9, WeightDecay: 1e-2, Trust: 0.02, Eps: 1e-8}
	runSGD := func(dev kernels.Device, t []kernels.Tensor) { dev.SGD(t[0], t[1], t[2], sgd) }
	runLARS := func(dev kernels.Device, t []kernels.Tensor) { dev.LARS(t[0], t[1], t[2], lars) }
	stopped := parameters(n) // without a gradient, LARS does not decay
	stopped[1].values = make([]float64, n)
	return []call{
		{op: "SGD", label: shapeName(n), operands: parameters(n), bound: momentumBound(sgd.LR, 4), run: runSGD},
		{op: "LARS", label: shapeName(n), operands: parameters(n), bound: momentumBound(lars.LR, 4*math.Sqrt(float64(n))), run: runLARS},
		{op: "LARS", label: "stopped/" + shapeName(n), operands: stopped, bound: momentumBound(lars.LR, 4), run: runLARS},
	}
}

// momentumBound allows factor roundings of |m| before and |d|, and LR times as many in p. Both steps have momentum 0.9
// and weight decay 0.01; the trust of LARS only makes d smaller.
func momentumBound(lr, factor float64) bound {
	return each(func(v [][]float64, out, i int) float64 {
		p, g, m := math.Abs(v[0][i]), math.Abs(v[1][i]), math.Abs(v[2][i])
		b := factor * (0.9*m + g + 0.01*p)
		if out == 0 {
			return 2*p + lr*b
		}
		return b
	})
}

func adamWCall(n, step int) call {
	o := kernels.AdamW{LR: 0.01, Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 0.1, Step: step}
	second := inout(uniform("v", 0, 1, n))
	if n > 3 {
		second.values[3] = 0 // a parameter that has had no gradient
	}
	operands := append(parameters(n), second)
	if n > 3 {
		operands[1].values[3], operands[2].values[3] = 0, 0
	}
	unbias1, unbias2 := 1-math.Pow(o.Beta1, float64(step)), math.Sqrt(1-math.Pow(o.Beta2, float64(step)))
	return call{op: "AdamW", label: shapeName(n) + "/step" + shapeName(step), operands: operands,
		bound: each(func(v [][]float64, out, i int) float64 {
			g := math.Abs(v[1][i])
			first, second := o.Beta1*math.Abs(v[2][i])+(1-o.Beta1)*g, o.Beta2*v[3][i]+(1-o.Beta2)*g*g
			switch out {
			case 0:
				return 2*math.Abs(v[0][i]) + 8*o.LR/unbias1*first/(math.Sqrt(second)/unbias2+o.Eps)
			case 2:
				return 4 * first
			}
			return 4 * second
		}),
		run: func(dev kernels.Device, t []kernels.Tensor) { dev.AdamW(t[0], t[1], t[2], t[3], o) }}
}
