package nn

import "gzpt/kernels"

// The constants of every batch normalisation, PyTorch's defaults.
const (
	normEps      = 1e-5
	normMomentum = 0.1
)

// mode is how a pass over a network treats batch normalisation and memory.
type mode uint8

const (
	// training normalises by the batch and keeps every activation for the backward pass.
	training mode = iota
	// following normalises by the batch and reuses the memory of activations: a network without a backward pass.
	following
	// rehearsing is following without moving the running statistics: a first pass over images that go through the network
	// once more.
	rehearsing
	// evaluating normalises by the running statistics and reuses the memory of activations.
	evaluating
)

// slots is how many activations are alive at once in a residual block without a backward pass: its input, two
// neighbours in the main path, and the shortcut.
const slots = 4

// plan hands out the buffers of one pass over a network.
type plan struct {
	dev  kernels.Device
	net  *network
	mode mode
	slot [slots]kernels.Tensor
}

// buffer is memory for an activation. A training pass gets its own; the others share one block per slot, grown to the
// largest activation that was asked for.
func (p *plan) buffer(slot int, dims ...int) kernels.Tensor {
	if p.mode == training {
		return p.dev.New(p.net.activations, dims...)
	}
	n := 1
	for _, d := range dims {
		n *= d
	}
	if p.slot[slot].Len() < n {
		p.slot[slot] = p.dev.New(p.net.activations, n)
	}
	return p.slot[slot].Slice(0, dims...)
}

// gradient is the view of a parameter's gradient, nothing in a network that is not trained.
func (p *plan) gradient(name string) kernels.Tensor {
	if p.mode != training {
		return kernels.Tensor{}
	}
	return p.net.gradients.named(name)
}

// like is the beginning of a flat buffer in the shape of t.
func like(buffer, t kernels.Tensor) kernels.Tensor {
	if t.Rank() == 2 {
		return buffer.Slice(0, t.Dim(0), t.Dim(1))
	}
	return buffer.Slice(0, t.Dim(0), t.Dim(1), t.Dim(2), t.Dim(3))
}

// batchNorm is one batch normalisation in one pass.
type batchNorm struct {
	kernels.Norm
	dgamma, dbeta           kernels.Tensor
	runningMean, runningVar kernels.Tensor
	moments                 kernels.Tensor // float64 [2,C]
	momentum                float64        // of the running statistics
	evaluating              bool
}

// newBatchNorm plans a normalisation; one without parameters of that name scales by 1 and shifts by 0.
func newBatchNorm(p *plan, name string, channels int) batchNorm {
	b := batchNorm{
		runningMean: p.net.statistics.named(name + meanSuffix), runningVar: p.net.statistics.named(name + varianceSuffix),
		momentum: normMomentum, evaluating: p.mode == evaluating,
	}
	if p.mode == rehearsing {
		b.momentum = 0
	}
	if p.net.weights.has(name + ".weight") {
		b.Gamma, b.Beta = p.net.weights.named(name+".weight"), p.net.weights.named(name+".bias")
		b.dgamma, b.dbeta = p.gradient(name+".weight"), p.gradient(name+".bias")
	} else {
		b.Gamma, b.Beta = p.dev.New(p.dev.Type(), channels), p.dev.New(p.dev.Type(), channels)
		p.dev.Fill(b.Gamma, 1)
		if p.mode == training { // nobody reads these
			b.dgamma, b.dbeta = p.dev.New(p.dev.Type(), channels), p.dev.New(p.dev.Type(), channels)
		}
	}
	b.InvStd = p.dev.New(p.dev.Type(), channels)
	if b.evaluating {
		b.Mean = b.runningMean
		return b
	}
	b.Mean = p.dev.New(p.dev.Type(), channels)
	b.moments = p.dev.New(kernels.Float64, 2, channels)
	return b
}

// settle computes Mean and InvStd for the rows that the moments were taken of, or from the running statistics.
func (b *batchNorm) settle(dev kernels.Device, rows int) {
	if b.evaluating {
		dev.InverseStd(b.InvStd, b.runningVar, normEps)
		return
	}
	dev.BatchNormStats(b.Norm, b.runningMean, b.runningVar, b.moments, rows, normEps, b.momentum)
}

// convNorm is a convolution and its batch normalisation in one pass: c = conv(x), then y = norm(c) and what the caller
// fuses with it.
type convNorm struct {
	conv            kernels.Conv
	weight, dweight kernels.Tensor
	norm            batchNorm
	x, c, y         kernels.Tensor
}

// shape is the four dimensions of an activation.
func shape(x kernels.Tensor) [4]int { return [4]int{x.Dim(0), x.Dim(1), x.Dim(2), x.Dim(3)} }

// newConvNorm plans the layer for inputs of a shape [N,H,W,C]; the caller sets x.
func newConvNorm(p *plan, prefix string, s convSpec, in [4]int, slot int) *convNorm {
	l := &convNorm{
		conv:    kernels.Conv{Stride: s.stride, Pad: s.kernel / 2},
		weight:  p.net.convolution(prefix + s.conv + ".weight"),
		dweight: p.gradient(prefix + s.conv + ".weight"),
		norm:    newBatchNorm(p, prefix+s.norm, s.out),
	}
	l.c = p.buffer(slot, in[0], l.conv.Out(in[1], s.kernel), l.conv.Out(in[2], s.kernel), s.out)
	l.y = l.c
	return l
}

// separate gives y memory of its own in a training pass, because the backward pass reads c and y; otherwise y is c.
func (l *convNorm) separate(p *plan) *convNorm {
	if s := shape(l.c); p.mode == training {
		l.y = p.dev.New(p.net.activations, s[:]...)
	}
	return l
}

// convolve computes c and the constants of its normalisation.
func (l *convNorm) convolve(dev kernels.Device) {
	if l.norm.evaluating {
		dev.Conv2D(l.c, l.x, l.weight, l.conv)
	} else {
		dev.Conv2DStats(l.c, l.norm.moments, l.x, l.weight, l.conv)
	}
	l.norm.settle(dev, l.c.Rows())
}

// forwardReLU computes y = ReLU(norm(conv(x))).
func (l *convNorm) forwardReLU(dev kernels.Device) {
	l.convolve(dev)
	dev.BatchNormReLU(l.y, l.c, l.norm.Norm)
}

// backwardReLU takes dy through ReLU and normalisation, adds the gradients of all parameters, and leaves dc in c.
func (l *convNorm) backwardReLU(dev kernels.Device, dy kernels.Tensor) {
	dev.BatchNormReLUBackward(l.c, l.norm.dgamma, l.norm.dbeta, dy, l.y, l.c, l.norm.Norm)
	dev.Conv2DBackwardWeights(l.dweight, l.c, l.x, l.conv)
}

// backwardData computes dx from dc in c.
func (l *convNorm) backwardData(dev kernels.Device, dx kernels.Tensor) {
	dev.Conv2DBackwardData(dx, l.c, l.weight, l.conv)
}
