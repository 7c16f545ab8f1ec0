package nn

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
	"gzpt/kernels/reference"
)

// tiny is the settings of the smallest network that has every part, for a run of four micro-batches.
func tiny(depth int) Config {
	c := DefaultConfig(Arch{depth, 2, 1})
	c.Height, c.Width, c.Batch, c.Steps = 16, 20, 4, 4
	c.ProjectorHidden, c.PredictorHidden, c.Embedding = 8, 8, 4
	c.LR, c.Seed = 1e-2, 7
	return c
}

// tinyBatch is a batch of random images; it follows from its number.
func tinyBatch(c Config, number int) *Batch {
	r := rand.New(rand.NewPCG(uint64(number), 1))
	b := &Batch{Positives: make([]float32, c.Batch*c.Batch)}
	for v := range b.Views {
		b.Views[v] = make([]float32, c.Batch*c.Height*c.Width*c.Arch.Channels)
		for i := range b.Views[v] {
			b.Views[v][i] = r.Float32()
		}
	}
	for i := range c.Batch {
		b.Items = append(b.Items, 10*number+i)
	}
	Positives(b.Positives, b.Items, func(i, j int) float32 { return float32((i + j) % 2) }, 0.5, 0, c.Seed, number)
	return b
}

func newTrainer(t testing.TB, dev kernels.Device, c Config) *Trainer {
	t.Helper()
	tr, err := NewTrainer(dev, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.Close)
	return tr
}

