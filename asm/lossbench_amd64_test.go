//go:build amd64 && !noasm

package asm

import (
	"fmt"
	"testing"

	"gzpt/kernels"
)

// BenchmarkOptimisers times what memory bounds on as many parameters as ResNet-18 has; -cpu 1,2 says on how many cores.
func BenchmarkOptimisers(b *testing.B) {
	const parameters = 11_170_000
	for _, tier := range assemblyTiers() {
		p, g, m, v := halves(parameters), halves(parameters), halves(parameters), halves(parameters)
		out := kernels.FromFloat64([]float64{0}, 1)
		sgd := kernels.SGD{LR: 1e-6, Momentum: 0.9, WeightDecay: 1e-4}
		lars := kernels.LARS{LR: 1e-6, Momentum: 0.9, WeightDecay: 1e-4, Trust: 1e-3}
		adamW := kernels.AdamW{LR: 1e-6, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.05, Step: 10}
		for _, op := range []struct {
			name   string
			blocks int // read and written
			run    func(d *device)
		}{
			{"SGD", 5, func(d *device) { d.SGD(p, g, m, sgd) }},
			{"AdamW", 7, func(d *device) { d.AdamW(p, g, m, v, adamW) }},
			{"LARS", 7, func(d *device) { d.LARS(p, g, m, lars) }},
			{"EMA", 3, func(d *device) { d.EMA(p, g, 0.996) }},
			{"SumSquares", 1, func(d *device) { d.SumSquares(out, g) }},
			{"CountNonFinite", 1, func(d *device) { d.CountNonFinite(out, g) }},
		} {
			b.Run(tier+"/"+op.name, func(b *testing.B) {
				d := openAssembly(tier).(*device) // here, because its workers are as many as -cpu says
				defer d.Close()
				bandwidth(b, d, op.blocks*parameters, func() { op.run(d) })
			})
		}
	}
}

// BenchmarkExponential times one core on rows in L1.
func BenchmarkExponential(b *testing.B) {
	x, y := make([]float32, 4096), make([]float32, 4096)
	for i := range x {
		x[i] = -float32(i) / 256
	}
	for _, tier := range assemblyTiers() {
		k := lossesOf(tier)
		for _, op := range []struct {
			name string
			run  func()
		}{
			{"sum", func() { k.exponentials(&x[0], len(x), 0) }},
			{"gradient", func() { k.softmaxGradient(&y[0], &y[0], &x[0], len(x), -1e-30) }},
		} {
			b.Run(tier+"/"+op.name, func(b *testing.B) {
				for b.Loop() {
					op.run()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(x)), "ns/element")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// BenchmarkLosses times the losses of a batch of 256 with 256 features.
func BenchmarkLosses(b *testing.B) {
	const batch, depth = 256, 256
	for _, tier := range assemblyTiers() {
		x, y, z, a := halves(batch, depth), halves(batch, depth), halves(batch, depth), halves(batch, batch)
		norms, loss := halves(batch), kernels.FromFloat64([]float64{0}, 1)
		for _, op := range []struct {
			name string
			run  func(d *device)
		}{
			{"NormalizeRows", func(d *device) { d.NormalizeRows(y, norms, x, 1e-12) }},
			{"NormalizeRowsBackward", func(d *device) { d.NormalizeRowsBackward(z, x, y, norms) }},
			{"LogSoftmax", func(d *device) { d.LogSoftmax(y, x) }},
			{"LogSoftmaxBackward", func(d *device) { d.LogSoftmaxBackward(z, x, y) }},
			{"PositivesLoss", func(d *device) { d.PositivesLoss(loss, y, a, kernels.Global, 1) }},
			{"PositivesLossBackward", func(d *device) { d.PositivesLossBackward(z, y, a, kernels.Global, 1) }},
			{"AlignmentLoss", func(d *device) { d.AlignmentLoss(loss, x, y, a, 1) }},
			{"AlignmentLossBackward", func(d *device) { d.AlignmentLossBackward(z, y, a, 1) }},
		} {
			b.Run(fmt.Sprintf("%s/%s/%dx%d", tier, op.name, batch, depth), func(b *testing.B) {
				d := openAssembly(tier).(*device)
				defer d.Close()
				for b.Loop() {
					op.run(d)
				}
			})
		}
	}
}

// halves is a tensor filled with 0.5.
func halves(dims ...int) kernels.Tensor {
	n := 1
	for _, v := range dims {
		n *= v
	}
	x := aligned(n)
	fill(x, 0.5)
	return kernels.FromFloat32(x, dims...)
}
