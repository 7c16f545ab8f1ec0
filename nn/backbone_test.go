package nn

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
	"gzpt/kernels/reference"
	"gzpt/nn/safetensors"
)

// writeTensors writes a safetensors file and returns its path.
func writeTensors(t *testing.T, tensors []safetensors.Tensor) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "weights.safetensors")
	var b bytes.Buffer
	if err := safetensors.Write(&b, tensors); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestExport: a trained backbone leaves under torchvision's names in OIHW, comes back into an encoder with the same
// features, and starts another run, online and target alike.
func TestExport(t *testing.T) {
	for _, depth := range []int{18, 34, 50, 101} {
		if depth > 50 && testing.Short() {
			t.Log("101 layers: only without -short")
			continue
		}
		dev := reference.New(kernels.Float32)
		c := tiny(depth)
		tr := newTrainer(t, dev, c)
		train(t, tr, 0, 1)
		path := filepath.Join(t.TempDir(), "backbone.safetensors")
		if err := ExportBackbone(path, tr); err != nil {
			t.Fatal(err)
		}

		loaded, err := LoadEncoder(dev, path, 3, c.Height, c.Width)
		if err != nil {
			t.Fatal(err)
		}
		if loaded.Arch() != c.Arch {
			t.Fatalf("recognised %v, expected %v", loaded.Arch(), c.Arch)
		}
		pixels := tinyBatch(c, 3).Views[0]
		a, b := make([]float32, c.Batch*c.Arch.Features()), make([]float32, c.Batch*c.Arch.Features())
		encode(t, loaded, a, pixels)
		encode(t, tr.Encoder(c.Batch), b, pixels)
		for i := range a {
			if math.Abs(float64(a[i]-b[i])) > 1e-6 {
				t.Fatalf("resnet%d: feature %d is %v from the file, %v from the trainer", depth, i, a[i], b[i])
			}
		}

		c.Seed++
		other := newTrainer(t, dev, c)
		if _, err := LoadBackbone(path, other); err != nil {
			t.Fatal(err)
		}
		var first, second bytes.Buffer
		if err := safetensors.Write(&first, tensorsOf(t, dev, tr.method.trained(), backbonePrefix)); err != nil {
			t.Fatal(err)
		}
		for _, n := range other.method.networks() {
			second.Reset()
			if err := safetensors.Write(&second, tensorsOf(t, dev, n.network, backbonePrefix)); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(first.Bytes(), second.Bytes()) {
				t.Errorf("resnet%d: network %s differs from the backbone that it was started from", depth, n.name)
			}
		}
		mustPanic(t, "nn: LoadBackbone: the trainer has made steps", func() { LoadBackbone(path, tr) })
	}
}

// TestExportLayout: element by element, OIHW on disk is KRSC in memory.
func TestExportLayout(t *testing.T) {
	tr := newTrainer(t, reference.New(kernels.Float32), tiny(18))
	tensors := tensorsOf(t, tr.dev, tr.method.trained(), backbonePrefix)
	i := slices.IndexFunc(tensors, func(s safetensors.Tensor) bool { return s.Name == "layer2.0.conv1.weight" })
	w := tr.method.trained().weights.named("backbone.layer2.0.conv1.weight")
	if want := []int{4, 2, 3, 3}; !slices.Equal(tensors[i].Shape, want) {
		t.Fatalf("shape %v, expected %v", tensors[i].Shape, want)
	}
	for k := range 4 {
		for c := range 2 {
			for r := range 3 {
				for s := range 3 {
					if a, b := tensors[i].Floats[((k*2+c)*3+r)*3+s], w.Float32()[((k*3+r)*3+s)*2+c]; a != b {
						t.Fatalf("out %d in %d row %d column %d: %v in the file, %v in memory", k, c, r, s, a, b)
					}
				}
			}
		}
	}
}

