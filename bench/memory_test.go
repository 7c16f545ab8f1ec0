package bench

import (
	"fmt"
	"testing"

	"gzpt/kernels"
)

// block is an activation of the first stage of ResNet-18 at 224 x 224 and batch 16: out of every cache but the last.
var block = [4]int{16, 56, 56, 64}

// blockShape is the block in the name of a benchmark.
const blockShape = "n16_h56_c64"

// pass is one of an operation.
type pass struct {
	name, shape string
	run         func(dev kernels.Device)
}

// timePasses times passes one after the other.
func timePasses(b *testing.B, dev device, passes ...pass) {
	for _, p := range passes {
		b.Run("pass="+p.name+"/shape="+p.shape, func(b *testing.B) { timed(b, dev, p.run) })
	}
}

// BenchmarkBatchNorm is batch normalisation with everything that is fused into it.
func BenchmarkBatchNorm(b *testing.B) {
	onDevices(b, func(b *testing.B, dev device) {
		x, r, dy := Random(dev, 1, block[:]...), Random(dev, 2, block[:]...), Random(dev, 3, block[:]...)
		y, dx, dr := dev.New(dev.Type(), block[:]...), dev.New(dev.Type(), block[:]...), dev.New(dev.Type(), block[:]...)
		c := block[3]
		n := kernels.Norm{Gamma: Random(dev, 4, c), Beta: Random(dev, 5, c), Mean: dev.New(dev.Type(), c), InvStd: dev.New(dev.Type(), c)}
		dev.Fill(n.InvStd, 1.7)
		dgamma, dbeta, moments := dev.New(dev.Type(), c), dev.New(dev.Type(), c), dev.New(kernels.Float64, 2, c)
		dev.BatchNormAddReLU(y, x, r, n)
		timePasses(b, dev,
			pass{"moments", blockShape, func(dev kernels.Device) { dev.ChannelMoments(moments, x) }},
			pass{"forward", blockShape, func(dev kernels.Device) { dev.BatchNorm(y, x, n) }},
			pass{"forward-relu", blockShape, func(dev kernels.Device) { dev.BatchNormReLU(y, x, n) }},
			pass{"forward-add-relu", blockShape, func(dev kernels.Device) { dev.BatchNormAddReLU(y, x, r, n) }},
			pass{"backward", blockShape, func(dev kernels.Device) { dev.BatchNormBackward(dx, dgamma, dbeta, dy, x, n) }},
			pass{"backward-relu", blockShape, func(dev kernels.Device) { dev.BatchNormReLUBackward(dx, dgamma, dbeta, dy, y, x, n) }},
			pass{"backward-add-relu", blockShape, func(dev kernels.Device) { dev.BatchNormAddReLUBackward(dx, dr, dgamma, dbeta, dy, y, x, n) }},
		)
	})
}

// BenchmarkCopy is a copy of a block inside the memory of the device.
func BenchmarkCopy(b *testing.B) {
	onDevices(b, func(b *testing.B, dev device) {
		x, y := Random(dev, 1, block[:]...), dev.New(dev.Type(), block[:]...)
		timePasses(b, dev, pass{"forward", blockShape, func(dev kernels.Device) { dev.Copy(y, x) }})
	})
}

// BenchmarkReLU is what is left outside the fused operations.
func BenchmarkReLU(b *testing.B) {
	onDevices(b, func(b *testing.B, dev device) {
		x, y, z := Random(dev, 1, block[:]...), Random(dev, 2, block[:]...), dev.New(dev.Type(), block[:]...)
		timePasses(b, dev,
			pass{"forward", blockShape, func(dev kernels.Device) { dev.ReLU(z, x) }},
			pass{"forward-in-place", blockShape, func(dev kernels.Device) { dev.ReLU(y, y) }},
			pass{"backward", blockShape, func(dev kernels.Device) { dev.ReLUBackward(z, x, y) }},
		)
	})
}

