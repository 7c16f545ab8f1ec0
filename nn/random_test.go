package nn

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"gzpt/asm"
	"gzpt/cuda"
	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
	"gzpt/kernels/kerneltest/fardevice"
	"gzpt/kernels/reference"
)

// randomTraining is settings of any form, small, and what its batches are made of.
type randomTraining struct {
	Config
	drop    float64
	weights Weights
	repeats bool // an item may be in a batch twice
	shaken  bool // every pixel is moved by up to four units in the last place
}

// randomItems is how many items there are.
const randomItems = 50

// of is one of some things.
func of[T any](r *rand.Rand, things ...T) T { return things[r.IntN(len(things))] }

func newRandomTraining(seed uint64) randomTraining {
	r := rand.New(rand.NewPCG(seed, 0))
	c := MethodConfig(of(r, Methods()...), Arch{18, 1 + r.IntN(4), of(r, 1, 3)})
	c.Height, c.Width, c.Batch, c.Accumulate, c.Steps = 1+r.IntN(18), 1+r.IntN(18), 2+r.IntN(5), 1+r.IntN(3), 6
	c.ProjectorHidden, c.PredictorHidden, c.Embedding = 1+r.IntN(40), min(c.PredictorHidden, 1+r.IntN(20)), 1+r.IntN(40)
	c.WarmupSteps, c.Schedule, c.Seed = r.IntN(4), of(r, "cosine", "constant"), r.Uint64()
	c.Optimiser = DefaultOptimiser(of(r, "adamw", "sgd", "lars"))
	c.LR = map[string]float64{"adamw": 1e-5, "sgd": 1e-6, "lars": 1e-3}[c.Optimiser.Name] // larger steps turn roundings into other ways
	contrast := Contrast{of(r, 0.05, 0.2, 0.5), of(r, "global", "anchor")}
	switch c.Method {
	case "simclr":
		c.SimCLR = SimCLR{contrast, of(r, "view1", "all")}
	case "moco":
		c.MoCo.Contrast, c.MoCo.Queue, c.MoCo.QueueSelf = contrast, c.Batch*c.Accumulate+r.IntN(40), of(r, "same", "released")
		c.MoCo.QueueStart, c.MoCo.Items = "empty", 0
		if r.IntN(2) == 0 {
			c.MoCo.QueueStart, c.MoCo.Items = "random", randomItems
		}
	}
	soft := func(i, j int) float32 { return float32((i+j)*(i*j+7)%11) / 11 }
	return randomTraining{c, of(r, 0, 0.5, 0.9, 1), of(r, nil, Weights(soft), Above(soft, 0.5)), r.IntN(5) == 0, false}
}

// batch is micro-batch number.
func (c randomTraining) batch(number int) *Batch {
	b, r := tinyBatch(c.Config, number), rand.New(rand.NewPCG(uint64(number), 2))
	b.Weights, b.Drop = c.weights, c.drop
	copy(b.Items, r.Perm(randomItems))
	if c.repeats {
		b.Items[c.Batch-1] = b.Items[0]
	}
	for _, view := range b.Views {
		for i := range view {
			if c.shaken {
				view[i] *= 1 + float32(r.IntN(3)-1)*0x1p-22
			}
		}
	}
	return b
}

// run is two updates on a device; where resumed is not 0 another trainer goes on from a checkpoint behind so many micro-batches.
func (c randomTraining) run(t *testing.T, dev kernels.Device, resumed int) (r beginning) {
	t.Helper()
	tr := newTrainer(t, dev, c.Config)
	weights := func() []float64 { return kerneltest.Get(dev, tr.method.trained().weights.block) }
	r.before = weights()
	for k := range 2 * c.Accumulate {
		if k > 0 && k == resumed {
			middle := state(t, tr)
			tr.Close()
			tr = newTrainer(t, dev, c.Config)
			if _, err := tr.Load(bytes.NewReader(middle)); err != nil {
				t.Fatal(err)
			}
		}
		m, err := tr.Step(c.batch(k))
		if err != nil {
			t.Fatal(err)
		}
		r.losses = append(r.losses, m.Loss)
	}
	if r.after = weights(); dev.Type() == kernels.Float32 {
		r.blocks = blocksOf(t, state(t, tr))
	}
	tr.Close()
	return r
}

