package nn

import (
	"bytes"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gzpt/cuda"
	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
	"gzpt/kernels/kerneltest/fardevice"
	"gzpt/kernels/reference"
)

// halfTiny is tiny with bfloat16 activations.
func halfTiny(depth int) Config {
	c := tiny(depth)
	c.Precision = "bfloat16"
	return c
}

// passError is the relative error up to the features of a ResNet-18 in bfloat16.
var passError = embeddingError("bfloat16", 18)

// TestMixedTrajectory repeats PyTorch's training with SGD, in which the loss falls by 0.7, with bfloat16 activations. Where
// embeddings o and t of length 1 are off by r each, <o,t> is off by 2r at most, and the loss, four times their mean, by 8r.
func TestMixedTrajectory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute; run without -short")
	}
	var goldens []kerneltest.TrajectoryGolden
	kerneltest.LoadGolden(t, "trajectories.json", &goldens)
	g := goldens[slices.IndexFunc(goldens, func(g kerneltest.TrajectoryGolden) bool { return g.Optimizer == "sgd" && g.Depth == 18 })]
	dev := reference.New(kernels.Float32)
	tr := goldenTrainer(t, dev, g, "bfloat16")
	b := goldenBatch(g)
	for k, want := range g.Losses[:12] {
		m, err := tr.Step(b)
		if err != nil {
			t.Fatal(err)
		}
		if bound := 8 * passError; !(math.Abs(m.Loss-want) <= bound) {
			t.Errorf("step %d: the loss is %.4f, PyTorch's %.4f, allowed difference %.4f", k, m.Loss, want, bound)
		}
	}
}

// TestShadowFollowsWeights: after every update, after loading a checkpoint and a backbone, and at the start, the shadow of
// both networks is their weights, rounded.
func TestShadowFollowsWeights(t *testing.T) {
	for _, method := range Methods() {
		t.Run(method, func(t *testing.T) { shadowFollowsWeights(t, method) })
	}
}

func shadowFollowsWeights(t *testing.T, method string) {
	dev := reference.New(kernels.Float32)
	c := tinyMethod(method, 18)
	c.Precision = "bfloat16"
	check := func(when string, networks ...namedNetwork) {
		t.Helper()
		for _, n := range networks {
			weights := kerneltest.Get(dev, n.weights.block)
			for i, got := range kerneltest.Get(dev, n.shadow.block) {
				if want := kernels.FromBFloat16(kernels.ToBFloat16(weights[i])); got != float64(want) {
					t.Fatalf("%s: element %d is %v in the shadow, %v in the weights", when, i, got, weights[i])
				}
			}
		}
	}
	tr := newTrainer(t, dev, c)
	defer tr.Close()
	check("at the start", tr.method.networks()...)
	for k := range 2 {
		train(t, tr, k, 1)
		check("after an update", tr.method.networks()...)
	}
	switch m := tr.method.(type) { // moco follows at the beginning of an update
	case *byol:
		m.follower.follow(0.5)
	case *moco:
		m.follower.follow(0.5)
	}
	check("after one network followed the other", tr.method.networks()...)
	path := filepath.Join(t.TempDir(), "backbone.safetensors")
	if err := ExportBackbone(path, tr); err != nil {
		t.Fatal(err)
	}
	check("in an encoder", namedNetwork{network: tr.Encoder(2).net})

	other := newTrainer(t, dev, c)
	defer other.Close()
	if _, err := LoadBackbone(path, other); err != nil {
		t.Fatal(err)
	}
	check("after a backbone was loaded", other.method.networks()...)
	if _, err := other.Load(bytes.NewReader(state(t, tr))); err != nil {
		t.Fatal(err)
	}
	check("after a checkpoint was loaded", other.method.networks()...)
}

// TestMixedResumes: a run with bfloat16 activations continues to the same bits, on the far device too, and its checkpoint is
// refused by a run of the other precision.
func TestMixedResumes(t *testing.T) {
	far := fardevice.New(fardevice.Options{})
	defer far.Close()
	for _, method := range Methods() {
		c := tinyMethod(method, 18)
		c.Precision, c.Accumulate = "bfloat16", 2
		mixedResumes(t, far, c)
	}
	if n := far.InUse(); n != 0 {
		t.Errorf("%d bytes were not given back", n)
	}
}

