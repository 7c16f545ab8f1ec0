package kerneltest

import (
	"math"
	"slices"
	"testing"

	"gzpt/kernels"
)

// workbench makes and reads tensors of one device for a test.
type workbench struct {
	kernels.Device
	t         *testing.T
	roundings Roundings    // of products of matrices, nil for those of the type
	active    kernels.Type // of activations
}

// workbench is one for a test of a device, with activations of the device's type.
func (s Suite) workbench(dev kernels.Device, t *testing.T) workbench {
	return workbench{dev, t, s.Roundings, dev.Type()}
}

// tensor is a new tensor with the given values, zeros without any.
func (b workbench) tensor(values []float64, dims ...int) kernels.Tensor {
	t := b.New(b.Type(), dims...)
	if values != nil {
		Set(b, t, values)
	}
	return t
}

// uniform is a new tensor with the golden values of a name, in the layout of the device.
func (b workbench) uniform(name string, lo, hi float64, dims ...int) kernels.Tensor {
	return b.tensor(Fill(name, lo, hi, dims...), dims...)
}

// image is a new activation [n,h,w,c], or the weights of a convolution, with values in PyTorch's order [n,c,h,w].
func (b workbench) image(values []float64, n, c, h, w int) kernels.Tensor {
	x := b.activation(n, h, w, c)
	Set(b, x, ChannelsLast(values, n, c, h, w))
	return x
}

// activation is a new activation.
func (b workbench) activation(dims ...int) kernels.Tensor { return b.New(b.active, dims...) }

// goldenBound is the deviation from a golden value that a device may have: 1e-9 in float64. In float32 the inputs are
// rounded and sums of depth products are too: the roundings of the partial sums have random signs, so together they
// come to about sqrt(depth) times eps of the result, and a chain of operations multiplies that by gain.
func (b workbench) goldenBound(gain float64, depth int) float64 {
	if b.Type() == kernels.Float64 {
		return 1e-9
	}
	return gain * math.Sqrt(float64(depth)) * epsilon(kernels.Float32)
}

// productBound is goldenBound for products of matrices. Where these have roundings of their own, every term of a sum may be off by its
// share of them, and with random signs a sum of terms by that share of its size.
func (b workbench) productBound(gain float64, depth int) float64 {
	if b.roundings == nil {
		return b.goldenBound(gain, depth)
	}
	return gain * b.roundings(depth, b.halves()) * epsilon(b.Type())
}

// halves says whether activations are bfloat16.
func (b workbench) halves() bool { return b.active == kernels.BFloat16 }

// rounded is a bound and, where activations are bfloat16, so many roundings to it, each of half a unit at most.
func (b workbench) rounded(bound float64, times int) float64 {
	if b.halves() {
		bound += float64(times) * halfEpsilon / 2
	}
	return bound
}

// golden compares a tensor with a probe of the same layout.
func (b workbench) golden(what string, p Probe, x kernels.Tensor, bound float64) {
	b.t.Helper()
	p.Check(b.t, what, Get(b, x), bound)
}

// goldenImage compares a tensor [n,h,w,c] with a probe [n,c,h,w].
func (b workbench) goldenImage(what string, p Probe, x kernels.Tensor, bound float64) {
	b.t.Helper()
	p.Check(b.t, what, ChannelsFirst(Get(b, x), x.Dim(0), x.Dim(1), x.Dim(2), x.Dim(3)), bound)
}

// goldenLoss compares a loss with a golden one, relative to it.
func (b workbench) goldenLoss(want float64, loss kernels.Tensor, bound float64) {
	b.t.Helper()
	if got := Get(b, loss)[0]; !(math.Abs(got-want) <= bound*math.Abs(want)) {
		b.t.Errorf("loss %.15g, want %.15g, relative error at most %.2g", got, want, bound)
	}
}

func (s Suite) checkGoldenConvolutions(t *testing.T, dev kernels.Device) {
	var golden OpsGolden
	LoadGolden(t, "ops.json", &golden)
	for _, g := range golden.Conv2D {
		shape := g.geometry()
		t.Run(shape.String(), func(t *testing.T) { s.workbench(dev, t).goldenConv(shape, g) })
	}
}

// checkGoldenMixed compares the operations that have bfloat16 activations in them with the same goldens.
func (s Suite) checkGoldenMixed(t *testing.T, dev kernels.Device) {
	if !dev.Supports(kernels.BFloat16) {
		t.Skip("the device has no bfloat16")
	}
	var golden OpsGolden
	LoadGolden(t, "ops.json", &golden)
	mixed := func(t *testing.T) workbench {
		b := s.workbench(dev, t)
		b.active = kernels.BFloat16
		return b
	}
	for _, g := range golden.Conv2D {
		shape := g.geometry()
		t.Run(shape.String(), func(t *testing.T) { mixed(t).goldenConv(shape, g) })
	}
	t.Run("BatchNorm", func(t *testing.T) { mixed(t).goldenBatchNorm(&golden) })
	t.Run("MaxPool", func(t *testing.T) { mixed(t).goldenMaxPool(&golden) })
}