// TestRandomTrainings: small trainings of any form go on all tiers as on the float64 reference, and to the same bits with any number of
// workers, out of the host's reach, and from a checkpoint in the middle, also of an update.
func TestRandomTrainings(t *testing.T) {
	seeds := uint64(12)
	if testing.Short() {
		seeds = 2
	}
	var devices []opened
	for _, tier := range asm.Tiers() {
		for _, workers := range []int{2, 5} {
			before := runtime.GOMAXPROCS(workers)
			dev, err := asm.Open(tier)
			runtime.GOMAXPROCS(before)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(dev.Close)
			devices = append(devices, opened{tier, dev})
		}
	}
	far := fardevice.New(fardevice.Options{})
	defer far.Close()
	devices = append(devices, opened{asm.Tiers()[0], far})
	for seed := range seeds {
		t.Run(fmt.Sprintf("seed_%d", seed), func(t *testing.T) { newRandomTraining(seed).compare(t, devices) })
	}
}

// TestRandomTrainingsOnInterpreter is TestRandomTrainings for the kernels of the GPU device, whose bits are the same under every order of
// warps.
func TestRandomTrainingsOnInterpreter(t *testing.T) {
	if !*everyGolden {
		t.Skip("minutes; TestCUDATrains and the golden trainings stay; -goldens")
	}
	for seed := range uint64(12) {
		t.Run(fmt.Sprintf("seed_%d", seed), func(t *testing.T) {
			newRandomTraining(seed).compare(t, []opened{{"cuda", openCUDA(t, 0, cuda.Settings{})}, {"cuda", openCUDA(t, 1, cuda.Settings{})}})
		})
	}
}

// compare runs a training on devices; those of one name must have the same bits. Batches of few items make trainings that magnify
// roundings: where already the reference in float32, or that in float64 of images moved by as little, is off by a share of what is
// allowed, only bits are compared.
func (c randomTraining) compare(t *testing.T, devices []opened) {
	t.Logf("%+v", c)
	want, blocks := c.run(t, reference.New(kernels.Float64), 0), map[string][]byte{}
	allowed := bounds{loss: 5e-4, weights: 1e-3, moved: math.Inf(1)}
	shaken := c
	shaken.shaken = true
	firm := true
	for _, other := range []beginning{c.run(t, reference.New(kernels.Float32), 0), shaken.run(t, reference.New(kernels.Float64), 0)} {
		loss, weights := other.off(want)
		firm = firm && loss <= allowed.loss/magnified && weights <= allowed.weights/magnified
	}
	t.Logf("magnifies roundings: %t", !firm)
	for i, d := range devices {
		got := c.run(t, d.dev, 0)
		if firm {
			got.compare(t, want, allowed)
		}
		if first, ok := blocks[d.name]; ok && !bytes.Equal(got.blocks, first) {
			t.Errorf("%s, %s: other bits", d.name, d.dev.Name())
		}
		blocks[d.name] = got.blocks
		if resumed := 1 + i%(2*c.Accumulate-1); !bytes.Equal(c.run(t, d.dev, resumed).blocks, got.blocks) {
			t.Errorf("%s: other bits when resumed behind %d micro-batches", d.name, resumed)
		}
		if n := d.dev.InUse(); n != 0 {
			t.Errorf("%s: %d bytes were not given back", d.name, n)
		}
	}
}

// magnified is how much more a device may be off than the reference in float32, which rounds sums once, or than moved images are.
const magnified = 20

// off is the largest difference of the losses from those of another training, and that of the weights as a share of their norm.
func (r beginning) off(want beginning) (loss, weights float64) {
	var difference, size float64
	for k, l := range r.losses {
		loss = max(loss, math.Abs(l-want.losses[k]))
	}
	for i, w := range want.after {
		difference, size = difference+(r.after[i]-w)*(r.after[i]-w), size+w*w
	}
	return loss, math.Sqrt(difference / size)
}
