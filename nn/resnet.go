package nn

import "gzpt/kernels"

// stemPool is the max pool behind the stem.
var stemPool = kernels.Pool{Size: 3, Stride: 2, Pad: 1}

// resnet is one pass over a backbone, for a fixed number of images of a fixed size.
type resnet struct {
	stem     *convNorm
	pooled   kernels.Tensor // max pool of the stem
	blocks   []*residual
	features kernels.Tensor // [B,F]
}

// newResnet plans the pass over images [batch,height,width,C] with the weights of the plan's network under the prefix.
func newResnet(p *plan, prefix string, a Arch, batch, height, width int) *resnet {
	stem, blocks := a.describe()
	r := &resnet{stem: newConvNorm(p, prefix, stem, [4]int{batch, height, width, a.Channels}, 0).separate(p)}
	y, slot := r.stem.y, 1
	r.pooled = p.buffer(slot, y.Dim(0), stemPool.Out(y.Dim(1)), stemPool.Out(y.Dim(2)), y.Dim(3))
	x := r.pooled
	for _, s := range blocks {
		b := newResidual(p, prefix, s, x, &slot)
		r.blocks = append(r.blocks, b)
		x = b.y()
	}
	r.features = p.dev.New(p.dev.Type(), x.Dim(0), x.Dim(3))
	return r
}

// forward computes the features of the images x, which a backward pass reads again.
func (r *resnet) forward(dev kernels.Device, x kernels.Tensor) {
	r.stem.x = x
	r.stem.forwardReLU(dev)
	dev.MaxPool(r.pooled, r.stem.y, stemPool)
	for _, b := range r.blocks {
		b.forward(dev)
	}
	dev.GlobalAveragePool(r.features, r.blocks[len(r.blocks)-1].y())
}

// gradientBuffers is two flat buffers that the gradients of activations take turns in: [0] holds the gradient that has
// arrived, [1] the one that is being computed.
type gradientBuffers [2]kernels.Tensor

// newGradientBuffers allocates buffers for the largest activation of the pass.
func newGradientBuffers(dev kernels.Device, r *resnet) gradientBuffers {
	n := r.stem.y.Len()
	for _, b := range r.blocks {
		for _, l := range b.convs {
			n = max(n, l.y.Len())
		}
	}
	typ := r.stem.y.Type()
	return gradientBuffers{dev.New(typ, n), dev.New(typ, n)}
}

// backward takes the gradient of the features to the gradients of all parameters, which it adds to, and to that of the
// images where dx is not the zero Tensor: training needs none. The activations of the pass are used up. Every pass begins with the
// same of the buffers, so that the same operations of two steps have the same operands.
func (r *resnet) backward(dev kernels.Device, dx, dfeatures kernels.Tensor, g gradientBuffers) {
	dev.GlobalAveragePoolBackward(like(g[0], r.blocks[len(r.blocks)-1].y()), dfeatures)
	for i := len(r.blocks) - 1; i >= 0; i-- {
		r.blocks[i].backward(dev, &g)
	}
	dy := like(g[1], r.stem.y)
	dev.MaxPoolBackward(dy, like(g[0], r.pooled), r.pooled, r.stem.y, stemPool)
	r.stem.backwardReLU(dev, dy)
	if dx.Len() > 0 {
		r.stem.backwardData(dev, dx)
	}
}

// residual is one residual block in one pass: the main path of two or three convolutions, the shortcut, which is x or
// norm(conv(x)), and ReLU of their sum.
type residual struct {
	convs []*convNorm
	down  *convNorm // nil where the shortcut is x
}

// newResidual plans a block whose input lies in *slot, and moves *slot to where its output lies.
func newResidual(p *plan, prefix string, s blockSpec, x kernels.Tensor, slot *int) *residual {
	var free []int
	for i := range slots {
		if i != *slot {
			free = append(free, i)
		}
	}
	b := &residual{}
	in := x
	for i, c := range s.convs {
		*slot = free[i%2]
		l := newConvNorm(p, prefix, c, shape(in), *slot).separate(p)
		l.x = in
		b.convs = append(b.convs, l)
		in = l.y
	}
	if s.down != nil {
		b.down = newConvNorm(p, prefix, *s.down, shape(x), free[2])
		b.down.x = x
		if p.mode == training {
			b.down.y = b.y() // the shortcut is read only once, where the output is written: they share their memory
		}
	}
	return b
}

// y is the output of the block.
func (b *residual) y() kernels.Tensor { return b.last().y }

func (b *residual) last() *convNorm { return b.convs[len(b.convs)-1] }

func (b *residual) forward(dev kernels.Device) {
	shortcut := b.convs[0].x
	if b.down != nil {
		b.down.convolve(dev)
		shortcut = b.down.y
	}
	n := len(b.convs) - 1
	for _, l := range b.convs[:n] {
		l.forwardReLU(dev)
	}
	last := b.convs[n]
	last.convolve(dev)
	if b.down != nil {
		dev.BatchNorm(shortcut, b.down.c, b.down.norm.Norm)
	}
	dev.BatchNormAddReLU(last.y, last.c, shortcut, last.norm.Norm)
}

// backward takes the gradient of y in g[0] to that of x in g[0].
func (b *residual) backward(dev kernels.Device, g *gradientBuffers) {
	last, first := b.last(), b.convs[0]
	dy := like(g[0], last.y)
	dev.BatchNormAddReLUBackward(last.c, dy, last.norm.dgamma, last.norm.dbeta, dy, last.y, last.c, last.norm.Norm)
	dev.Conv2DBackwardWeights(last.dweight, last.c, last.x, last.conv)
	for i := len(b.convs) - 2; i >= 0; i-- {
		l := b.convs[i]
		b.convs[i+1].backwardData(dev, like(g[1], l.y))
		l.backwardReLU(dev, like(g[1], l.y))
	}
	if b.down == nil { // dy has become the gradient of the shortcut, which is x
		dev.Conv2DBackwardDataAdd(like(g[0], first.x), first.c, first.weight, first.conv)
		return
	}
	down, dx := b.down, like(g[1], first.x)
	first.backwardData(dev, dx)
	dev.BatchNormBackward(down.c, down.norm.dgamma, down.norm.dbeta, dy, down.c, down.norm.Norm)
	dev.Conv2DBackwardWeights(down.dweight, down.c, down.x, down.conv)
	dev.Conv2DBackwardDataAdd(dx, down.c, down.weight, down.conv)
	g[0], g[1] = g[1], g[0]
}
