package nn

import (
	"flag"
	"fmt"
	"math"
	"slices"
	"testing"

	"gzpt/cuda"
	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
)

// precisions are those of the GPU device.
var precisions = []string{"float32", "tf32", "bfloat16"}

// interpreted says what of every golden network and training runs on the interpreter, by precision: of a training the steps, of a network 1
// for everything that the file has of it, 0 for nothing. The operations and losses run there in package cuda: in float32 by
// TestSuite, in tf32 by TestTensorCoreSuite, in bfloat16, as far as the contract has it, by both.
//
// A step of a training takes 10 to 20 seconds of a core, the wide networks as much: more than all that this leaves out comes
// to has no place in continuous integration; -goldens runs all of it. So of four methods each is seen, in every precision one at least, and where a loss
// can tell a wrong update from the roundings of the precision the second one too. On a GPU TestGoldenTrajectories and TestGoldenMethods
// run whole, and there is no golden training of other sizes; TestCUDATrains has every method, optimiser and precision on small ones.
var interpreted = map[string][3]int{
	"resnet18/width=64/channels=3": {0, 0, 0},
	"resnet18/width=16/channels=1": {1, 1, 1},
	"resnet50/width=64/channels=3": {0, 0, 0},

	"byol/resnet18/adamw/positives=50": {0, 0, 0},
	"byol/resnet18/adamw/positives=16": {0, 0, 0},
	"byol/resnet18/sgd/positives=50":   {0, 1, 1},
	"byol/resnet50/adamw/positives=50": {0, 0, 0},
	"simsiam/adamw/global":             {0, 0, 0},
	"simsiam/sgd/global":               {0, 0, 1},
	"simclr/adamw/globalview1":         {0, 0, 0},
	"simclr/adamw/anchorall":           {0, 0, 1},
	"moco/adamw/global":                {0, 0, 0},
	"moco/sgd/anchor":                  {2, 0, 0},
}

// everyGolden is the flag -goldens of the tests of this package.
var everyGolden = flag.Bool("goldens", false, "on the interpreter run every golden network, begin every golden training in every precision, and run random trainings: minutes")

// TestGoldenOnInterpreter repeats what interpreted says, or with -goldens the first step of every training at least, and demands that
// interpreted knows every golden.
func TestGoldenOnInterpreter(t *testing.T) {
	var networks []kerneltest.NetworkGolden
	kerneltest.LoadGolden(t, "networks.json", &networks)
	var trajectories []kerneltest.TrajectoryGolden
	kerneltest.LoadGolden(t, "trajectories.json", &trajectories)
	var methods []kerneltest.MethodGolden
	kerneltest.LoadGolden(t, "methods.json", &methods)
	var seen []string
	each := func(name string, run func(t *testing.T, dev kernels.Device, precision string, steps int)) {
		parts, known := interpreted[name]
		if !known || slices.Contains(seen, name) {
			t.Errorf("nothing says, or two goldens do, what of %s runs on the interpreter", name)
		}
		seen = append(seen, name)
		for i, precision := range precisions {
			steps := parts[i]
			if *everyGolden {
				steps = max(steps, 1)
			}
			if steps > 0 {
				t.Run(name+"/"+precision, func(t *testing.T) {
					if testing.Short() {
						t.Skip("seconds of the interpreter; run without -short")
					}
					settings := cuda.Settings{}
					if precision == "tf32" {
						settings.Products = cuda.TF32
					}
					run(t, openCUDA(t, 0, settings), precision, steps)
				})
			}
		}
	}
	for _, g := range networks {
		each(fmt.Sprintf("resnet%d/width=%d/channels=%d", g.Depth, g.Width, g.Channels), func(t *testing.T, dev kernels.Device, precision string, _ int) {
			activations, allowed := dev.Type(), exactly(dev, g.Depth)
			if precision != "float32" {
				allowed = roughly(precision, g.Depth)
			}
			if precision == "bfloat16" {
				activations = kernels.BFloat16
			}
			goldenNetwork(t, dev, g, activations, allowed)
		})
	}
	for _, g := range trajectories {
		each(fmt.Sprintf("byol/resnet%d/%s/positives=%d", g.Depth, g.Optimizer, g.Positives), func(t *testing.T, dev kernels.Device, precision string, steps int) {
			forward := &forwardAtLast{Device: dev}
			begins(t, goldenTrainer(t, forward, g, precision), forward, func(int) *Batch { return goldenBatch(g) }, g.Losses[:steps], 8*embeddingError(precision, g.Depth))
		})
	}
	for _, g := range methods {
		each(fmt.Sprintf("%s/%s/%s%s", g.Method, g.Optimizer, g.Normaliser, g.Blocks), func(t *testing.T, dev kernels.Device, precision string, steps int) {
			// SimSiam's loss is the mean of two cosines, each off by twice as much as an embedding. Those of SimCLR and MoCo are
			// differences of two logits, each a cosine over the temperature.
			bound := 2 * embeddingError(precision, g.Depth)
			if g.Method != "simsiam" {
				bound = 4 * embeddingError(precision, g.Depth) / g.Temperature
			}
			forward := &forwardAtLast{Device: dev}
			begins(t, goldenMethodTrainer(t, forward, g, precision), forward, func(k int) *Batch { return goldenMethodBatch(g, k) }, g.Losses[:steps], bound)
		})
	}
	for name := range interpreted {
		if !slices.Contains(seen, name) {
			t.Errorf("there is no golden %s", name)
		}
	}
}

