package kerneltest

import (
	"math"
	"testing"

	"gzpt/kernels"
)

// pair is a forward operation of some inputs and the backward operation that claims to be its gradient.
type pair struct {
	name     string
	inputs   [][]float64
	forward  func(b workbench, x [][]float64) []float64
	backward func(b workbench, x [][]float64, dy []float64) [][]float64 // nil where an input has no gradient
}

// checkGradients compares every backward operation with central differences of its forward operation. Only a float64
// device can: elsewhere the suite compares with the float64 reference.
func checkGradients(t *testing.T, dev kernels.Device) {
	if dev.Type() != kernels.Float64 {
		t.Skip("central differences need a float64 device; the operations are compared with one")
	}
	for _, p := range pairs() {
		t.Run(p.name, func(t *testing.T) { p.check(Suite{}.workbench(dev, t)) })
	}
}

// check differentiates the sum of dy times the outputs for fixed random dy.
func (p pair) check(b workbench) {
	dy := Fill(p.name, -1, 1, len(p.forward(b, p.inputs)))
	value := func() float64 {
		var sum float64
		for i, y := range p.forward(b, p.inputs) {
			sum += dy[i] * y
		}
		return sum
	}
	const step = 1e-5 // the error of the difference is about step^2 and 1e-16/step
	for i, grad := range p.backward(b, p.inputs, dy) {
		for j := range grad {
			x := p.inputs[i][j]
			p.inputs[i][j] = x + step
			above := value()
			p.inputs[i][j] = x - step
			below := value()
			p.inputs[i][j] = x
			if want := (above - below) / (2 * step); !(math.Abs(grad[j]-want) <= 1e-8*(10+math.Abs(want))) {
				b.t.Fatalf("input %d: gradient[%d] = %.10g, difference %.10g", i, j, grad[j], want)
			}
		}
	}
}

func pairs() []pair {
	all := []pair{
		reluPair(), biasPair(), maxPoolPair(), averagePoolPair(), linearPair(), normalizePair(), softmaxPair(), alignmentPair(),
	}
	for _, g := range []Geometry{
		geometry(2, 5, 4, 3, 4, 3, 3, 1, 1), geometry(1, 5, 6, 4, 6, 3, 2, 2, 1, 1, 2), geometry(1, 6, 6, 2, 3, 2, 2, 1, 2, 2),
	} {
		all = append(all, convPair(g))
	}
	for _, normaliser := range []kernels.Normaliser{kernels.Global, kernels.Anchor} {
		all = append(all, positivesPair(normaliser))
	}
	for _, name := range []string{"BatchNorm", "BatchNormReLU", "BatchNormAddReLU"} {
		all = append(all, normPair(name))
	}
	for _, s := range contrastPairs {
		all = append(all, s.pair())
	}
	return all
}

// output runs an operation that writes one tensor of the given dimensions and returns its elements.
func (b workbench) output(dims []int, run func(y kernels.Tensor)) []float64 {
	y := b.New(b.Type(), dims...)
	run(y)
	return Get(b, y)
}

func convPair(g Geometry) pair {
	return pair{"Conv2D/" + g.String(), [][]float64{Fill("grad.x", -1, 1, g.x()...), Fill("grad.w", -1, 1, g.w()...)},
		func(b workbench, x [][]float64) []float64 {
			return b.output(g.y(), func(y kernels.Tensor) { b.Conv2D(y, b.tensor(x[0], g.x()...), b.tensor(x[1], g.w()...), g.Conv) })
		},
		func(b workbench, x [][]float64, dys []float64) [][]float64 {
			dy := b.tensor(dys, g.y()...)
			return [][]float64{
				b.output(g.x(), func(dx kernels.Tensor) { b.Conv2DBackwardData(dx, dy, b.tensor(x[1], g.w()...), g.Conv) }),
				b.output(g.w(), func(dw kernels.Tensor) { b.Conv2DBackwardWeights(dw, dy, b.tensor(x[0], g.x()...), g.Conv) }),
			}
		}}
}

func reluPair() pair {
	return pair{"ReLU", [][]float64{Fill("grad.x", -1, 1, 50)},
		func(b workbench, x [][]float64) []float64 {
			return b.output([]int{50}, func(y kernels.Tensor) { b.ReLU(y, b.tensor(x[0], 50)) })
		},
		func(b workbench, x [][]float64, dy []float64) [][]float64 {
			y := b.New(b.Type(), 50)
			b.ReLU(y, b.tensor(x[0], 50))
			return [][]float64{b.output([]int{50}, func(dx kernels.Tensor) { b.ReLUBackward(dx, b.tensor(dy, 50), y) })}
		}}
}

