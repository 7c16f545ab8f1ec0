package nn

import (
	"bytes"
	"cmp"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"gzpt/asm"
	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
	"gzpt/kernels/reference"
)

// tiny is the settings of the smallest network that has every part, for a BYOL run of four micro-batches.
func tiny(depth int) Config { return tinyMethod("byol", depth) }

// tinyMethod is tiny by another method.
func tinyMethod(method string, depth int) Config {
	c := MethodConfig(method, Arch{depth, 2, 1})
	c.Height, c.Width, c.Batch, c.Steps = 16, 20, 4, 4
	c.ProjectorHidden, c.PredictorHidden, c.Embedding = 8, min(c.PredictorHidden, 8), 4
	if method == "moco" {
		c.MoCo.Queue = 18 // no multiple of the batch: the newest keys come to lie at the end and at the beginning
	}
	c.LR, c.Seed = 1e-2, 7
	return c
}

// tinyBatch is a batch of random images; it follows from its number.
func tinyBatch(c Config, number int) *Batch {
	r := rand.New(rand.NewPCG(uint64(number), 1))
	b := &Batch{Weights: Above(func(i, j int) float32 { return float32((i + j) % 2) }, 0.5)}
	for v := range b.Views {
		b.Views[v] = make([]float32, c.Batch*c.Height*c.Width*c.Arch.Channels)
		for i := range b.Views[v] {
			b.Views[v][i] = r.Float32()
		}
	}
	for i := range c.Batch {
		b.Items = append(b.Items, 10*number+i)
	}
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
		b := tinyBatch(tr.Config(), from+k)
		b.Drop = 0.5
		if m, err = tr.Step(b); err != nil {
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

// TestTargetFollows: after an update the target network moves by the momentum of the update's last micro-batch, the first of
// the run being number 0. The online network stays where it is.
func TestTargetFollows(t *testing.T) {
	for _, accumulate := range []int{1, 2} {
		dev := reference.New(kernels.Float64)
		c := tiny(18)
		c.Accumulate, c.Steps, c.LR, c.TargetMomentum = accumulate, 6, 0, 0.5
		tr := newTrainer(t, dev, c)
		b := tr.method.(*byol)
		dev.Fill(b.follower.leader.weights.block, 1)
		dev.Fill(b.follower.net.weights.block, 0)
		want := 0.0
		for k := range c.Steps {
			train(t, tr, k, 1)
			if (k+1)%accumulate == 0 {
				m := 1 - (1-0.5)*(math.Cos(math.Pi*float64(k)/6)+1)/2
				want = m*want + (1 - m)
			}
			if got := b.follower.net.weights.named("backbone.conv1.weight").Float64()[0]; math.Abs(got-want) > 1e-12 {
				t.Errorf("accumulate %d, after micro-batch %d: %v, expected %v", accumulate, k, got, want)
			}
		}
	}
}

// TestStepsDropOtherPairs: which positives are left out differs from one step to the next.
func TestStepsDropOtherPairs(t *testing.T) {
	for _, method := range Methods() {
		c := tinyMethod(method, 18)
		c.Batch, c.Steps, c.LR = 8, 12, 0
		if method == "moco" {
			c.MoCo.Queue = 2 * c.Batch // full after two steps
		}
		tr := newTrainer(t, reference.New(kernels.Float32), c)
		b := tinyBatch(c, 0)
		b.Drop = 0.5
		positives := map[float64]bool{}
		for k := range c.Steps {
			m, err := tr.Step(b)
			if err != nil {
				t.Fatal(err)
			}
			if k >= 2 {
				positives[m.PositivesPerAnchor] = true
			}
		}
		if len(positives) < 2 {
			t.Errorf("%s: every step has the same number of positives: %v", method, positives)
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

// TestEmbeddingStdNearCollapse: embeddings that differ only far behind the point still have the spread of their values, on
// every tier.
func TestEmbeddingStdNearCollapse(t *testing.T) {
	const b, d = 64, 32
	for _, device := range tiers(t) {
		dev := device.dev
		for _, noise := range []float64{1e-3, 1e-5} {
			s, r, total := newReport(dev, b, d), rand.New(rand.NewPCG(1, 2)), 0.0
			for v := range s.spread {
				z := make([]float64, b*d)
				for i := range z {
					z[i] = 1 + noise*r.NormFloat64()
				}
				embeddings := dev.New(dev.Type(), b, d)
				dev.WriteFloat64(embeddings, z)
				s.spread[v].take(dev, embeddings)
				unit := kerneltest.Get(dev, s.spread[v].unit)
				for c := range d {
					mean, squares := 0.0, 0.0
					for i := c; i < b*d; i += d {
						mean += unit[i] / b
					}
					for i := c; i < b*d; i += d {
						squares += (unit[i] - mean) * (unit[i] - mean)
					}
					total += math.Sqrt(squares/(b-1)) / math.Sqrt(d) / 2
				}
			}
			if err := s.read(); err != nil {
				t.Fatal(err)
			}
			if got := s.embeddingStd(); !(math.Abs(got-total) <= 1e-6*total) {
				t.Errorf("%s, noise %g: %v, expected %v", device.name, noise, got, total)
			}
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

// TestStepAllocatesNothing: a steady step of every method, with and without an update, allocates nothing on the assembly
// tiers.
func TestStepAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("what a program allocates is counted without the race detector")
	}
	for _, d := range tiers(t)[1:] {
		for _, method := range Methods() {
			for _, depth := range []int{18, 50} {
				c := tinyMethod(method, depth)
				c.Accumulate, c.Steps = 2, 1000
				tr := newTrainer(t, d.dev, c)
				b := tinyBatch(c, 0)
				b.Drop = 0.1
				update := func() {
					for range c.Accumulate {
						if _, err := tr.Step(b); err != nil {
							t.Fatal(err)
						}
					}
				}
				for range 10 { // until a queue is full
					update()
				}
				if n := testing.AllocsPerRun(3, update); n != 0 {
					t.Errorf("%s, resnet%d on %s: %v allocations an update", method, depth, d.name, n)
				}
			}
		}
	}
}

// TestSameBitsOnAnyCores: what a run computes does not depend on how many cores there are.
func TestSameBitsOnAnyCores(t *testing.T) {
	for _, tier := range asm.Tiers() {
		for _, method := range Methods() {
			c := tinyMethod(method, 18)
			c.Accumulate, c.Batch = 2, 6
			var want []byte
			for _, cores := range []int{1, 2, 5} {
				before := runtime.GOMAXPROCS(cores)
				dev, err := asm.Open(tier)
				if err != nil {
					t.Fatal(err)
				}
				tr := newTrainer(t, dev, c)
				train(t, tr, 0, 3)
				got := state(t, tr)
				tr.Close()
				dev.Close()
				runtime.GOMAXPROCS(before)
				if want == nil {
					want = got
				} else if !bytes.Equal(got, want) {
					t.Errorf("%s on %s: %d cores give other bits than 1", method, tier, cores)
				}
			}
		}
	}
}

// TestCloseGivesBack: a trainer that is closed leaves its device with what it had before, also after its labels have grown.
func TestCloseGivesBack(t *testing.T) {
	for _, method := range Methods() {
		dev := reference.New(kernels.Float32)
		before := dev.InUse()
		c := tinyMethod(method, 18)
		c.Accumulate, c.Batch = 2, 12
		if method == "moco" {
			c.MoCo.Queue = 200
		}
		tr := newTrainer(t, dev, c)
		for k := range c.Steps {
			b := tinyBatch(c, k)
			b.Weights = all
			if _, err := tr.Step(b); err != nil {
				t.Fatal(err)
			}
		}
		tr.Close()
		if after := dev.InUse(); after != before {
			t.Errorf("%s: %d bytes in use, %d before", method, after, before)
		}
	}
}

func TestConfigErrors(t *testing.T) {
	for _, c := range []struct {
		method string // byol where it is left out
		change func(*Config)
		want   string
	}{
		{"", func(c *Config) { c.Method = "dino" }, `unknown method "dino": expected byol, moco, simclr, simsiam`},
		{"simsiam", func(c *Config) { c.TargetMomentum = 0.9 }, "target momentum is 0.9: the method simsiam has no target network"},
		{"simsiam", func(c *Config) { c.PredictorHidden = 0 }, "width of 0 under the method simsiam"},
		{"simclr", func(c *Config) { c.PredictorHidden = 4 }, "width of 4 under the method simclr"},
		{"simclr", func(c *Config) { c.SimCLR.Temperature = 0 }, "temperature is 0"},
		{"simclr", func(c *Config) { c.SimCLR.Temperature = math.NaN() }, "temperature is NaN"},
		{"simclr", func(c *Config) { c.SimCLR.Normaliser = "row" }, `unknown normaliser "row": expected global or anchor`},
		{"simclr", func(c *Config) { c.SimCLR.Blocks = "view2" }, `unknown blocks "view2": expected view1 or all`},
		{"simclr", func(c *Config) { c.MoCo.Queue = 9 }, "settings of moco under the method simclr"},
		{"moco", func(c *Config) { c.SimCLR.Blocks = "all" }, "settings of simclr under the method moco"},
		{"moco", func(c *Config) { c.MoCo.Temperature = -1 }, "temperature is -1"},
		{"moco", func(c *Config) { c.MoCo.KeyMomentum = 1.1 }, "key momentum is 1.1: expected 0 to 1"},
		{"moco", func(c *Config) { c.MoCo.Queue, c.Accumulate = 7, 2 }, "a queue of 7 slots does not hold the 8 keys of an update"},
		{"moco", func(c *Config) { c.MoCo.QueueStart = "full" }, `unknown queue start "full": expected empty or random`},
		{"moco", func(c *Config) { c.MoCo.QueueStart = "random" }, `a queue start "random" with 0 items to draw from`},
		{"moco", func(c *Config) { c.MoCo.QueueSelf = "other" }, `unknown queue self "other": expected same or released`},
		{"", func(c *Config) { c.Arch.Depth = 20 }, "depth is 20"},
		{"", func(c *Config) { c.Arch.Width = 0 }, "width is 0"},
		{"", func(c *Config) { c.Arch.Channels = 4 }, "4 channels"},
		{"", func(c *Config) { c.Height = 0 }, "image size is 0 x 20"},
		{"", func(c *Config) { c.Batch = 1 }, "batch is 1"},
		{"", func(c *Config) { c.Accumulate = 0 }, "accumulate is 0"},
		{"", func(c *Config) { c.Steps = 0 }, "steps is 0"},
		{"", func(c *Config) { c.WarmupSteps = 5 }, "warm-up of 5 steps in a run of 4"},
		{"", func(c *Config) { c.Embedding = -1 }, "a width below 1"},
		{"", func(c *Config) { c.TargetMomentum = 1.5 }, "target momentum is 1.5"},
		{"", func(c *Config) { c.WarmupRatio = math.NaN() }, "warm-up ratio is NaN"},
		{"", func(c *Config) { c.LR = math.Inf(1) }, "learning rate is +Inf"},
		{"", func(c *Config) { c.Precision = "half" }, `unknown precision "half"`},
		{"", func(c *Config) { c.Schedule = "step" }, `unknown schedule "step"`},
		{"", func(c *Config) { c.Optimiser.Name = "adam" }, `unknown name "adam"`},
		{"", func(c *Config) { c.Optimiser.WeightDecay = -1 }, "weight decay is -1"},
		{"", func(c *Config) { c.Optimiser.Beta2 = 1 }, "betas are 0.9 and 1"},
		{"", func(c *Config) { c.Optimiser.Eps = -1 }, "eps is -1"},
		{"", func(c *Config) { c.Optimiser.Momentum = 2 }, "momentum is 2"},
		{"", func(c *Config) { c.Optimiser = Optimiser{Name: "lars", Trust: -1} }, "trust is -1"},
	} {
		config := tinyMethod(cmp.Or(c.method, "byol"), 18)
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
		"nn: Step: expected the index of the item of each of Batch rows":    func(b *Batch) { b.Items = b.Items[1:] },
		"nn: Step: Drop is not a probability":                               func(b *Batch) { b.Drop = 1.5 },
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

// TestNonFiniteView: a NaN in a view stops the run in its own micro-batch, also where gradients come later.
func TestNonFiniteView(t *testing.T) {
	for _, method := range Methods() {
		c := tinyMethod(method, 18)
		c.Accumulate = 2
		tr := newTrainer(t, reference.New(kernels.Float32), c)
		b := tinyBatch(c, 0)
		b.Views[0][5] = float32(math.NaN())
		var e *NonFiniteError
		if _, err := tr.Step(b); !errors.As(err, &e) || e.Step != 1 {
			t.Errorf("%s: error %v", method, err)
		}
	}
}