func TestLoadBackboneRefuses(t *testing.T) {
	dev := reference.New(kernels.Float32)
	tr := newTrainer(t, dev, tiny(18))
	good := tensorsOf(t, dev, tr.method.trained(), backbonePrefix)
	before := state(t, tr)
	without := func(name string) []safetensors.Tensor {
		return slices.DeleteFunc(slices.Clone(good), func(s safetensors.Tensor) bool { return s.Name == name })
	}
	for _, c := range []struct {
		name    string
		tensors []safetensors.Tensor
		want    string // "" where the file is accepted
	}{
		{"classifier", append(slices.Clone(good), safetensors.Tensor{Name: "fc.weight", Shape: []int{1, 2}, Floats: []float32{1, 2}}), ""},
		{"without counter", without("bn1.num_batches_tracked"), ""},
		{"missing weight", without("layer3.0.conv2.weight"), "tensor layer3.0.conv2.weight is missing"},
		{"missing statistic", without("bn1.running_var"), "tensor bn1.running_var is missing"},
		{"head", append(slices.Clone(good), safetensors.Tensor{Name: "projection_head.0.bias", Shape: []int{1}, Floats: []float32{1}}), ""},
		{"unexpected", append(slices.Clone(good), safetensors.Tensor{Name: "stem.bias", Shape: []int{1}, Floats: []float32{1}}), "tensor stem.bias (F32 [1]) is not expected"},
		{"unexpected inside", append(slices.Clone(good), safetensors.Tensor{Name: "layer1.0.se.fc.weight", Shape: []int{1}, Floats: []float32{1}}), "tensor layer1.0.se.fc.weight (F32 [1]) is not expected"},
		{"integers", append(without("bn1.bias"), safetensors.Tensor{Name: "bn1.bias", Shape: []int{2}, Ints: []int64{1, 2}}), "tensor bn1.bias is I64 [2], expected F32 [2]"},
		{"NaN", append(without("bn1.bias"), safetensors.Tensor{Name: "bn1.bias", Shape: []int{2}, Floats: []float32{1, float32(math.NaN())}}), "tensor bn1.bias: element 1 is NaN, expected a finite number"},
		{"infinity", append(without("bn1.running_mean"), safetensors.Tensor{Name: "bn1.running_mean", Shape: []int{2}, Floats: []float32{float32(math.Inf(-1)), 1}}), "tensor bn1.running_mean: element 0 is -Inf"},
		{"negative variance", append(without("bn1.running_var"), safetensors.Tensor{Name: "bn1.running_var", Shape: []int{2}, Floats: []float32{1, -1}}), "tensor bn1.running_var: element 1 is -1, expected a variance"},
		{"shape", append(without("conv1.weight"), safetensors.Tensor{Name: "conv1.weight", Shape: []int{1}, Floats: []float32{1}}), "tensor conv1.weight is F32 [1], expected F32 [2 1 7 7]"},
		{"prefix", renamed(good, "module.", "conv1.weight"), "tensor module.conv1.weight is missing"},
		{"two networks", append(renamed(good, "left."), renamed(good, "right.")...), `2 backbones, with the prefixes "left." and "right."`},
		{"twice", append(slices.Clone(good), safetensors.Tensor{Name: "conv1.bias", Shape: []int{2}, Floats: []float32{1, 2}}), "tensor conv1.bias (F32 [2]) is not expected"},
		{"other network", tensorsOf(t, dev, newTrainer(t, dev, tiny(34)).method.trained(), backbonePrefix), "it holds a backbone resnet34 width 2 channels 1, expected resnet18 width 2 channels 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := writeTensors(t, c.tensors)
			_, err := LoadBackbone(path, tr)
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("error %v, expected one with %q and the file's name", err, c.want)
			}
			if lines := strings.Count(fmt.Sprint(err), "\n") + 1; lines > 10 {
				t.Errorf("an error of %d lines", lines)
			}
			if !bytes.Equal(before, state(t, tr)) {
				t.Error("the trainer has changed")
			}
		})
	}
}

// write writes a file and returns its path.
func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "weights.pth")
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// renamed is the tensors under a prefix, without some.
func renamed(tensors []safetensors.Tensor, prefix string, without ...string) []safetensors.Tensor {
	var out []safetensors.Tensor
	for _, s := range tensors {
		if !slices.Contains(without, s.Name) {
			s.Name = prefix + s.Name
			out = append(out, s)
		}
	}
	return out
}

func TestLoadEncoderRefuses(t *testing.T) {
	dev := reference.New(kernels.Float32)
	tr := newTrainer(t, dev, tiny(18))
	good := tensorsOf(t, dev, tr.method.trained(), backbonePrefix)
	stem := safetensors.Tensor{Name: "conv1.weight", Shape: []int{1, 1, 1, 1}, Floats: []float32{1}}
	wide := slices.Clone(good) // a network that would not fit the memory of any machine
	wide[0] = safetensors.Tensor{Name: "conv1.weight", Shape: []int{1 << 20, 1, 1, 1}, Floats: make([]float32, 1<<20)}
	for _, c := range []struct {
		name, path, want string
	}{
		{"no backbone", writeTensors(t, nil), "not a backbone"},
		{"stem alone", writeTensors(t, []safetensors.Tensor{stem}), "layer1.0.conv1.weight of a residual network is missing; the file holds 1 tensors: conv1.weight"},
		{"other stages", writeTensors(t, []safetensors.Tensor{stem, {Name: "layer1.0.conv1.weight", Shape: []int{1}, Floats: []float32{1}}}), "not a known backbone"},
		{"wide stem", writeTensors(t, wide), "and 91 more tensors"},
		{"folder", t.TempDir(), "a folder"},
		{"no weights", write(t, "<!DOCTYPE html>"), "neither a safetensors file nor one of PyTorch's torch.save"},
		{"nothing", write(t, ""), "neither a safetensors file"},
		{"header that looks like a pickle", write(t, "\x80\x02\x00\x00\x00\x00\x00\x00{}"), "safetensors: truncated"},
		{"truncated archive", write(t, "PK\x03\x04archive/data.pkl"), "torchfile: the zip archive is truncated"},
		{"incomplete", writeTensors(t, good[:len(good)-5]), "is missing"},
		{"no file", filepath.Join(t.TempDir(), "none"), "no such file"},
	} {
		if _, err := LoadEncoder(dev, c.path, 1, 16, 16); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.path) {
			t.Errorf("%s: error %v, expected one with %q and the file's name", c.name, err, c.want)
		}
	}
}

