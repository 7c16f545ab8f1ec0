package nn

import (
	"strconv"

	"gzpt/kernels"
)

// layerSpec is one layer of a head. Heads are lists of them, as PyTorch's Sequential is: the place in the list is the name.
type layerSpec struct {
	kind layerKind
	out  int  // of a linear layer
	bias bool // whether a linear layer has a bias, a normalisation gamma and beta
}

type layerKind uint8

const (
	linearKind layerKind = iota
	normKind
	reluKind
)

// linear maps to out features.
func linear(out int, bias bool) layerSpec { return layerSpec{linearKind, out, bias} }

var (
	norm      = layerSpec{kind: normKind, bias: true}
	plainNorm = layerSpec{kind: normKind} // without gamma and beta
	relu      = layerSpec{kind: reluKind}
)

// addHead defines the parameters of a head on in features, weights and vectors in the given groups.
func (d *definition) addHead(weights, vectors group, prefix string, in int, layers []layerSpec) {
	for i, l := range layers {
		name := prefix + strconv.Itoa(i)
		switch {
		case l.kind == linearKind:
			d.weights.add(weights, name+".weight", l.out, in)
			if l.bias {
				d.weights.add(vectors, name+".bias", l.out)
			}
			in = l.out
		case l.kind == normKind && l.bias:
			d.addNorm(vectors, name, in)
		case l.kind == normKind:
			d.addStatistics(vectors, name, in)
		}
	}
}

// headLayer is a layer in one pass.
type headLayer interface {
	// forward computes the output y.
	forward(dev kernels.Device)
	// backward takes the gradient of y to that of the input, which it returns, and adds the gradients of the parameters. It
	// may use up y and the input where no earlier layer reads them.
	backward(dev kernels.Device, dy kernels.Tensor) kernels.Tensor
}

// head is a list of layers in one pass.
type head struct {
	layers []headLayer
	z      kernels.Tensor // output
}

// newHead plans the pass over the features x, which are the output of something else.
func newHead(p *plan, prefix string, layers []layerSpec, x kernels.Tensor) *head {
	h := &head{z: x}
	for i := 0; i < len(layers); i++ {
		name := prefix + strconv.Itoa(i)
		switch layers[i].kind {
		case linearKind:
			l := newLinear(p, name, layers[i], h.z)
			h.layers, h.z = append(h.layers, l), l.y
		case normKind:
			l := &headNorm{norm: newBatchNorm(p, name, h.z.Dim(1)), x: h.z, y: p.dev.New(p.dev.Type(), h.z.Dim(0), h.z.Dim(1))}
			if i+1 < len(layers) && layers[i+1].kind == reluKind {
				l.relu = true
				i++
			}
			h.layers, h.z = append(h.layers, l), l.y
		case reluKind:
			h.layers = append(h.layers, inPlaceReLU{h.z})
		}
	}
	return h
}

func (h *head) forward(dev kernels.Device) {
	for _, l := range h.layers {
		l.forward(dev)
	}
}

// backward takes the gradient of z to that of the input, which it returns.
func (h *head) backward(dev kernels.Device, d kernels.Tensor) kernels.Tensor {
	for i := len(h.layers) - 1; i >= 0; i-- {
		d = h.layers[i].backward(dev, d)
	}
	return d
}

// linearLayer is y = x W' + b, or without b.
type linearLayer struct {
	weight, dweight, bias, dbias kernels.Tensor
	x, y, dx                     kernels.Tensor
}

func newLinear(p *plan, name string, s layerSpec, x kernels.Tensor) *linearLayer {
	l := &linearLayer{weight: p.net.weights.named(name + ".weight"), dweight: p.gradient(name + ".weight"), x: x}
	if s.bias {
		l.bias, l.dbias = p.net.weights.named(name+".bias"), p.gradient(name+".bias")
	}
	l.y = p.dev.New(p.dev.Type(), x.Dim(0), s.out)
	if p.mode == training {
		l.dx = p.dev.New(p.dev.Type(), x.Dim(0), x.Dim(1))
	}
	return l
}

func (l *linearLayer) forward(dev kernels.Device) {
	dev.MatMul(l.y, l.x, l.weight, kernels.Product{TransB: true})
	if l.bias.Rank() > 0 {
		dev.AddBias(l.y, l.y, l.bias)
	}
}

func (l *linearLayer) backward(dev kernels.Device, dy kernels.Tensor) kernels.Tensor {
	if l.bias.Rank() > 0 {
		dev.AddBiasBackward(l.dbias, dy)
	}
	dev.MatMul(l.dweight, dy, l.x, kernels.Product{TransA: true, Accumulate: true})
	dev.MatMul(l.dx, dy, l.weight, kernels.Product{})
	return l.dx
}

// headNorm is y = norm(x), or ReLU of that where a ReLU follows.
type headNorm struct {
	norm batchNorm
	relu bool
	x, y kernels.Tensor
}

func (l *headNorm) forward(dev kernels.Device) {
	dev.ChannelMoments(l.norm.moments, l.x)
	l.norm.settle(dev, l.x.Rows())
	if l.relu {
		dev.BatchNormReLU(l.y, l.x, l.norm.Norm)
	} else {
		dev.BatchNorm(l.y, l.x, l.norm.Norm)
	}
}

// backward leaves dx in x: the layer before needs its own input, not its output.
func (l *headNorm) backward(dev kernels.Device, dy kernels.Tensor) kernels.Tensor {
	if l.relu {
		dev.BatchNormReLUBackward(l.x, l.norm.dgamma, l.norm.dbeta, dy, l.y, l.x, l.norm.Norm)
	} else {
		dev.BatchNormBackward(l.x, l.norm.dgamma, l.norm.dbeta, dy, l.x, l.norm.Norm)
	}
	return l.x
}

// inPlaceReLU is a ReLU behind a linear layer, in its output.
type inPlaceReLU struct{ y kernels.Tensor }

func (l inPlaceReLU) forward(dev kernels.Device) { dev.ReLU(l.y, l.y) }

func (l inPlaceReLU) backward(dev kernels.Device, dy kernels.Tensor) kernels.Tensor {
	dev.ReLUBackward(dy, dy, l.y)
	return dy
}