func biasPair() pair {
	dims := []int{6, 5}
	return pair{"AddBias", [][]float64{Fill("grad.x", -1, 1, 6, 5), Fill("grad.b", -1, 1, 5)},
		func(b workbench, x [][]float64) []float64 {
			return b.output(dims, func(y kernels.Tensor) { b.AddBias(y, b.tensor(x[0], dims...), b.tensor(x[1], 5)) })
		},
		func(b workbench, _ [][]float64, dy []float64) [][]float64 {
			return [][]float64{dy, b.output([]int{5}, func(db kernels.Tensor) { b.AddBiasBackward(db, b.tensor(dy, dims...)) })}
		}}
}

func maxPoolPair() pair {
	p := kernels.Pool{Size: 3, Stride: 2, Pad: 1}
	xDims, yDims := []int{2, 7, 6, 3}, []int{2, 4, 3, 3}
	return pair{"MaxPool", [][]float64{Fill("grad.x", -1, 1, xDims...)},
		func(b workbench, x [][]float64) []float64 {
			return b.output(yDims, func(y kernels.Tensor) { b.MaxPool(y, b.tensor(x[0], xDims...), p) })
		},
		func(b workbench, x [][]float64, dy []float64) [][]float64 {
			in, y := b.tensor(x[0], xDims...), b.New(b.Type(), yDims...)
			b.MaxPool(y, in, p)
			return [][]float64{b.output(xDims, func(dx kernels.Tensor) { b.MaxPoolBackward(dx, b.tensor(dy, yDims...), y, in, p) })}
		}}
}

func averagePoolPair() pair {
	xDims, yDims := []int{2, 4, 3, 5}, []int{2, 5}
	return pair{"GlobalAveragePool", [][]float64{Fill("grad.x", -1, 1, xDims...)},
		func(b workbench, x [][]float64) []float64 {
			return b.output(yDims, func(y kernels.Tensor) { b.GlobalAveragePool(y, b.tensor(x[0], xDims...)) })
		},
		func(b workbench, _ [][]float64, dy []float64) [][]float64 {
			return [][]float64{b.output(xDims, func(dx kernels.Tensor) { b.GlobalAveragePoolBackward(dx, b.tensor(dy, yDims...)) })}
		}}
}

// linearPair shows the three products of a linear layer, as the contract gives them.
func linearPair() pair {
	xDims, wDims, yDims := []int{4, 6}, []int{5, 6}, []int{4, 5}
	return pair{"MatMul", [][]float64{Fill("grad.x", -1, 1, xDims...), Fill("grad.w", -1, 1, wDims...)},
		func(b workbench, x [][]float64) []float64 {
			return b.output(yDims, func(y kernels.Tensor) {
				b.MatMul(y, b.tensor(x[0], xDims...), b.tensor(x[1], wDims...), kernels.Product{TransB: true})
			})
		},
		func(b workbench, x [][]float64, dys []float64) [][]float64 {
			dy := b.tensor(dys, yDims...)
			return [][]float64{
				b.output(xDims, func(dx kernels.Tensor) { b.MatMul(dx, dy, b.tensor(x[1], wDims...), kernels.Product{}) }),
				b.output(wDims, func(dw kernels.Tensor) {
					b.MatMul(dw, dy, b.tensor(x[0], xDims...), kernels.Product{TransA: true, Accumulate: true})
				}),
			}
		}}
}

func normalizePair() pair {
	dims := []int{4, 7}
	return pair{"NormalizeRows", [][]float64{Fill("grad.x", -1, 1, dims...)},
		func(b workbench, x [][]float64) []float64 {
			return b.output(dims, func(y kernels.Tensor) { b.NormalizeRows(y, b.New(b.Type(), 4), b.tensor(x[0], dims...), 1e-12) })
		},
		func(b workbench, x [][]float64, dy []float64) [][]float64 {
			y, norms := b.tensor(x[0], dims...), b.New(b.Type(), 4)
			b.NormalizeRows(y, norms, y, 1e-12)
			return [][]float64{b.output(dims, func(dx kernels.Tensor) { b.NormalizeRowsBackward(dx, b.tensor(dy, dims...), y, norms) })}
		}}
}

func softmaxPair() pair {
	dims := []int{4, 6}
	return pair{"LogSoftmax", [][]float64{Fill("grad.x", -2, 2, dims...)},
		func(b workbench, x [][]float64) []float64 {
			return b.output(dims, func(y kernels.Tensor) { b.LogSoftmax(y, b.tensor(x[0], dims...)) })
		},
		func(b workbench, x [][]float64, dy []float64) [][]float64 {
			y := b.tensor(x[0], dims...)
			b.LogSoftmax(y, y)
			return [][]float64{b.output(dims, func(dx kernels.Tensor) { b.LogSoftmaxBackward(dx, b.tensor(dy, dims...), y) })}
		}}
}

