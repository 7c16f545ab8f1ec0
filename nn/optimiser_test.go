package nn

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
	"gzpt/kernels/reference"
)

// TestDecay: without a gradient only weight decay moves the weights, and it spares biases and normalisations where it is
// told to.
func TestDecay(t *testing.T) {
	const lr, decay = 0.5, 0.1
	for _, c := range []struct {
		rule    Optimiser
		weights float64 // what a weight of 1 becomes
	}{
		{Optimiser{Name: "adamw", Beta1: .9, Beta2: .95, Eps: 1e-8, WeightDecay: decay}, 1 - lr*decay},
		{Optimiser{Name: "sgd", Momentum: .9, WeightDecay: decay}, 1 - lr*decay},
		{Optimiser{Name: "lars", Momentum: .9, WeightDecay: decay, Trust: .001}, 1},
	} {
		for _, only := range []bool{false, true} {
			dev := reference.New(kernels.Float64)
			c.rule.DecayWeightsOnly = only
			n := byolOf(dev, tiny(50)).trained()
			dev.Fill(n.weights.block, 1)
			newOptimiser(dev, c.rule, n).update(lr, 1)
			for i, p := range n.weights.parameters {
				want := c.weights
				if only && len(p.dims) == 1 {
					want = 1
				}
				for _, v := range kerneltest.Get(dev, n.weights.at(i)) {
					if math.Abs(v-want) > 1e-12 {
						t.Fatalf("%s, weights only %v: %s is %v, expected %v", c.rule.Name, only, p.name, v, want)
					}
				}
			}
		}
	}
}

// TestLARSScale: the update of every weight tensor is scaled to its own norm; a spared vector moves by its gradient.
func TestLARSScale(t *testing.T) {
	dev := reference.New(kernels.Float64)
	n := byolOf(dev, tiny(18)).trained()
	dev.Fill(n.weights.block, 2)
	dev.Fill(n.gradients.block, 8)
	rule := Optimiser{Name: "lars", Momentum: .9, Trust: .25, DecayWeightsOnly: true}
	newOptimiser(dev, rule, n).update(1, 1)
	for i, p := range n.weights.parameters {
		want := 2 - .25*2 // the direction of the gradient with the length Trust*|p|
		if len(p.dims) == 1 {
			want = 2 - 8
		}
		for _, v := range kerneltest.Get(dev, n.weights.at(i)) {
			if math.Abs(v-want) > 1e-12 {
				t.Fatalf("%s is %v, expected %v", p.name, v, want)
			}
		}
	}
}

// counting is a device that notes the numbers of the updates of AdamW.
type counting struct {
	kernels.Device
	steps []int
}

func (c *counting) AdamW(p, g, m, v kernels.Tensor, o kernels.AdamW) {
	c.steps = append(c.steps, o.Step)
	c.Device.AdamW(p, g, m, v, o)
}

// TestUpdatesAreCounted: the bias correction of AdamW goes by the updates of the whole run, also behind a checkpoint.
func TestUpdatesAreCounted(t *testing.T) {
	for _, accumulate := range []int{1, 2} {
		dev := &counting{Device: reference.New(kernels.Float32)}
		c := tiny(18)
		c.Accumulate, c.Steps = accumulate, 5*accumulate
		first, second := newTrainer(t, dev, c), newTrainer(t, dev, c)
		train(t, first, 0, 3*accumulate)
		if _, err := second.Load(bytes.NewReader(state(t, first))); err != nil {
			t.Fatal(err)
		}
		train(t, second, 3*accumulate, 2*accumulate)
		if want := []int{1, 2, 3, 4, 5}; !slices.Equal(dev.steps, want) {
			t.Errorf("accumulate %d: updates number %v, expected %v", accumulate, dev.steps, want)
		}
	}
}

// TestArena: parameters do not overlap, lie in the groups that operations on ranges rely on, and the target's layout is
// the beginning of the online network's.
func TestArena(t *testing.T) {
	m := byolOf(reference.New(kernels.Float32), tiny(34))
	w := m.follower.leader.weights
	owner := make([]string, w.size())
	for _, p := range w.parameters {
		if vector := p.offset >= w.begin[encoderVectors] && p.offset < w.begin[headWeights]; vector != (len(p.dims) == 1) {
			t.Errorf("%s of shape %v lies at %d", p.name, p.dims, p.offset)
		}
		for i := range p.len() {
			if other := owner[p.offset+i]; other != "" {
				t.Fatalf("%s overlaps %s", p.name, other)
			}
			owner[p.offset+i] = p.name
		}
	}
	if m.follower.net.weights.size() != w.begin[headVectors] {
		t.Errorf("the encoder ends at %d, the target at %d", w.begin[headVectors], m.follower.net.weights.size())
	}
	for _, p := range m.follower.net.weights.parameters {
		if q := w.parameters[w.byName[p.name]]; q.offset != p.offset {
			t.Errorf("%s lies at %d, in the target at %d", p.name, q.offset, p.offset)
		}
	}
	if l := m.follower.net.statistics; l.size() > m.follower.leader.statistics.size() || l.named("backbone.bn1.running_var").Float32()[0] != 1 {
		t.Error("the target's statistics are not a beginning of the online network's")
	}
	mustPanic(t, "nn: arena: no parameter of that name", func() { w.named("fc.weight") })
}

func TestLearningRate(t *testing.T) {
	c := Config{LR: 2, WarmupRatio: 1e-4, Schedule: "cosine"}
	constant := c
	constant.Schedule = "constant"
	for _, s := range []struct {
		name       string
		c          Config
		u, warm, n int
		want       float64
	}{
		{"begin of the warm-up", c, 0, 10, 100, 2e-4},
		{"middle of the warm-up", c, 5, 10, 100, 2 * (1 + math.Cos(math.Pi*.05)) / 2 * (1 - .5*.9999)},
		{"end of the warm-up", c, 10, 10, 100, 1 + math.Cos(math.Pi*.1)},
		{"without warm-up", c, 0, 0, 100, 2},
		{"half-way", c, 50, 10, 100, 1},
		{"end", c, 100, 10, 100, 0},
		{"constant warms up", constant, 0, 10, 100, 2e-4},
		{"constant", constant, 99, 10, 100, 2},
	} {
		if got := learningRate(s.c, s.u, s.warm, s.n); math.Abs(got-s.want) > 1e-12 {
			t.Errorf("%s: %v, expected %v", s.name, got, s.want)
		}
	}
}

func TestTargetMomentum(t *testing.T) {
	for k, want := range map[int]float64{0: .99, 5: .995, 10: 1} {
		if got := targetMomentum(.99, k, 10); math.Abs(got-want) > 1e-15 {
			t.Errorf("after micro-batch %d of 10: %v, expected %v", k, got, want)
		}
	}
}
