package nn

import "gzpt/kernels"

// SimCLR is the settings of the method simclr.
type SimCLR struct {
	Contrast
	// Blocks says where items that count as alike are labels: "view1" where both anchor and candidate are first views, as
	// GzPT's code was released, or "all" views.
	Blocks string `json:"blocks"`
}

// simclr is SimCLR (Chen et al. 2020) with gaze positives. Anchors and candidates are the embeddings of both views of all items
// of an update, 2N rows; an anchor is compared with all but itself. Its labels are the other view of its item and what
// Blocks adds. See [contrast].
//
// The rows are those of view 1, then of view 2, of one micro-batch after the other.
type simclr struct {
	dev      kernels.Device
	encoder  *network
	allViews bool
	batch    int
	contrast *contrast
	gathered gathering
	views    [2]*branch // with one micro-batch an update
	first    *branch    // with several: the first pass of a view through the network
	second   *branch    // and the second, which goes backward
}

func init() {
	methods["simclr"] = recipe{
		defaults: func(c *Config) {
			c.ProjectorHidden, c.Embedding = c.Arch.Features(), 128
			c.SimCLR = SimCLR{Contrast: Contrast{Temperature: 0.07, Normaliser: "global"}, Blocks: "view1"}
		},
		validate: func(c Config, demand demand) {
			demand.predictor(c, false)
			demand.noTarget(c)
			c.SimCLR.Contrast.validate(demand)
			demand(c.SimCLR.Blocks == "view1" || c.SimCLR.Blocks == "all", "unknown blocks %q: expected view1 or all", c.SimCLR.Blocks)
		},
		build: newSimCLR,
	}
}

func newSimCLR(dev kernels.Device, c Config, r *report) method {
	h := heads{projector: []layerSpec{linear(c.ProjectorHidden, false), norm, relu, linear(c.Embedding, false), norm}}
	s := &simclr{
		dev: dev, encoder: newNetwork(dev, h.define(dev, c), true), allViews: c.SimCLR.Blocks == "all", batch: c.Batch,
		contrast: newContrast(dev, c, c.SimCLR.Contrast, kernels.OtherKeys, 2*c.Batch*c.Accumulate, r), gathered: newGathering(dev, c, 2),
	}
	initialise(dev, s.encoder.weights, c.Seed)
	if c.Accumulate == 1 {
		s.views = newViews(dev, s.encoder, c, h)
	} else {
		s.first, s.second = newBranch(dev, s.encoder, rehearsing, c, h), newBranch(dev, s.encoder, training, c, h)
	}
	return s
}

func (s *simclr) gradients(m *microBatch) outcome {
	items := s.gathered.take(m)
	for v, x := range m.images {
		b := s.views[v]
		if m.n > 1 {
			b = s.first
		}
		b.forward(x)
		s.contrast.report.spread[v].take(s.dev, b.projected())
		s.contrast.rows.part(s.row(m.index, v), s.batch).take(s.dev, b.projected())
	}
	draw := m.pairs.draw(m.step / m.n)
	s.label(items, &draw)
	rows := s.row(m.index+1, 0)
	if m.index < m.n-1 {
		s.contrast.loss(rows, s.contrast.rows.part(0, rows).rows, kernels.Tensor{})
	} else {
		s.contrast.lossAndGradient(s.contrast.rows.rows, kernels.Tensor{})
		s.backward(m)
	}
	return s.contrast.outcome(rows - 1)
}

// row is the first row of a view of micro-batch m of the update.
func (s *simclr) row(m, view int) int { return (2*m + view) * s.batch }

// backward takes the gradients of all rows of the update back through the network.
func (s *simclr) backward(m *microBatch) {
	if m.n == 1 {
		for v, b := range s.views {
			b.backward(s.contrast.gradientOf(s.row(0, v), s.batch))
		}
		return
	}
	for i := range m.n {
		for v, x := range m.images {
			s.gathered.again(x, i, v)
			s.second.forward(x)
			s.second.backward(s.contrast.gradientOf(s.row(i, v), s.batch))
		}
	}
}

// label makes the labels of all rows of the items.
func (s *simclr) label(items []int32, draw *drawing) {
	l := &s.contrast.labels
	l.begin()
	for m := 0; m < len(items); m += s.batch {
		for view := range 2 {
			for i := m; i < m+s.batch; i++ {
				s.labelRow(items, i, view, draw)
				l.end()
			}
		}
	}
	l.upload()
}

// labelRow adds the labels of a view of item number i.
func (s *simclr) labelRow(items []int32, i, view int, draw *drawing) {
	column := 0
	for m := 0; m < len(items); m += s.batch {
		for other := range 2 {
			for j := m; j < m+s.batch; j++ {
				switch gaze := s.allViews || view == 0 && other == 0; {
				case i == j && view == other: // the anchor is no candidate
				case i == j, gaze && items[i] == items[j]:
					s.contrast.labels.add(column, 1)
				case gaze:
					s.contrast.labels.add(column, draw.weight(int(items[i]), int(items[j])))
				}
				column++
			}
		}
	}
}

func (s *simclr) follow(k, n int) {}

func (s *simclr) restart() {}

func (s *simclr) trained() *network { return s.encoder }

func (s *simclr) networks() []namedNetwork { return []namedNetwork{{"encoder", s.encoder}} }

func (s *simclr) keepsViews() bool { return s.gathered.keepsViews() }

func (s *simclr) state(n int) []block {
	if n == 0 {
		return nil
	}
	rows := s.contrast.rows.part(0, s.row(n, 0))
	return append(s.gathered.state(n, s.batch), onDevice("update.embeddings", rows.rows), onDevice("update.norms", rows.norms))
}