// train makes steps, the first being micro-batch from.
func train(t testing.TB, tr *Trainer, from, steps int) Metrics {
	t.Helper()
	var m Metrics
	var err error
	for k := range steps {
		if m, err = tr.Step(tinyBatch(tr.Config(), from+k)); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// state is the bytes of a checkpoint of the trainer.
func state(t testing.TB, tr *Trainer) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := tr.Save(&b, Position{Epoch: 1, Batch: tr.StepsDone()}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestGradientIsDerivative compares the gradient of a whole step, in float64, with differences of the loss along the
// gradient of single parameters. The targets are constants: they come from the other network.
func TestGradientIsDerivative(t *testing.T) {
	for _, depth := range []int{18, 50} {
		if depth == 50 && testing.Short() {
			t.Log("50 layers: only without -short")
			continue
		}
		dev := reference.New(kernels.Float64)
		c := tiny(depth)
		m := byolOf(dev, c)
		b := tinyBatch(c, 0)
		var images [2]kernels.Tensor
		for v := range images {
			images[v] = dev.New(dev.Type(), c.Batch, c.Height, c.Width, 1)
			dev.Write(images[v], b.Views[v])
		}
		positives := dev.New(dev.Type(), c.Batch, c.Batch)
		dev.Write(positives, b.Positives)
		at := func() float64 {
			dev.Fill(m.report.loss, 0)
			m.gradients(images, positives, 1)
			return m.report.loss.Float64()[0]
		}
		at()
		gradient := append([]float64(nil), m.online.gradients.block.Float64()...)
		for i, p := range m.online.weights.parameters {
			w := m.online.weights.at(i).Float64()
			g := gradient[p.offset : p.offset+p.len()]
			var squares float64
			for _, v := range g {
				squares += v * v
			}
			if squares < 1e-24 { // the bias in front of a normalisation has no effect
				if !strings.HasSuffix(p.name, "0.bias") {
					t.Errorf("resnet%d: %s has no gradient", depth, p.name)
				}
				continue
			}
			// along the gradient, by a step so small that no ReLU changes sides, yet well above rounding
			norm := math.Sqrt(squares)
			h := min(1e-7, 1e-6/norm) / norm
			shift := func(by float64) float64 {
				for j := range w {
					w[j] += by * g[j]
				}
				return at()
			}
			up := shift(h)
			down := shift(-2 * h)
			shift(h)
			if slope := (up - down) / (2 * h); math.Abs(slope-squares) > 1e-4*squares+1e-9 {
				t.Errorf("resnet%d: %s: the loss changes by %g along the gradient, expected %g", depth, p.name, slope, squares)
			}
		}
	}
}

// TestAccumulation: a micro-batch given twice with Accumulate 2 makes the same update as once with Accumulate 1.
func TestAccumulation(t *testing.T) {
	dev := reference.New(kernels.Float32)
	c := tiny(18)
	c.Optimiser = DefaultOptimiser("sgd")
	once := newTrainer(t, dev, c)
	c.Accumulate, c.Steps = 2, 8
	twice := newTrainer(t, dev, c)

	b := tinyBatch(c, 0)
	m, err := once.Step(b)
	if err != nil || !m.Updated {
		t.Fatalf("updated %v, error %v", m.Updated, err)
	}
	for k := range 2 {
		half, err := twice.Step(b)
		if err != nil {
			t.Fatal(err)
		}
		if half.Updated != (k == 1) || half.Step != k+1 || half.Loss != m.Loss || half.LR != m.LR {
			t.Errorf("micro-batch %d: %+v, the single one had %+v", k, half, m)
		}
	}
	w, v := once.method.trained().weights.block.Float32(), twice.method.trained().weights.block.Float32()
	for i := range w {
		if math.Abs(float64(w[i]-v[i])) > 1e-6 {
			t.Fatalf("element %d is %v after one micro-batch, %v after two halves", i, w[i], v[i])
		}
	}
}

func TestMetrics(t *testing.T) {
	c := tiny(18)
	c.WarmupSteps = 2
	tr := newTrainer(t, reference.New(kernels.Float32), c)
	b := tinyBatch(c, 0)
	m, err := tr.Step(b)
	if err != nil {
		t.Fatal(err)
	}
	if m.Step != 1 || m.Chance != 0 || m.Loss < -4 || m.Loss > 4 || !(m.GradNorm > 0) || !(m.EmbeddingStd > 0 && m.EmbeddingStd < 2) {
		t.Errorf("implausible metrics %+v", m)
	}
	if m.PositivesPerAnchor != 2 { // items 0..3 are alike where i+j is odd: two of the other three
		t.Errorf("%v positives per anchor, expected 2", m.PositivesPerAnchor)
	}
	if want := c.LR * c.WarmupRatio; math.Abs(m.LR-want) > 1e-12 {
		t.Errorf("the first learning rate is %v, expected %v", m.LR, want)
	}
	for _, n := range tr.method.networks() {
		if n.tracked != 2 {
			t.Errorf("network %s counts %d batches after one step of two views", n.name, n.tracked)
		}
	}
	if backbone, total := tr.Parameters(); backbone != tr.Encoder(1).net.weights.count("") || total <= backbone {
		t.Errorf("%d parameters in the backbone, %d in all", backbone, total)
	}
}

// TestScheduleCountsUpdates: with gradient accumulation the learning rate moves once an update, over the updates of the
// run; warm-up and length are given in micro-batches.
func TestScheduleCountsUpdates(t *testing.T) {
	c := tiny(18)
	c.Accumulate, c.Steps, c.WarmupSteps = 2, 8, 4
	tr := newTrainer(t, reference.New(kernels.Float32), c)
	for k := range c.Steps {
		if m, want := train(t, tr, k, 1), learningRate(c, k/2, 2, 4); m.LR != want {
			t.Errorf("micro-batch %d: learning rate %v, expected %v", k, m.LR, want)
		}
	}
}

// TestEmbeddingStd: 0 for embeddings that are one point, 1 on average for random directions.
func TestEmbeddingStd(t *testing.T) {
	dev := reference.New(kernels.Float64)
	const b, d = 64, 32
	for _, c := range []struct {
		name     string
		noise    float64
		expected float64
	}{{"collapsed", 0, 0}, {"spread", 1, 1}} {
		s, r := newReport(dev, b, d), rand.New(rand.NewPCG(1, 2))
		for v := range 2 {
			z := dev.New(dev.Type(), b, d)
			for i := range z.Float64() {
				z.Float64()[i] = (1-c.noise)*3 + c.noise*r.NormFloat64()
			}
			s.spread[v].take(dev, z)
		}
		if err := s.read(); err != nil {
			t.Fatal(err)
		}
		if got := s.embeddingStd(); math.Abs(got-c.expected) > 0.02 {
			t.Errorf("%s: %v, expected %v", c.name, got, c.expected)
		}
	}
}

// TestNonFinite: an image with a NaN stops the run before the weights change, for good, and the error says where.
func TestNonFinite(t *testing.T) {
	for _, d := range tiers(t) {
		c := tiny(18)
		tr := newTrainer(t, d.dev, c)
		train(t, tr, 0, 1)
		weights := make([]float32, tr.method.trained().weights.size())
		if err := d.dev.Read(weights, tr.method.trained().weights.block); err != nil {
			t.Fatal(err)
		}

		b := tinyBatch(c, 1)
		b.Views[1][17] = float32(math.NaN())
		_, err := tr.Step(b)
		var e *NonFiniteError
		if !errors.As(err, &e) || e.Step != 2 || e.Parameter != "predictor.3.weight" || len(e.Items) != c.Batch || e.Items[0] != 10 {
			t.Fatalf("%s: error %v", d.name, err)
		}
		for i, v := range kerneltest.Get(d.dev, tr.method.trained().weights.block) {
			if float32(v) != weights[i] {
				t.Fatalf("%s: the weights have been updated", d.name)
			}
		}
		if _, again := tr.Step(tinyBatch(c, 2)); again != err {
			t.Errorf("%s: a further step returned %v", d.name, again)
		}
		if err := tr.Save(&bytes.Buffer{}, Position{}); !errors.As(err, &e) {
			t.Errorf("%s: a checkpoint was written after the failure: %v", d.name, err)
		}
	}
}

// TestNonFiniteGradient: an infinite gradient under a finite loss stops the run too, and the text says what is needed.
func TestNonFiniteGradient(t *testing.T) {
	for _, d := range tiers(t) {
		c := tiny(18)
		c.Accumulate = 2
		tr := newTrainer(t, d.dev, c)
		d.dev.Fill(tr.method.trained().gradients.named("backbone.layer2.0.conv1.weight"), math.Inf(1)) // as an overflow leaves it
		m, err := tr.Step(tinyBatch(c, 3))
		if err == nil || !finite(m.Loss) {
			t.Fatalf("%s: loss %v, error %v", d.name, m.Loss, err)
		}
		for _, want := range []string{"step 1:", "backbone.layer2.0.conv1.weight", "[30 31 32 33]"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, expected one with %q", d.name, err, want)
			}
		}
	}
}

// TestFirstNonFinite: the search goes from the loss to the images.
func TestFirstNonFinite(t *testing.T) {
	tr := newTrainer(t, reference.New(kernels.Float32), tiny(18))
	found := func() string {
		var e *NonFiniteError
		if err := tr.nonFinite(Metrics{}, nil); !errors.As(err, &e) {
			t.Fatal(err)
		}
		return e.Parameter
	}
	if name := found(); name != "" {
		t.Errorf("found %s among zeros", name)
	}
	g := tr.method.trained().gradients
	for _, name := range []string{"backbone.conv1.weight", "backbone.layer3.1.conv2.weight"} {
		g.named(name).Float32()[0] = float32(math.Inf(-1))
		if got := found(); got != name {
			t.Errorf("found %q, expected %s", got, name)
		}
	}
}

// TestStepAllocatesNothing: a steady step, with and without an update, allocates nothing on the assembly tiers.
func TestStepAllocatesNothing(t *testing.T) {
	for _, d := range tiers(t)[1:] {
		for _, depth := range []int{18, 50} {
			c := tiny(depth)
			c.Accumulate, c.Steps = 2, 1000
			tr := newTrainer(t, d.dev, c)
			b := tinyBatch(c, 0)
			if n := testing.AllocsPerRun(6, func() {
				if _, err := tr.Step(b); err != nil {
					t.Fatal(err)
				}
			}); n != 0 {
				t.Errorf("resnet%d on %s: %v allocations a step", depth, d.name, n)
			}
		}
	}
}

func TestConfigErrors(t *testing.T) {
	for _, c := range []struct {
		change func(*Config)
		want   string
	}{
		{func(c *Config) { c.Method = "dino" }, `unknown method "dino": expected byol`},
		{func(c *Config) { c.Arch.Depth = 20 }, "depth is 20"},
		{func(c *Config) { c.Arch.Width = 0 }, "width is 0"},
		{func(c *Config) { c.Arch.Channels = 4 }, "4 channels"},
		{func(c *Config) { c.Height = 0 }, "image size is 0 x 20"},
		{func(c *Config) { c.Batch = 1 }, "batch is 1"},
		{func(c *Config) { c.Accumulate = 0 }, "accumulate is 0"},
		{func(c *Config) { c.Steps = 0 }, "steps is 0"},
		{func(c *Config) { c.WarmupSteps = 5 }, "warm-up of 5 steps in a run of 4"},
		{func(c *Config) { c.Embedding = -1 }, "negative width"},
		{func(c *Config) { c.TargetMomentum = 1.5 }, "target momentum is 1.5"},
		{func(c *Config) { c.WarmupRatio = math.NaN() }, "warm-up ratio is NaN"},
		{func(c *Config) { c.LR = math.Inf(1) }, "learning rate is +Inf"},
		{func(c *Config) { c.Precision = "half" }, `unknown precision "half"`},
		{func(c *Config) { c.Schedule = "step" }, `unknown schedule "step"`},
		{func(c *Config) { c.Optimiser.Name = "adam" }, `unknown name "adam"`},
		{func(c *Config) { c.Optimiser.WeightDecay = -1 }, "weight decay is -1"},
		{func(c *Config) { c.Optimiser.Beta2 = 1 }, "betas are 0.9 and 1"},
		{func(c *Config) { c.Optimiser.Eps = -1 }, "eps is -1"},
		{func(c *Config) { c.Optimiser.Momentum = 2 }, "momentum is 2"},
		{func(c *Config) { c.Optimiser = Optimiser{Name: "lars", Trust: -1} }, "trust is -1"},
	} {
		config := tiny(18)
		c.change(&config)
		if _, err := NewTrainer(reference.New(kernels.Float32), config); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, expected one with %q", err, c.want)
		}
	}
}

func TestStepPanics(t *testing.T) {
	c := tiny(18)
	c.Steps = 1
	tr := newTrainer(t, reference.New(kernels.Float32), c)
	for want, b := range map[string]func(*Batch){
		"nn: Step: a view does not have Batch*Height*Width*Channels pixels": func(b *Batch) { b.Views[1] = b.Views[1][1:] },
		"nn: Step: the positives matrix is not [Batch,Batch]":               func(b *Batch) { b.Positives = nil },
	} {
		batch := tinyBatch(c, 0)
		b(batch)
		mustPanic(t, want, func() { tr.Step(batch) })
	}
	train(t, tr, 0, 1)
	mustPanic(t, "nn: Step: all steps of the run are done", func() { tr.Step(tinyBatch(c, 1)) })
}

func mustPanic(t *testing.T, want string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got := recover(); got != want {
			t.Errorf("panic %v, expected %q", got, want)
		}
	}()
	f()
}

// TestMemory: what a trainer plans for 16 items of 224 x 224 pixels fits a laptop.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes gigabytes of address space; run without -short")
	}
	for depth, limit := range map[int]uint64{18: 1 << 30, 50: 5 << 29} {
		c := DefaultConfig(Arch{depth, 64, 3})
		c.Batch = 16
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		tr := newTrainer(t, reference.New(kernels.Float32), c)
		runtime.GC()
		runtime.ReadMemStats(&after)
		if used := after.HeapAlloc - before.HeapAlloc; used > limit {
			t.Errorf("resnet%d plans %d MiB, allowed %d", depth, used>>20, limit>>20)
		} else {
			t.Logf("resnet%d plans %d MiB", depth, used>>20)
		}
		runtime.KeepAlive(tr)
	}
}

// byolOf is a BYOL method with a report of its own.
func byolOf(dev kernels.Device, c Config) *byol {
	return newBYOL(dev, c, newReport(dev, c.Batch, c.Embedding)).(*byol)
}
