package nn

import "gzpt/kernels"

// byol is BYOL (Grill et al. 2020) with gaze positives (GzPT, IEEE TMI 2025). The online network, backbone, projector and
// predictor g, predicts what the target network, backbone and projector, makes of the other view:
//
//	L = 2*[h(o1,t2,A) + h(o2,t1,A)]
//
// with h of [alignment], o and t the online and target projections of the two views. Orthogonal embeddings have loss 0, the
// chance level; the smallest loss is -4. With A the identity it is plain BYOL.
//
// The two halves share no activation, so the second view goes through the online network after the backward pass of the
// first, in the same memory.
type byol struct {
	momentum  float64 // of the target network at the first micro-batch
	online    *branch
	target    *branch
	follower  follower
	alignment *alignment
}

func init() {
	methods["byol"] = recipe{
		defaults: func(c *Config) {
			c.ProjectorHidden, c.PredictorHidden, c.Embedding, c.TargetMomentum = 1024, 4096, 256, 0.99
			if c.Arch.bottleneck() {
				c.ProjectorHidden = 4096
			}
		},
		validate: func(c Config, demand demand) {
			demand.predictor(c, true)
			demand(within(c.TargetMomentum, 0, 1), "target momentum is %v: expected 0 to 1", c.TargetMomentum)
		},
		build: newBYOL,
	}
}

func newBYOL(dev kernels.Device, c Config, r *report) method {
	whole := heads{
		projector: []layerSpec{linear(c.ProjectorHidden, true), norm, relu, linear(c.Embedding, false)},
		predictor: []layerSpec{linear(c.PredictorHidden, true), norm, relu, linear(c.Embedding, false)},
	}
	encoder := heads{projector: whole.projector}
	online, target := newNetwork(dev, whole.define(dev, c), true), newNetwork(dev, encoder.define(dev, c), false)
	initialise(dev, online.weights, c.Seed)
	b := &byol{momentum: c.TargetMomentum, follower: follower{dev, online, target}}
	b.restart()
	b.online = newBranch(dev, online, training, c, whole)
	b.target = newBranch(dev, target, following, c, encoder)
	b.alignment = newAlignment(dev, c, r, 2)
	return b
}

func (b *byol) gradients(m *microBatch) outcome {
	out := b.alignment.begin(m)
	for v, x := range m.images {
		b.target.forward(x)
		b.alignment.targets[v].take(b.alignment.dev, b.target.projected())
	}
	for v, x := range m.images {
		b.online.forward(x)
		b.alignment.half(v, b.online, m.n)
	}
	return out
}

func (b *byol) follow(k, n int) { b.follower.follow(targetMomentum(b.momentum, k, n)) }

func (b *byol) restart() { b.follower.restart() }

func (b *byol) trained() *network { return b.follower.leader }

func (b *byol) networks() []namedNetwork {
	return []namedNetwork{{"online", b.follower.leader}, {"target", b.follower.net}}
}

func (b *byol) keepsViews() bool { return false }

func (b *byol) state(done int) []block { return gradientsSoFar(b.trained(), done) }
