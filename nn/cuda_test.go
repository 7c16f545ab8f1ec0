package nn

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"gzpt/cuda"
	"gzpt/cuda/ptxsim"
	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
	"gzpt/kernels/reference"
)

// openCUDA opens the GPU device on the interpreter of its kernels.
func openCUDA(t *testing.T, seed uint64, settings cuda.Settings) kernels.Device {
	t.Helper()
	dev, err := cuda.Open(ptxsim.Open(ptxsim.Options{Seed: seed}), settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(dev.Close)
	return dev
}

// schedules is how many orders of warps are tried, one where tests are short.
func schedules(n uint64) uint64 {
	if testing.Short() {
		return 1
	}
	return n
}

// interpretedMethods are those that train on the interpreter, one where tests are short.
func interpretedMethods() []string {
	if testing.Short() {
		return Methods()[:1]
	}
	return Methods()
}

// TestCUDATrains: every method trains on the kernels of the GPU device as on the float64 reference, to the same bits under
// every order of warps, and leaves no byte behind. Two steps of AdamW at the learning rate of the golden trainings are within
// the bounds that these allow a float32 device. One large step of SGD moves the weights along the same gradient; AdamW
// would turn the roundings of a gradient of 0 into steps, and a second large step magnify those of every tier.
func TestCUDATrains(t *testing.T) {
	for _, method := range interpretedMethods() {
		for i, o := range []struct {
			optimiser string
			lr        float64
			steps     int
			moved     float64
		}{{"adamw", 1e-5, 2, math.Inf(1)}, {"sgd", 0.1, 1, 1e-3}} {
			t.Run(method+"/"+o.optimiser, func(t *testing.T) {
				if raceEnabled && i == 0 {
					t.Skip("the step of SGD has the goroutines of those of AdamW")
				}
				c := tinyMethod(method, 18)
				c.Optimiser, c.LR = DefaultOptimiser(o.optimiser), o.lr
				trainsInAnyOrder(t, c, o.steps, schedules(3), kernels.Float64, bounds{loss: 5e-4, weights: 1e-3, moved: o.moved})
			})
		}
	}
}

// trainsInAnyOrder trains under so many orders of warps as on the reference, to the same bits, with no byte left behind.
func trainsInAnyOrder(t *testing.T, c Config, steps int, seeds uint64, oracle kernels.Type, allowed bounds) {
	t.Helper()
	want := trained(t, reference.New(oracle), c, steps)
	var first []byte
	for seed := range seeds {
		dev := openCUDA(t, seed, cuda.Settings{})
		got := trained(t, dev, c, steps)
		got.compare(t, want, allowed)
		if seed == 0 {
			first = got.blocks
		}
		if !bytes.Equal(got.blocks, first) {
			t.Errorf("seed %d: the checkpoint has other bits", seed)
		}
		if n := dev.InUse(); n != 0 {
			t.Errorf("%d bytes were not given back", n)
		}
	}
}

// TestCUDATrainsInBFloat16: with bfloat16 activations every method trains as on the reference with such, to the same bits under
// every order of warps. Both round at the same places: they differ where a sum that lies between two bfloat16 is rounded the
// other way, which is less than passError, all roundings of a pass together.
func TestCUDATrainsInBFloat16(t *testing.T) {
	if raceEnabled {
		t.Skip("half a minute under the race detector; a step in float32, by TestCUDATrains, has the same goroutines")
	}
	for _, method := range interpretedMethods() {
		t.Run(method, func(t *testing.T) {
			c := tinyMethod(method, 18)
			c.Optimiser, c.LR, c.Precision = DefaultOptimiser("sgd"), 0.1, "bfloat16"
			trainsInAnyOrder(t, c, 1, schedules(2), kernels.Float32, bounds{loss: passError, weights: passError, moved: passError})
		})
	}
}

// TestCUDAGraphs: two trainers on one device, of other batches, with an encoder between them, pixels in buffers in turn and in
// other memory, several micro-batches an update, labels that become more and few again, end in the same bits whether their
// steps are graphs or operations one by one.
func TestCUDAGraphs(t *testing.T) {
	if raceEnabled {
		t.Skip("minutes under the race detector; TestCUDATrains and TestStepCarriesBytes stay")
	}
	methods := Methods()
	if testing.Short() {
		methods = []string{"moco"}
	}
	for _, method := range methods {
		t.Run(method, func(t *testing.T) {
			c := tinyMethod(method, 18)
			c.Accumulate, c.Steps = 2, 6
			var want []byte
			for _, settings := range []cuda.Settings{{WithoutGraphs: true}, {}} {
				got := trainedInTurn(t, openCUDA(t, 0, settings), c)
				if want == nil {
					want = got
				} else if !bytes.Equal(got, want) {
					t.Error("graphs give other bits")
				}
			}
		})
	}
	t.Run("images", func(t *testing.T) { // of which the device makes the views
		c := storedConfig("byol")
		want := loaded(t, openCUDA(t, 0, cuda.Settings{WithoutGraphs: true}), c, 4, true)
		if !bytes.Equal(loaded(t, openCUDA(t, 0, cuda.Settings{}), c, 4, true), want) {
			t.Error("graphs give other bits")
		}
	})
}

// trainedInTurn is the losses, features and states of two trainers that make their steps in turn.
func trainedInTurn(t *testing.T, dev kernels.Device, c Config) (bits []byte) {
	t.Helper()
	other := c
	other.Accumulate, other.Batch = 1, 3
	trainers := []*Trainer{newTrainer(t, dev, c), newTrainer(t, dev, other)}
	var buffers [2][]float32
	for i := range buffers {
		buffers[i] = dev.NewBuffer(len(tinyBatch(other, 0).Views[0]))
		defer dev.FreeBuffer(buffers[i])
	}
	tell := func(v float64) { bits = binary.LittleEndian.AppendUint64(bits, math.Float64bits(v)) }
	for k := range c.Steps {
		for i, tr := range trainers {
			b := tinyBatch(tr.Config(), k)
			if i == 1 {
				copy(buffers[k%2], b.Views[k%2])
				b.Views[k%2] = buffers[k%2]
			}
			if k/2 == 1 { // more labels than there is room for at first
				b.Weights = func(int, int) float32 { return 1 }
			}
			m, err := tr.Step(b)
			if err != nil {
				t.Fatal(err)
			}
			tell(m.Loss)
			tell(m.GradNorm)
		}
		if k == 3 {
			e := trainers[0].Encoder(2)
			features := make([]float32, c.Batch*c.Arch.Features())
			if err := e.Encode(features, tinyBatch(c, 9).Views[0]); err != nil {
				t.Fatal(err)
			}
			for _, f := range features {
				tell(float64(f))
			}
			e.Close()
		}
	}
	for _, tr := range trainers {
		bits = append(bits, blocksOf(t, state(t, tr))...)
	}
	return bits
}

// bounds are what a training may differ from another by: a loss, the weights as a share of their norm and of how far they have
// moved.
type bounds struct{ loss, weights, moved float64 }

// beginning is the losses of the first steps on a device, the weights before and after them, and the blocks of the checkpoint where
// the device can write one.
type beginning struct {
	losses, before, after []float64
	blocks                []byte
}

func trained(t *testing.T, dev kernels.Device, c Config, steps int) (r beginning) {
	t.Helper()
	tr, err := NewTrainer(dev, c)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	weights := tr.method.trained().weights.block
	r.before = kerneltest.Get(dev, weights)
	for k := range steps {
		r.losses = append(r.losses, train(t, tr, k, 1).Loss)
	}
	r.after = kerneltest.Get(dev, weights)
	if dev.Type() == kernels.Float32 {
		r.blocks = blocksOf(t, state(t, tr))
	}
	return r
}

// compare demands the losses and the weights of another training.
func (r beginning) compare(t *testing.T, want beginning, allowed bounds) {
	t.Helper()
	for k, loss := range r.losses {
		if !(math.Abs(loss-want.losses[k]) <= allowed.loss) {
			t.Errorf("step %d: the loss is %.9f, the reference's is %.9f, allowed difference %g", k, loss, want.losses[k], allowed.loss)
		}
	}
	var difference, size, way float64
	for i, w := range want.after {
		step := w - want.before[i]
		off := r.after[i] - r.before[i] - step
		difference, size, way = difference+off*off, size+w*w, way+step*step
	}
	if d := math.Sqrt(difference / size); !(d <= allowed.weights) {
		t.Errorf("the weights deviate by %.3g of their norm, allowed %g", d, allowed.weights)
	}
	if d := math.Sqrt(difference / way); !(difference == 0 || d <= allowed.moved) { // the weights of some trainings stay where they are
		t.Errorf("the weights have moved otherwise by %.3g of their way, allowed %g", d, allowed.moved)
	}
}