func positivesPair(normaliser kernels.Normaliser) pair {
	dims := []int{4, 6}
	labels := mapped(func(u float64) float64 { return math.Floor(1.5*u) * u }, Fill("grad.labels", 0, 1, dims...))
	return pair{[]string{"PositivesLoss/global", "PositivesLoss/anchor"}[normaliser], [][]float64{Fill("grad.x", -2, 2, dims...)},
		func(b workbench, x [][]float64) []float64 {
			logp, loss := b.tensor(x[0], dims...), b.New(kernels.Float64, 1)
			b.LogSoftmax(logp, logp)
			b.PositivesLoss(loss, logp, b.tensor(labels, dims...), normaliser, 1.5)
			return Get(b, loss)
		},
		func(b workbench, x [][]float64, dy []float64) [][]float64 {
			logp := b.tensor(x[0], dims...)
			b.LogSoftmax(logp, logp)
			return [][]float64{b.output(dims, func(dx kernels.Tensor) {
				b.PositivesLossBackward(dx, logp, b.tensor(labels, dims...), normaliser, 1.5*dy[0])
			})}
		}}
}

func alignmentPair() pair {
	dims := []int{5, 6}
	constants := func(b workbench) (t, a kernels.Tensor) {
		return b.uniform("grad.t", -1, 1, dims...), b.tensor(Positives("grad.a", 5, 0.3), 5, 5)
	}
	return pair{"AlignmentLoss", [][]float64{Fill("grad.x", -1, 1, dims...)},
		func(b workbench, x [][]float64) []float64 {
			t, a := constants(b)
			loss := b.New(kernels.Float64, 1)
			b.AlignmentLoss(loss, b.tensor(x[0], dims...), t, a, 2)
			return Get(b, loss)
		},
		func(b workbench, _ [][]float64, dy []float64) [][]float64 {
			t, a := constants(b)
			return [][]float64{b.output(dims, func(do kernels.Tensor) { b.AlignmentLossBackward(do, t, a, 2*dy[0]) })}
		}}
}

// normPair is a batch normalisation of the given name with its inputs x, gamma, beta and, with Add, r. Its statistics
// come from x.
func normPair(name string) pair {
	dims := []int{8, 3}
	inputs := [][]float64{Fill("grad.x", -1, 2, dims...), Fill("grad.gamma", 0.5, 1.5, 3), Fill("grad.beta", -0.5, 0.5, 3)}
	if name == "BatchNormAddReLU" {
		inputs = append(inputs, Fill("grad.r", -1, 1, dims...))
	}
	forward := func(b workbench, x [][]float64) (kernels.Tensor, kernels.Tensor, kernels.Norm) {
		in, y, moments := b.tensor(x[0], dims...), b.New(b.Type(), dims...), b.New(kernels.Float64, 2, 3)
		n := kernels.Norm{Gamma: b.tensor(x[1], 3), Beta: b.tensor(x[2], 3), Mean: b.New(b.Type(), 3), InvStd: b.New(b.Type(), 3)}
		b.ChannelMoments(moments, in)
		b.BatchNormStats(n, b.New(b.Type(), 3), b.New(b.Type(), 3), moments, dims[0], 1e-5, 0.1)
		switch name {
		case "BatchNormReLU":
			b.BatchNormReLU(y, in, n)
		case "BatchNormAddReLU":
			b.BatchNormAddReLU(y, in, b.tensor(x[3], dims...), n)
		default:
			b.BatchNorm(y, in, n)
		}
		return y, in, n
	}
	return pair{name, inputs,
		func(b workbench, x [][]float64) []float64 {
			y, _, _ := forward(b, x)
			return Get(b, y)
		},
		func(b workbench, x [][]float64, dys []float64) [][]float64 {
			y, in, n := forward(b, x)
			dy, dx, dr, dgamma, dbeta := b.tensor(dys, dims...), b.New(b.Type(), dims...), b.New(b.Type(), dims...), b.New(b.Type(), 3), b.New(b.Type(), 3)
			switch name {
			case "BatchNorm":
				b.BatchNormBackward(dx, dgamma, dbeta, dy, in, n)
			case "BatchNormReLU":
				b.BatchNormReLUBackward(dx, dgamma, dbeta, dy, y, in, n)
			case "BatchNormAddReLU":
				b.BatchNormAddReLUBackward(dx, dr, dgamma, dbeta, dy, y, in, n)
			}
			return [][]float64{Get(b, dx), Get(b, dgamma), Get(b, dbeta), Get(b, dr)}[:len(x)]
		}}
}