func (s Suite) checkGoldenOps(t *testing.T, dev kernels.Device) {
	var golden OpsGolden
	LoadGolden(t, "ops.json", &golden)
	for name, check := range map[string]func(workbench, *OpsGolden){
		"BatchNorm": workbench.goldenBatchNorm, "MaxPool": workbench.goldenMaxPool, "Linear": workbench.goldenLinear,
		"CrossEntropy": workbench.goldenCrossEntropy, "NormalizeRows": workbench.goldenNormalize,
		"SGD": workbench.goldenSGD, "AdamW": workbench.goldenAdamW,
	} {
		t.Run(name, func(t *testing.T) { check(s.workbench(dev, t), &golden) })
	}
}

// geometry is the sizes of the convolution.
func (g ConvGolden) geometry() Geometry {
	n := g.Sizes
	return geometry(n[0], n[2], n[3], n[1], n[4], n[5], n[6], n[7:]...)
}

// goldenConv compares a convolution and its gradients. In bfloat16 both factors of every product are rounded, and so is the result but
// for the gradient of the weights.
func (b workbench) goldenConv(g Geometry, want ConvGolden) {
	c := g.C / g.Groups
	oh, ow := g.Out(g.H, g.R), g.Out(g.W, g.S)
	x := b.image(Fill("conv.x", -1, 1, g.x()...), g.N, g.C, g.H, g.W)
	w := b.image(Fill("conv.w", -1, 1, g.w()...), g.K, c, g.R, g.S)
	dy := b.image(Fill("conv.dy", -1, 1, g.y()...), g.N, g.K, oh, ow)
	y, dx, dw := b.activation(g.y()...), b.activation(g.x()...), b.New(b.Type(), g.w()...)
	b.Conv2D(y, x, w, g.Conv)
	b.Conv2DBackwardData(dx, dy, w, g.Conv)
	b.Conv2DBackwardWeights(dw, dy, x, g.Conv)
	taps := g.R * g.S
	b.goldenImage("y", want.Y, y, b.rounded(b.productBound(1, taps*c), 3))
	b.goldenImage("dx", want.DX, dx, b.rounded(b.productBound(1, taps*g.K/g.Groups), 3))
	b.goldenImage("dw", want.DW, dw, b.rounded(b.productBound(1, g.N*oh*ow), 2))
}

// goldenBatchNorm compares a batch normalisation. The rounding of an x of up to 3 to bfloat16 is one of two numbers as large as their
// spread, 1.44; those of dy and of the result come to it.
func (b workbench) goldenBatchNorm(golden *OpsGolden) {
	const n, c, h, w, rows = 4, 24, 6, 5, 4 * 6 * 5
	want := golden.BatchNorm
	x := b.image(Fill("bn.x", -2, 3, n, c, h, w), n, c, h, w)
	dy := b.image(Fill("bn.dy", -1, 1, n, c, h, w), n, c, h, w)
	norm := kernels.Norm{Gamma: b.uniform("bn.gamma", 0.5, 1.5, c), Beta: b.uniform("bn.beta", -1, 1, c), Mean: b.New(b.Type(), c), InvStd: b.New(b.Type(), c)}
	runningMean, runningVar := b.New(b.Type(), c), b.New(b.Type(), c)
	b.Fill(runningVar, 1)
	y, dx, evalY := b.activation(n, h, w, c), b.activation(n, h, w, c), b.activation(n, h, w, c)
	dgamma, dbeta, moments := b.New(b.Type(), c), b.New(b.Type(), c), b.New(kernels.Float64, 2, c)
	b.ChannelMoments(moments, x)
	b.BatchNormStats(norm, runningMean, runningVar, moments, rows, 1e-5, 0.1)
	b.BatchNorm(y, x, norm)
	b.BatchNormBackward(dx, dgamma, dbeta, dy, x, norm)
	norm.Mean = runningMean
	b.InverseStd(norm.InvStd, runningVar, 1e-5)
	b.BatchNorm(evalY, x, norm)

	bound := b.goldenBound(4, rows)
	b.goldenImage("y", want.Y, y, b.rounded(bound, 3))
	b.goldenImage("dx", want.DX, dx, b.rounded(bound, 4))
	b.golden("dgamma", want.DGamma, dgamma, b.rounded(bound, 3))
	b.golden("dbeta", want.DBeta, dbeta, b.rounded(bound, 1))
	b.golden("running mean", want.RunningMean, runningMean, b.rounded(bound, 2))
	b.golden("running variance", want.RunningVar, runningVar, b.rounded(bound, 2))
	b.goldenImage("eval y", want.EvalY, evalY, b.rounded(bound, 3))
}

