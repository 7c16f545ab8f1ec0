package nn

import "gzpt/kernels"

// backbonePrefix is what the names of the backbone's parameters begin with inside a pre-training network.
const backbonePrefix = "backbone."

// The names of the heads inside a pre-training network.
const (
	projectorPrefix = "projector."
	predictorPrefix = "predictor."
)

// heads is the layers behind a backbone; a network without a predictor has none there.
type heads struct{ projector, predictor []layerSpec }

// define lists a network of backbone and heads. Backbone and projector are the beginning of its arena.
func (h heads) define(dev kernels.Device, c Config) *definition {
	d := &definition{activations: c.activations(dev)}
	d.addBackbone(backbonePrefix, c.Arch)
	d.addHead(encoderWeights, encoderVectors, projectorPrefix, c.Arch.Features(), h.projector)
	if len(h.predictor) > 0 {
		d.addHead(headWeights, headVectors, predictorPrefix, h.embedding(), h.predictor)
	}
	return d
}

// embedding is the width of what the projector gives.
func (h heads) embedding() int {
	width := 0
	for _, l := range h.projector {
		if l.kind == linearKind {
			width = l.out
		}
	}
	return width
}

// branch is one pass of a view through backbone and heads. Several branches may share one network.
type branch struct {
	dev       kernels.Device
	net       *network
	mode      mode
	backbone  *resnet
	projector *head
	predictor *head           // without layers where the network has none
	buffers   gradientBuffers // of a branch that is trained; branches that go backward in turn share them
}

func newBranch(dev kernels.Device, net *network, mode mode, c Config, h heads) *branch {
	b := planBranch(dev, net, mode, c, h)
	if mode == training {
		b.buffers = newGradientBuffers(dev, b.backbone)
	}
	return b
}

// newViews is a trained branch for each of the two views, which go forward both before either goes backward.
func newViews(dev kernels.Device, net *network, c Config, h heads) [2]*branch {
	first, second := newBranch(dev, net, training, c, h), planBranch(dev, net, training, c, h)
	second.buffers = first.buffers
	return [2]*branch{first, second}
}

// planBranch is a branch without the buffers of a backward pass.
func planBranch(dev kernels.Device, net *network, mode mode, c Config, h heads) *branch {
	p := &plan{dev: dev, net: net, mode: mode}
	b := &branch{dev: dev, net: net, mode: mode, backbone: newResnet(p, backbonePrefix, c.Arch, c.Batch, c.Height, c.Width)}
	b.projector = newHead(p, projectorPrefix, h.projector, b.backbone.features)
	b.predictor = newHead(p, predictorPrefix, h.predictor, b.projector.z)
	return b
}

// projected is the output of the projector, predicted that of the predictor.
func (b *branch) projected() kernels.Tensor { return b.projector.z }
func (b *branch) predicted() kernels.Tensor { return b.predictor.z }

// forward takes the images of a view through the branch.
func (b *branch) forward(x kernels.Tensor) {
	b.backbone.forward(b.dev, x)
	b.projector.forward(b.dev)
	b.predictor.forward(b.dev)
	if b.mode != rehearsing {
		b.net.tracked++
	}
}

// backward takes the gradient of the branch's output, which may be used up, to the gradients of all parameters, which it
// adds to.
func (b *branch) backward(d kernels.Tensor) {
	d = b.predictor.backward(b.dev, d)
	d = b.projector.backward(b.dev, d)
	b.backbone.backward(b.dev, kernels.Tensor{}, d, b.buffers)
}

// follower is a network without gradients that mirrors the beginning of another: its backbone and projector.
type follower struct {
	dev         kernels.Device
	leader, net *network
}

// leading is the part of a block of the leader that the follower mirrors in a block of its own.
func leading(of, in arena) kernels.Tensor { return of.block.Slice(0, in.size()) }

// follow moves the parameters; the normalisations keep their own statistics.
func (f *follower) follow(momentum float64) {
	f.dev.EMA(f.net.weights.block, leading(f.leader.weights, f.net.weights), momentum)
	f.net.renew(f.dev)
}

// restart makes the follower equal to the leader.
func (f *follower) restart() {
	f.dev.Copy(f.net.weights.block, leading(f.leader.weights, f.net.weights))
	f.dev.Copy(f.net.statistics.block, leading(f.leader.statistics, f.net.statistics))
	f.net.tracked = f.leader.tracked
}

// unitRows is embeddings [B,d] normalised to length 1, and what they were divided by.
type unitRows struct{ rows, norms kernels.Tensor }

// normalizeEps bounds the norm that embeddings are divided by, PyTorch's default.
const normalizeEps = 1e-12

func newUnitRows(dev kernels.Device, batch, width int) unitRows {
	return unitRows{dev.New(dev.Type(), batch, width), dev.New(dev.Type(), batch)}
}

// part is n rows from the given one.
func (u unitRows) part(from, n int) unitRows {
	width := u.rows.Dim(1)
	return unitRows{u.rows.Slice(from*width, n, width), u.norms.Slice(from, n)}
}

// take normalises the rows of z.
func (u unitRows) take(dev kernels.Device, z kernels.Tensor) {
	dev.NormalizeRows(u.rows, u.norms, z, normalizeEps)
}

// backward turns the gradient of the rows in d into that of the rows before they were normalised.
func (u unitRows) backward(dev kernels.Device, d kernels.Tensor) {
	dev.NormalizeRowsBackward(d, d, u.rows, u.norms)
}
