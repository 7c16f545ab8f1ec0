package nn

import "gzpt/kernels"

// normalizeEps bounds the norm that embeddings are divided by, PyTorch's default.
const normalizeEps = 1e-12

// The names of the heads inside a pre-training network.
const (
	projectorPrefix = "projector."
	predictorPrefix = "predictor."
)

// byol is BYOL (Grill et al. 2020) with gaze positives (GzPT, IEEE TMI 2025). The online network, backbone, projector and
// predictor g, predicts what the target network, backbone and projector, makes of the other view. With ^ for rows
// normalised to length 1, o and t the online and target projections of the two views and A the positives matrix,
//
//	L = 2*[h(o1,t2,A) + h(o2,t1,A)],  h(o,t,A) = -sum_ij A[i,j] <g(o_i)^, t_j^> / sum_ij A[i,j]
//
// without a gradient through t. Orthogonal embeddings have loss 0, the chance level; the smallest loss is -4. With A the
// identity it is plain BYOL.
//
// The two halves share no activation, so the second view goes through the online network after the backward pass of the
// first, in the same memory.
type byol struct {
	dev            kernels.Device
	momentum       float64 // of the target network at the first micro-batch
	online, target *network

	backbone             *resnet
	projector, predictor *mlp
	buffers              *gradientBuffers
	predicted, norms     kernels.Tensor // g(o)^ and what it was divided by
	dpredicted           kernels.Tensor
	dprojected           kernels.Tensor
	dfeatures            kernels.Tensor
	report               *report

	targetBackbone  *resnet
	targetProjector *mlp
	targets         [2]kernels.Tensor // t^
}

func init() { methods["byol"] = newBYOL }

func newBYOL(dev kernels.Device, c Config, r *report) method {
	var whole, encoder definition
	for _, d := range []*definition{&whole, &encoder} {
		d.activations = c.activations(dev)
		d.addBackbone(backbonePrefix, c.Arch)
		d.addMLP(encoderWeights, encoderVectors, projectorPrefix, c.Arch.Features(), c.ProjectorHidden, c.Embedding)
	}
	whole.addMLP(headWeights, headVectors, predictorPrefix, c.Embedding, c.PredictorHidden, c.Embedding)
	b := &byol{
		dev: dev, report: r, momentum: c.TargetMomentum,
		online: newNetwork(dev, &whole, true), target: newNetwork(dev, &encoder, false),
	}
	initialise(dev, b.online.weights, c.Seed)
	b.restart()
	b.planOnline(c)
	b.planTarget(c)
	return b
}

func (b *byol) planOnline(c Config) {
	p := &plan{dev: b.dev, net: b.online, mode: training}
	b.backbone = newResnet(p, backbonePrefix, c.Arch, c.Batch, c.Height, c.Width)
	b.projector = newMLP(p, projectorPrefix, b.backbone.features)
	b.predictor = newMLP(p, predictorPrefix, b.projector.z)
	b.buffers = newGradientBuffers(b.dev, b.backbone)
	b.predicted, b.dpredicted = b.dev.New(b.dev.Type(), c.Batch, c.Embedding), b.dev.New(b.dev.Type(), c.Batch, c.Embedding)
	b.norms = b.dev.New(b.dev.Type(), c.Batch)
	b.dprojected = b.dev.New(b.dev.Type(), c.Batch, c.Embedding)
	b.dfeatures = b.dev.New(b.dev.Type(), c.Batch, c.Arch.Features())
}

func (b *byol) planTarget(c Config) {
	p := &plan{dev: b.dev, net: b.target, mode: following}
	b.targetBackbone = newResnet(p, backbonePrefix, c.Arch, c.Batch, c.Height, c.Width)
	b.targetProjector = newMLP(p, projectorPrefix, b.targetBackbone.features)
	b.targets = [2]kernels.Tensor{b.dev.New(b.dev.Type(), c.Batch, c.Embedding), b.dev.New(b.dev.Type(), c.Batch, c.Embedding)}
}

func (b *byol) gradients(images [2]kernels.Tensor, positives kernels.Tensor, scale float64) {
	for v, x := range images {
		b.targetBackbone.forward(b.dev, x)
		b.targetProjector.forward(b.dev)
		b.dev.NormalizeRows(b.targets[v], b.norms, b.targetProjector.z, normalizeEps)
		b.target.tracked++
	}
	for v, x := range images {
		b.forward(v, x)
		target := b.targets[1-v]
		b.dev.AlignmentLoss(b.report.loss, b.predicted, target, positives, 2)
		b.dev.AlignmentLossBackward(b.dpredicted, target, positives, 2*scale)
		b.backward()
	}
}

// forward takes a view through the online network to g(o)^.
func (b *byol) forward(view int, x kernels.Tensor) {
	b.backbone.forward(b.dev, x)
	b.projector.forward(b.dev)
	b.report.spread[view].take(b.dev, b.projector.z)
	b.predictor.forward(b.dev)
	b.dev.NormalizeRows(b.predicted, b.norms, b.predictor.z, normalizeEps)
	b.online.tracked++
}

// backward takes the gradient of g(o)^ to the gradients of all parameters.
func (b *byol) backward() {
	b.dev.NormalizeRowsBackward(b.dpredicted, b.dpredicted, b.predicted, b.norms)
	b.predictor.backward(b.dev, b.dprojected, b.dpredicted)
	b.projector.backward(b.dev, b.dfeatures, b.dprojected)
	b.backbone.backward(b.dev, kernels.Tensor{}, b.dfeatures, b.buffers)
}

// follow moves the target's parameters; its normalisations keep their own statistics.
func (b *byol) follow(k, n int) {
	b.dev.EMA(b.target.weights.block, b.encoder(), targetMomentum(b.momentum, k, n))
}

func (b *byol) restart() {
	b.dev.Copy(b.target.weights.block, b.encoder())
	s := b.online.statistics.block
	b.dev.Copy(b.target.statistics.block, s.Slice(0, b.target.statistics.size()))
	b.target.tracked = b.online.tracked
}

// encoder is the part of the online weights that the target mirrors.
func (b *byol) encoder() kernels.Tensor {
	return b.online.weights.block.Slice(0, b.target.weights.size())
}

func (b *byol) trained() *network { return b.online }

func (b *byol) networks() []namedNetwork {
	return []namedNetwork{{"online", b.online}, {"target", b.target}}
}

func (b *byol) chance() float64 { return 0 }