// BenchmarkMaxPool is the max pool behind the stem.
func BenchmarkMaxPool(b *testing.B) {
	onDevices(b, func(b *testing.B, dev device) {
		p := kernels.Pool{Size: 3, Stride: 2, Pad: 1}
		x, dx := Random(dev, 1, 16, 112, 112, 64), dev.New(dev.Type(), 16, 112, 112, 64)
		y, dy := dev.New(dev.Type(), block[:]...), Random(dev, 2, block[:]...)
		dev.MaxPool(y, x, p)
		timePasses(b, dev,
			pass{"forward", "n16_h112_c64_r3_s2", func(dev kernels.Device) { dev.MaxPool(y, x, p) }},
			pass{"backward", "n16_h112_c64_r3_s2", func(dev kernels.Device) { dev.MaxPoolBackward(dx, dy, y, x, p) }},
		)
	})
}

// BenchmarkAveragePool is the global average pool before the head.
func BenchmarkAveragePool(b *testing.B) {
	onDevices(b, func(b *testing.B, dev device) {
		x, dx := Random(dev, 3, 16, 7, 7, 512), dev.New(dev.Type(), 16, 7, 7, 512)
		y, dy := dev.New(dev.Type(), 16, 512), Random(dev, 4, 16, 512)
		timePasses(b, dev,
			pass{"forward", "n16_h7_c512", func(dev kernels.Device) { dev.GlobalAveragePool(y, x) }},
			pass{"backward", "n16_h7_c512", func(dev kernels.Device) { dev.GlobalAveragePoolBackward(dx, dy) }},
		)
	})
}

// BenchmarkOptimiser is the passes over one block as long as ResNet-18 with its heads: updates, the moving average, and what is
// asked of the gradient.
func BenchmarkOptimiser(b *testing.B) {
	const parameters = 14_000_000
	onDevices(b, func(b *testing.B, dev device) {
		p, g := Random(dev, 1, parameters), Random(dev, 2, parameters)
		m, v := dev.New(dev.Type(), parameters), dev.New(dev.Type(), parameters)
		sum := dev.New(kernels.Float64, 1)
		sgd := kernels.SGD{LR: 1e-3, Momentum: .9, WeightDecay: 1e-6}
		adam := kernels.AdamW{LR: 1e-3, Beta1: .9, Beta2: .95, Eps: 1e-8, WeightDecay: 1e-6, Step: 1}
		lars := kernels.LARS{LR: 1e-3, Momentum: .9, WeightDecay: 1e-6, Trust: 1e-3, Eps: 1e-8}
		shape := fmt.Sprintf("n%d", parameters)
		timePasses(b, dev,
			pass{"sgd", shape, func(dev kernels.Device) { dev.SGD(p, g, m, sgd) }},
			pass{"adamw", shape, func(dev kernels.Device) { dev.AdamW(p, g, m, v, adam) }},
			pass{"lars", shape, func(dev kernels.Device) { dev.LARS(p, g, m, lars) }},
			pass{"ema", shape, func(dev kernels.Device) { dev.EMA(m, p, .99) }},
			pass{"sum-squares", shape, func(dev kernels.Device) { dev.SumSquares(sum, g) }},
			pass{"count-non-finite", shape, func(dev kernels.Device) { dev.CountNonFinite(sum, g) }},
		)
	})
}

// BenchmarkLogSoftmax reports nanoseconds an element beside the rates: exp is what it spends its time on.
func BenchmarkLogSoftmax(b *testing.B) {
	onDevices(b, func(b *testing.B, dev device) {
		x, y := Random(dev, 1, 512, 1024), dev.New(dev.Type(), 512, 1024)
		dy, dx := Random(dev, 2, 512, 1024), dev.New(dev.Type(), 512, 1024)
		dev.LogSoftmax(y, x)
		for _, p := range []pass{
			{"forward", "r512_c1024", func(dev kernels.Device) { dev.LogSoftmax(y, x) }},
			{"backward", "r512_c1024", func(dev kernels.Device) { dev.LogSoftmaxBackward(dx, dy, y) }},
		} {
			b.Run("pass="+p.name+"/shape="+p.shape, func(b *testing.B) {
				timed(b, dev, p.run)
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(x.Len()), "ns/element")
			})
		}
	})
}