func mixedResumes(t *testing.T, far kernels.Device, c Config) {
	var whole []byte
	for _, dev := range []kernels.Device{reference.New(kernels.Float32), far} {
		tr := newTrainer(t, dev, c)
		train(t, tr, 0, 2)
		half := state(t, tr)
		train(t, tr, 2, 2)
		resumed := newTrainer(t, dev, c)
		if _, err := resumed.Load(bytes.NewReader(half)); err != nil {
			t.Fatal(err)
		}
		train(t, resumed, 2, 2)
		if !bytes.Equal(state(t, resumed), state(t, tr)) {
			t.Errorf("%s: the resumed run has other bits", dev.Name())
		}
		blocks := blocksOf(t, state(t, tr))
		if whole != nil && !bytes.Equal(whole, blocks) {
			t.Errorf("%s: other bits than on the reference", dev.Name())
		}
		whole = blocks
		float := c
		float.Precision = "float32"
		full := newTrainer(t, dev, float)
		if _, err := full.Load(bytes.NewReader(half)); err == nil || !strings.Contains(err.Error(), `precision is "bfloat16" in the file, expected "float32"`) {
			t.Errorf("a float32 run takes the checkpoint of a bfloat16 one: %v", err)
		}
		tr.Close()
		resumed.Close()
		full.Close()
	}
}

// TestMixedEncoder: an encoder with bfloat16 activations gives the features of the trainer's, near those of float32.
func TestMixedEncoder(t *testing.T) {
	dev := reference.New(kernels.Float32)
	c := halfTiny(18)
	tr := newTrainer(t, dev, c)
	defer tr.Close()
	train(t, tr, 0, 2)
	path := filepath.Join(t.TempDir(), "backbone.safetensors")
	if err := ExportBackbone(path, tr); err != nil {
		t.Fatal(err)
	}
	images := tinyBatch(c, 9).Views[0]
	features := func(e *Encoder, err error) []float32 {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		f := make([]float32, c.Batch*c.Arch.Features())
		if err := e.Encode(f, images); err != nil {
			t.Fatal(err)
		}
		return f
	}
	mixed := features(LoadEncoderIn(dev, "bfloat16", path, 2, c.Height, c.Width))
	if !slices.Equal(mixed, features(tr.Encoder(3), nil)) {
		t.Error("the encoder of the file and that of the trainer differ")
	}
	full := features(LoadEncoder(dev, path, 2, c.Height, c.Width))
	var apart, size float64
	for i := range full {
		apart += float64(full[i]-mixed[i]) * float64(full[i]-mixed[i])
		size += float64(full[i]) * float64(full[i])
	}
	if got, bound := math.Sqrt(apart/size), 4*passError; !(got <= bound) || got == 0 {
		t.Errorf("the features of bfloat16 are %.2g of their norm away from those of float32, allowed %.2g", got, bound)
	}
}

// TestPrecisionErrors: a precision that there is not, or that the device lacks, is refused by name.
func TestPrecisionErrors(t *testing.T) {
	c := halfTiny(18)
	for _, d := range tiers(t) {
		_, err := NewTrainer(d.dev, c)
		switch want := "nn: precision bfloat16: the device " + d.dev.Name() + " has no such numbers"; {
		case d.dev.Supports(kernels.BFloat16) != (err == nil):
			t.Errorf("%s: %v", d.name, err)
		case err != nil && err.Error() != want:
			t.Errorf("error %q, expected %q", err, want)
		}
	}
	for _, p := range []struct {
		precision string
		products  cuda.Products
		fault     string
	}{
		{"float32", cuda.Float32, ""},
		{"tf32", cuda.TF32, ""},
		{"tf32", cuda.Float32, "nn: precision tf32: the device cuda/float32 multiplies otherwise"},
		{"", cuda.TF32, "nn: precision float32: the device cuda/tf32 multiplies otherwise"},
	} {
		err := CheckPrecision(openCUDA(t, 0, cuda.Settings{Products: p.products}), p.precision)
		if (err == nil) != (p.fault == "") || err != nil && err.Error() != p.fault {
			t.Errorf("precision %q on products of %v: %v, expected %q", p.precision, p.products, err, p.fault)
		}
	}
	if err := CheckPrecision(reference.New(kernels.Float32), "tf32"); err == nil {
		t.Error("the reference takes tf32")
	}
	if _, err := LoadEncoderIn(reference.New(kernels.Float32), "half", "none", 1, 8, 8); err == nil || !strings.Contains(err.Error(), `precision "half"`) {
		t.Errorf("error %v", err)
	}
}
