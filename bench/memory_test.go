package bench

import (
	"testing"

	"gzpt/kernels"
)

// block is an activation of the first stage of ResNet-18 at 224 x 224 and batch 16: out of every cache but the last.
var block = [4]int{16, 56, 56, 64}

// BenchmarkBatchNorm is batch normalisation with everything that is fused into it. Bytes count each activation that an
// operation must read or write once per pass; the backward operations need two passes over what they read.
func BenchmarkBatchNorm(b *testing.B) {
	fastTiers(b, func(b *testing.B, dev kernels.Device, _ string) {
		x, r, dy := Random(dev, 1, block[:]...), Random(dev, 2, block[:]...), Random(dev, 3, block[:]...)
		y, dx, dr := dev.New(dev.Type(), block[:]...), dev.New(dev.Type(), block[:]...), dev.New(dev.Type(), block[:]...)
		c := block[3]
		n := kernels.Norm{Gamma: Random(dev, 4, c), Beta: Random(dev, 5, c), Mean: dev.New(dev.Type(), c), InvStd: dev.New(dev.Type(), c)}
		dev.Fill(n.InvStd, 1.7)
		dgamma, dbeta, moments := dev.New(dev.Type(), c), dev.New(dev.Type(), c), dev.New(kernels.Float64, 2, c)
		dev.BatchNormAddReLU(y, x, r, n)
		for _, op := range []struct {
			name   string
			passes int // activations read and written
			run    func()
		}{
			{"moments", 1, func() { dev.ChannelMoments(moments, x) }},
			{"forward", 2, func() { dev.BatchNorm(y, x, n) }},
			{"forward-relu", 2, func() { dev.BatchNormReLU(y, x, n) }},
			{"forward-add-relu", 3, func() { dev.BatchNormAddReLU(y, x, r, n) }},
			{"backward", 5, func() { dev.BatchNormBackward(dx, dgamma, dbeta, dy, x, n) }},
			{"backward-relu", 7, func() { dev.BatchNormReLUBackward(dx, dgamma, dbeta, dy, y, x, n) }},
			{"backward-add-relu", 8, func() { dev.BatchNormAddReLUBackward(dx, dr, dgamma, dbeta, dy, y, x, n) }},
		} {
			b.Run("op="+op.name, func(b *testing.B) { moving(b, op.passes*4*x.Len(), op.run) })
		}
	})
}

// BenchmarkElementwise is what is left outside the fused operations.
func BenchmarkElementwise(b *testing.B) {
	fastTiers(b, func(b *testing.B, dev kernels.Device, _ string) {
		x, y, z := Random(dev, 1, block[:]...), Random(dev, 2, block[:]...), dev.New(dev.Type(), block[:]...)
		for _, op := range []struct {
			name   string
			passes int
			run    func()
		}{
			{"copy", 2, func() { dev.Copy(z, x) }},
			{"relu-in-place", 2, func() { dev.ReLU(y, y) }},
			{"relu", 2, func() { dev.ReLU(z, x) }},
			{"relu-backward", 3, func() { dev.ReLUBackward(z, x, y) }},
		} {
			b.Run("op="+op.name, func(b *testing.B) { moving(b, op.passes*4*x.Len(), op.run) })
		}
	})
}

// BenchmarkPool is the max pool behind the stem and the global average pool before the head.
func BenchmarkPool(b *testing.B) {
	fastTiers(b, func(b *testing.B, dev kernels.Device, _ string) {
		p := kernels.Pool{Size: 3, Stride: 2, Pad: 1}
		x, dx := Random(dev, 1, 16, 112, 112, 64), dev.New(dev.Type(), 16, 112, 112, 64)
		y, dy := dev.New(dev.Type(), block[:]...), Random(dev, 2, block[:]...)
		dev.MaxPool(y, x, p)
		last, dlast := Random(dev, 3, 16, 7, 7, 512), dev.New(dev.Type(), 16, 7, 7, 512)
		mean, dmean := dev.New(dev.Type(), 16, 512), Random(dev, 4, 16, 512)
		for _, op := range []struct {
			name  string
			bytes int
			run   func()
		}{
			{"max-forward", 4 * (x.Len() + y.Len()), func() { dev.MaxPool(y, x, p) }},
			{"max-backward", 4 * (2*x.Len() + 2*y.Len()), func() { dev.MaxPoolBackward(dx, dy, y, x, p) }},
			{"average-forward", 4 * (last.Len() + mean.Len()), func() { dev.GlobalAveragePool(mean, last) }},
			{"average-backward", 4 * (last.Len() + mean.Len()), func() { dev.GlobalAveragePoolBackward(dlast, dmean) }},
		} {
			b.Run("op="+op.name, func(b *testing.B) { moving(b, op.bytes, op.run) })
		}
	})
}

// BenchmarkOptimiser is the updates of one block as long as ResNet-18 with its heads.
func BenchmarkOptimiser(b *testing.B) {
	const parameters = 14_000_000
	fastTiers(b, func(b *testing.B, dev kernels.Device, _ string) {
		p, g := Random(dev, 1, parameters), Random(dev, 2, parameters)
		m, v := dev.New(dev.Type(), parameters), dev.New(dev.Type(), parameters)
		sum := dev.New(kernels.Float64, 1)
		sgd := kernels.SGD{LR: 1e-3, Momentum: .9, WeightDecay: 1e-6}
		adam := kernels.AdamW{LR: 1e-3, Beta1: .9, Beta2: .95, Eps: 1e-8, WeightDecay: 1e-6, Step: 1}
		lars := kernels.LARS{LR: 1e-3, Momentum: .9, WeightDecay: 1e-6, Trust: 1e-3, Eps: 1e-8}
		for _, op := range []struct {
			name   string
			passes int
			run    func()
		}{
			{"sgd", 5, func() { dev.SGD(p, g, m, sgd) }},
			{"adamw", 7, func() { dev.AdamW(p, g, m, v, adam) }},
			{"lars", 7, func() { dev.LARS(p, g, m, lars) }},
			{"ema", 3, func() { dev.EMA(m, p, .99) }},
			{"sum-squares", 1, func() { dev.SumSquares(sum, g) }},
			{"count-non-finite", 1, func() { dev.CountNonFinite(sum, g) }},
		} {
			b.Run("op="+op.name, func(b *testing.B) { moving(b, op.passes*4*parameters, op.run) })
		}
	})
}

// BenchmarkLogSoftmax reports nanoseconds an element beside the rates: exp is what it spends its time on.
func BenchmarkLogSoftmax(b *testing.B) {
	fastTiers(b, func(b *testing.B, dev kernels.Device, _ string) {
		x, y := Random(dev, 1, 512, 1024), dev.New(dev.Type(), 512, 1024)
		dy, dx := Random(dev, 2, 512, 1024), dev.New(dev.Type(), 512, 1024)
		dev.LogSoftmax(y, x)
		for _, op := range []struct {
			name string
			run  func()
		}{
			{"forward", func() { dev.LogSoftmax(y, x) }},
			{"backward", func() { dev.LogSoftmaxBackward(dx, dy, y) }},
		} {
			b.Run("op="+op.name+"/shape=r512_c1024", func(b *testing.B) {
				op.run()
				for b.Loop() {
					op.run()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(x.Len()), "ns/element")
			})
		}
	})
}