func (b workbench) goldenMaxPool(golden *OpsGolden) {
	const n, c, h, w = 2, 6, 13, 11
	p := kernels.Pool{Size: 3, Stride: 2, Pad: 1}
	oh, ow := p.Out(h), p.Out(w)
	x := b.image(mapped(math.RoundToEven, Fill("pool.x", -4, 4, n, c, h, w)), n, c, h, w)
	dy := b.image(Fill("pool.dy", -1, 1, n, c, oh, ow), n, c, oh, ow)
	y, dx := b.activation(n, oh, ow, c), b.activation(n, h, w, c)
	b.MaxPool(y, x, p)
	b.MaxPoolBackward(dx, dy, y, x, p)
	b.goldenImage("y", golden.MaxPool.Y, y, 0)
	b.goldenImage("dx", golden.MaxPool.DX, dx, b.rounded(b.goldenBound(1, p.Size*p.Size), 2)) // of dy and of the sum
}

func (b workbench) goldenLinear(golden *OpsGolden) {
	const rows, inputs, outputs = 5, 37, 11
	x, w := b.uniform("lin.x", -1, 1, rows, inputs), b.uniform("lin.w", -1, 1, outputs, inputs)
	bias, dy := b.uniform("lin.b", -1, 1, outputs), b.uniform("lin.dy", -1, 1, rows, outputs)
	y, dx, dw, db := b.New(b.Type(), rows, outputs), b.New(b.Type(), rows, inputs), b.New(b.Type(), outputs, inputs), b.New(b.Type(), outputs)
	b.MatMul(y, x, w, kernels.Product{TransB: true})
	b.AddBias(y, y, bias)
	b.MatMul(dx, dy, w, kernels.Product{})
	b.MatMul(dw, dy, x, kernels.Product{TransA: true, Accumulate: true})
	b.AddBiasBackward(db, dy)
	b.golden("y", golden.Linear.Y, y, b.productBound(1, inputs))
	b.golden("dx", golden.Linear.DX, dx, b.productBound(1, outputs))
	b.golden("dw", golden.Linear.DW, dw, b.productBound(1, rows))
	b.golden("db", golden.Linear.DB, db, b.goldenBound(1, rows))
}

func (b workbench) goldenCrossEntropy(golden *OpsGolden) {
	want := golden.CrossEntropy
	rows, classes := len(want.Labels), slices.Max(want.Labels)+1
	labels := make([]float64, rows*classes)
	for r, class := range want.Labels {
		labels[r*classes+class] = 1
	}
	l, loss := b.tensor(labels, rows, classes), b.New(kernels.Float64, 1)
	x, dx := b.uniform("ce.x", -3, 3, rows, classes), b.New(b.Type(), rows, classes)
	b.LogSoftmax(x, x)
	b.PositivesLoss(loss, x, l, kernels.Global, 1)
	b.PositivesLossBackward(dx, x, l, kernels.Global, 1)
	b.goldenLoss(want.Loss, loss, b.goldenBound(4, rows))
	b.golden("dx", want.DX, dx, b.goldenBound(4, classes))
}

func (b workbench) goldenNormalize(golden *OpsGolden) {
	const rows, channels = 6, 20
	x, dy := b.uniform("l2.x", -1, 1, rows, channels), b.uniform("l2.dy", -1, 1, rows, channels)
	y, norms, dx := b.New(b.Type(), rows, channels), b.New(b.Type(), rows), b.New(b.Type(), rows, channels)
	b.NormalizeRows(y, norms, x, 1e-12)
	b.NormalizeRowsBackward(dx, dy, y, norms)
	b.golden("y", golden.L2Normalize.Y, y, b.goldenBound(1, channels))
	b.golden("dx", golden.L2Normalize.DX, dx, b.goldenBound(1, channels))
}

// goldenOptimiser takes the golden number of steps from the golden parameters along the golden gradients.
func (b workbench) goldenOptimiser(want OptimiserGolden, step func(p, g kernels.Tensor, number int)) {
	p, g := b.uniform("opt.p", -1, 1, 50), b.New(b.Type(), 50)
	for i := range want.Steps {
		Set(b, g, Fill("opt.g"+shapeName(i), -1, 1, 50))
		step(p, g, i+1)
	}
	b.golden("p", want.P, p, b.goldenBound(4, want.Steps))
}

func (b workbench) goldenSGD(golden *OpsGolden) {
	m := b.New(b.Type(), 50)
	b.goldenOptimiser(golden.SGD, func(p, g kernels.Tensor, _ int) {
		b.SGD(p, g, m, kernels.SGD{LR: 0.1, Momentum: 0.9, WeightDecay: 1e-3})
	})
}

func (b workbench) goldenAdamW(golden *OpsGolden) {
	m, v := b.New(b.Type(), 50), b.New(b.Type(), 50)
	b.goldenOptimiser(golden.AdamW, func(p, g kernels.Tensor, number int) {
		b.AdamW(p, g, m, v, kernels.AdamW{LR: 0.01, Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 0.1, Step: number})
	})
}