// TestEncode: the features of an image do not depend on how many go through at once or on its neighbours, and follow the
// trainer only when asked.
func TestEncode(t *testing.T) {
	for _, d := range tiers(t) {
		c := tiny(18)
		tr := newTrainer(t, d.dev, c)
		train(t, tr, 0, 1)
		pixels := tinyBatch(c, 1).Views[0]
		f, image := c.Arch.Features(), len(pixels)/c.Batch
		whole := make([]float32, c.Batch*f)
		e := tr.Encoder(c.Batch)
		encode(t, e, whole, pixels)
		for _, batch := range []int{1, 3, 7} {
			got := make([]float32, c.Batch*f)
			encode(t, tr.Encoder(batch), got, pixels)
			for i := range got {
				if math.Abs(float64(got[i]-whole[i])) > 1e-5*(1+math.Abs(float64(whole[i]))) {
					t.Fatalf("%s: feature %d is %v in batches of %d, %v in one of %d", d.name, i, got[i], batch, whole[i], c.Batch)
				}
			}
		}
		train(t, tr, 1, 1)
		again := make([]float32, f)
		encode(t, e, again, pixels[:image])
		if !slices.Equal(again, whole[:f]) {
			t.Errorf("%s: the encoder changed with the trainer, or with the number of images", d.name)
		}
		e.Follow(tr)
		encode(t, e, again, pixels[:image])
		if slices.Equal(again, whole[:f]) {
			t.Errorf("%s: the encoder did not follow the trainer", d.name)
		}
		mustPanic(t, "nn: Encoder.Encode: expected pixels [n,H,W,C] and features [n,F]", func() { e.Encode(again, pixels) })
	}
}

// TestInitialise: the spread of every kind of parameter is PyTorch's, and the numbers follow from the seed.
func TestInitialise(t *testing.T) {
	dev := reference.New(kernels.Float64)
	c := DefaultConfig(Arch{18, 16, 3})
	c.Height, c.Width, c.Batch = 32, 32, 2
	w := byolOf(dev, c).trained().weights
	for name, want := range map[string]float64{ // standard deviations
		"backbone.conv1.weight":                 math.Sqrt(2. / (16 * 49)),
		"backbone.layer4.0.downsample.0.weight": math.Sqrt(2. / 128),
		"projector.0.weight":                    1 / math.Sqrt(3*128),
		"projector.0.bias":                      1 / math.Sqrt(3*128),
		"predictor.3.weight":                    1 / math.Sqrt(3*4096),
		"backbone.bn1.bias":                     0,
		"projector.1.bias":                      0,
	} {
		x := kerneltest.Get(dev, w.named(name))
		var squares float64
		for _, v := range x {
			squares += v * v
		}
		got := math.Sqrt(squares / float64(len(x)))
		if math.Abs(got-want) > 5*want/math.Sqrt(2*float64(len(x))) {
			t.Errorf("%s: standard deviation %v, expected %v", name, got, want)
		}
	}
	for _, name := range []string{"backbone.bn1.weight", "backbone.layer1.0.bn2.weight", "predictor.1.weight"} {
		for _, v := range kerneltest.Get(dev, w.named(name)) {
			if v != 1 {
				t.Fatalf("%s: %v, expected 1", name, v)
			}
		}
	}
	again := byolOf(dev, c).trained().weights
	if !slices.Equal(w.block.Float64(), again.block.Float64()) {
		t.Error("the same seed gave other weights")
	}
	c.Seed++
	if slices.Equal(w.block.Float64(), byolOf(dev, c).trained().weights.block.Float64()) {
		t.Error("another seed gave the same weights")
	}
}

// encode is Encode on a device that does not fail.
func encode(t *testing.T, e *Encoder, features, pixels []float32) {
	t.Helper()
	if err := e.Encode(features, pixels); err != nil {
		t.Fatal(err)
	}
}

// tensorsOf is backboneTensors on a device that does not fail.
func tensorsOf(t *testing.T, dev kernels.Device, n *network, prefix string) []safetensors.Tensor {
	t.Helper()
	tensors, err := backboneTensors(dev, n, prefix)
	if err != nil {
		t.Fatal(err)
	}
	return tensors
}