// forwardAtLast is a GPU device that leaves out the gradients of convolutions and normalisations in the last step of a training, unless
// -goldens asks for all. They do not reach a loss that is compared, and take two thirds of the step; those of the golden networks are compared, in
// every precision, those of trainings by TestCUDATrains.
type forwardAtLast struct {
	kernels.Device
	last bool
}

func (d *forwardAtLast) Products() string { return d.Device.(kernels.Multiplier).Products() }

func (d *forwardAtLast) Conv2DBackwardData(dx, dy, w kernels.Tensor, c kernels.Conv) {
	if !d.last {
		d.Device.Conv2DBackwardData(dx, dy, w, c)
	}
}

func (d *forwardAtLast) Conv2DBackwardDataAdd(dx, dy, w kernels.Tensor, c kernels.Conv) {
	if !d.last {
		d.Device.Conv2DBackwardDataAdd(dx, dy, w, c)
	}
}

func (d *forwardAtLast) Conv2DBackwardWeights(dw, dy, x kernels.Tensor, c kernels.Conv) {
	if !d.last {
		d.Device.Conv2DBackwardWeights(dw, dy, x, c)
	}
}

func (d *forwardAtLast) BatchNormReLUBackward(dx, dgamma, dbeta, dy, y, x kernels.Tensor, n kernels.Norm) {
	if !d.last {
		d.Device.BatchNormReLUBackward(dx, dgamma, dbeta, dy, y, x, n)
	}
}

func (d *forwardAtLast) BatchNormAddReLUBackward(dx, dr, dgamma, dbeta, dy, y, x kernels.Tensor, n kernels.Norm) {
	if !d.last {
		d.Device.BatchNormAddReLUBackward(dx, dr, dgamma, dbeta, dy, y, x, n)
	}
}

// begins demands the losses of a training's first steps; in float32, whose roundings do not show, as closely as of any device.
func begins(t *testing.T, tr *Trainer, dev *forwardAtLast, batch func(step int) *Batch, losses []float64, bound float64) {
	t.Helper()
	if tr.Config().Precision == "float32" {
		bound = 5e-4
	}
	for k, want := range losses {
		dev.last = k == len(losses)-1 && !*everyGolden
		m, err := tr.Step(batch(k))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("step %d: the loss is %.9f, PyTorch's %.9f", k, m.Loss, want)
		if !(math.Abs(m.Loss-want) <= bound) {
			t.Errorf("step %d: the loss is %.9f, PyTorch's %.9f, allowed difference %.3g", k, m.Loss, want, bound)
		}
	}
}

// pathLayers is how many convolutions lie on the way through a ResNet-18 or -50.
func pathLayers(depth int) int {
	if depth == 50 {
		return 1 + 3*16
	}
	return 1 + 2*8
}

// embeddingError is the relative error of a precision up to the embeddings, all roundings together, each spread evenly and with a sign of its
// own. In tf32 the two factors of each product are rounded, by up to 2^-11, in every layer and in up to 5 of the heads. In bfloat16 it is the
// pixels and in every layer weights, what comes from the convolution and what from the normalisation, by up to 2^-8; the heads are float32.
func embeddingError(precision string, depth int) float64 {
	layers := pathLayers(depth)
	if precision == "tf32" {
		return math.Sqrt(float64(2*(layers+5))) * 0x1p-11 / math.Sqrt(3)
	}
	return math.Sqrt(float64(1+3*layers)) * 0x1p-8 / math.Sqrt(3)
}

// roughly is what the roundings of tf32 or bfloat16 allow a ResNet: the features the error of a pass. A gradient is stopped or not
// by a gate behind each of its layers. The number in front of a gate is off by a share e of its spread, on average two thirds of that at
// the end of the pass, and so the gates of a share e/pi open or close in error: as half of them are open, this moves 2e/pi of the
// square of the gradient, at each of the gates another part.
func roughly(precision string, depth int) deviations {
	pass := embeddingError(precision, depth)
	return deviations{features: pass, gradients: math.Sqrt(float64(pathLayers(depth)) * 2 / math.Pi * 2 / 3 * pass)}
}
