package nn

import "gzpt/kernels"

// simsiam is SimSiam (Chen & He 2021) with gaze positives: one encoder, backbone and projector, is its own target, and the
// predictor g of one view predicts the projection of the other, through which no gradient goes:
//
//	L = 1/2*[h(z1,z2,A) + h(z2,z1,A)]
//
// with h of [alignment] and z the projections. Orthogonal embeddings have loss 0, the chance level; the smallest loss is -1.
// With A the identity it is plain SimSiam.
//
// Each half needs the projections of both views, so both go through the network before the first backward pass, in memory of
// their own.
type simsiam struct {
	encoder   *network
	views     [2]*branch
	alignment *alignment
}

func init() {
	methods["simsiam"] = recipe{
		defaults: func(c *Config) { c.ProjectorHidden, c.PredictorHidden, c.Embedding = 2048, 512, 2048 },
		validate: func(c Config, demand demand) {
			demand.predictor(c, true)
			demand.noTarget(c)
		},
		build: newSimSiam,
	}
}

func newSimSiam(dev kernels.Device, c Config, r *report) method {
	h := heads{
		projector: []layerSpec{
			linear(c.ProjectorHidden, false), norm, relu, linear(c.ProjectorHidden, false), norm, relu, linear(c.Embedding, false), plainNorm,
		},
		predictor: []layerSpec{linear(c.PredictorHidden, false), norm, relu, linear(c.Embedding, true)},
	}
	s := &simsiam{encoder: newNetwork(dev, h.define(dev, c), true), alignment: newAlignment(dev, c, r, 0.5)}
	initialise(dev, s.encoder.weights, c.Seed)
	s.views = newViews(dev, s.encoder, c, h)
	return s
}

func (s *simsiam) gradients(m *microBatch) outcome {
	out := s.alignment.begin(m)
	for v, b := range s.views {
		b.forward(m.images[v])
		s.alignment.targets[v].take(s.alignment.dev, b.projected())
	}
	for v, b := range s.views {
		s.alignment.half(v, b, m.n)
	}
	return out
}

func (s *simsiam) follow(k, n int) {}

func (s *simsiam) restart() {}

func (s *simsiam) trained() *network { return s.encoder }

func (s *simsiam) networks() []namedNetwork { return []namedNetwork{{"encoder", s.encoder}} }

func (s *simsiam) keepsViews() bool { return false }

func (s *simsiam) state(done int) []block { return gradientsSoFar(s.encoder, done) }
