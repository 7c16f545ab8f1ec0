package nn

import (
	"bytes"
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

// TestCUDATrains: every method trains on the kernels of the GPU device as on the float64 reference, to the same bits under
// every order of warps, and leaves no byte behind. Two steps of AdamW at the learning rate of the golden trainings are within
// the bounds that these allow a float32 device. One large step of SGD moves the weights along the same gradient; AdamW
// would turn the roundings of a gradient of 0 into steps, and a second large step magnify those of every tier.
func TestCUDATrains(t *testing.T) {
	for _, method := range Methods() {
		for _, o := range []struct {
			optimiser string
			lr        float64
			steps     int
			moved     float64
		}{{"adamw", 1e-5, 2, math.Inf(1)}, {"sgd", 0.1, 1, 1e-3}} {
			t.Run(method+"/"+o.optimiser, func(t *testing.T) {
				c := tinyMethod(method, 18)
				c.Optimiser, c.LR = DefaultOptimiser(o.optimiser), o.lr
				want := trained(t, reference.New(kernels.Float64), c, o.steps)
				var first []byte
				for seed := range uint64(3) {
					dev := openCUDA(t, seed, cuda.Settings{})
					got := trained(t, dev, c, o.steps)
					got.compare(t, want, o.moved)
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
			})
		}
	}
}

// roundedFactors is a reference whose convolutions multiply factors rounded to tf32: what a device with tf32 products computes,
// but for the order of its sums.
type roundedFactors struct{ kernels.Device }

func (roundedFactors) Products() string { return "tf32" }

func (d roundedFactors) round(x kernels.Tensor) kernels.Tensor {
	rounded := make([]float32, x.Len())
	for i, v := range x.Float32() {
		rounded[i] = math.Float32frombits((math.Float32bits(v) + 0x1000) &^ 0x1fff) // to nearest, half away from 0
	}
	return kernels.FromFloat32(rounded, x.Dim(0), x.Dim(1), x.Dim(2), x.Dim(3))
}

func (d roundedFactors) Conv2D(y, x, w kernels.Tensor, c kernels.Conv) {
	d.Device.Conv2D(y, d.round(x), d.round(w), c)
}

func (d roundedFactors) Conv2DStats(y, moments, x, w kernels.Tensor, c kernels.Conv) {
	d.Device.Conv2DStats(y, moments, d.round(x), d.round(w), c)
}

func (d roundedFactors) Conv2DBackwardData(dx, dy, w kernels.Tensor, c kernels.Conv) {
	d.Device.Conv2DBackwardData(dx, d.round(dy), d.round(w), c)
}

func (d roundedFactors) Conv2DBackwardDataAdd(dx, dy, w kernels.Tensor, c kernels.Conv) {
	d.Device.Conv2DBackwardDataAdd(dx, d.round(dy), d.round(w), c)
}

func (d roundedFactors) Conv2DBackwardWeights(dw, dy, x kernels.Tensor, c kernels.Conv) {
	d.Device.Conv2DBackwardWeights(dw, d.round(dy), d.round(x), c)
}

// TestTF32Trains: a training in tf32 has the losses of a reference that rounds the factors of its convolutions, and the same bits
// under every order of warps. Both round factors that are apart by the roundings of float32, so one in a thousand to another
// neighbour, which moves a loss by the root of that, 3 %, of what the rounding of all factors moves it by: a twentieth is allowed.
func TestTF32Trains(t *testing.T) {
	if testing.Short() {
		t.Skip("five seconds of the interpreter; run without -short")
	}
	c := tiny(18)
	c.Optimiser, c.LR = DefaultOptimiser("adamw"), 1e-5
	exact := trained(t, reference.New(kernels.Float64), c, 2)
	c.Precision = "tf32"
	want := trained(t, roundedFactors{reference.New(kernels.Float32)}, c, 2)
	var first []byte
	for seed := range uint64(2) {
		got := trained(t, openCUDA(t, seed, cuda.Settings{Products: cuda.TF32}), c, 2)
		for k, loss := range got.losses {
			moved := math.Abs(want.losses[k] - exact.losses[k])
			if off := math.Abs(loss - want.losses[k]); !(off <= moved/20) {
				t.Errorf("step %d: the loss is %.9f, that of rounded factors %.9f, in float64 %.9f", k, loss, want.losses[k], exact.losses[k])
			}
		}
		if seed == 0 {
			first = got.blocks
		}
		if !bytes.Equal(got.blocks, first) {
			t.Errorf("seed %d: the checkpoint has other bits", seed)
		}
	}
}

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

// compare demands the losses and the weights of another training, the difference of the weights also as a share of how far
// they have moved.
func (r beginning) compare(t *testing.T, want beginning, moved float64) {
	t.Helper()
	const lossBound, weightBound = 5e-4, 1e-3
	for k, loss := range r.losses {
		if !(math.Abs(loss-want.losses[k]) <= lossBound) {
			t.Errorf("step %d: the loss is %.9f, the reference's is %.9f, allowed difference %g", k, loss, want.losses[k], lossBound)
		}
	}
	var difference, size, way float64
	for i, w := range want.after {
		step := w - want.before[i]
		off := r.after[i] - r.before[i] - step
		difference, size, way = difference+off*off, size+w*w, way+step*step
	}
	if d := math.Sqrt(difference / size); !(d <= weightBound) {
		t.Errorf("the weights deviate by %.3g of their norm, allowed %g", d, weightBound)
	}
	if d := math.Sqrt(difference / way); !(d <= moved) {
		t.Errorf("the weights have moved otherwise by %.3g of their way, allowed %g", d, moved)
	}
}
