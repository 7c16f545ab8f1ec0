package nn

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/reference"
	"gzpt/nn/safetensors"
)

// TestFound: a backbone under any prefix, beside heads and second networks, is the same backbone, and what was found is
// told.
func TestFound(t *testing.T) {
	dev := reference.New(kernels.Float32)
	good := tensorsOf(t, dev, newTrainer(t, dev, tiny(18)).method.trained(), backbonePrefix)
	path := writeTensors(t, good)
	pixels := tinyBatch(tiny(18), 3).Views[0]
	features := func(path string) ([]float32, *FoundBackbone) {
		t.Helper()
		e, err := LoadEncoder(dev, path, 3, tiny(18).Height, tiny(18).Width)
		if err != nil {
			t.Fatal(err)
		}
		x := make([]float32, tiny(18).Batch*e.Arch().Features())
		encode(t, e, x, pixels)
		return x, e.Found()
	}
	want, _ := features(path)
	one := func(name string) safetensors.Tensor {
		return safetensors.Tensor{Name: name, Shape: []int{1}, Floats: []float32{3}}
	}
	other := renamed(good, "", "bn1.bias") // a second network, whose features would differ
	other = append(other, safetensors.Tensor{Name: "bn1.bias", Shape: []int{2}, Floats: []float32{9, 9}})
	var children []safetensors.Tensor
	for _, s := range good {
		for child, name := range sequential {
			if rest, ok := strings.CutPrefix(s.Name, name+"."); ok {
				s.Name = "encoder." + child + "." + rest
				children = append(children, s)
				break
			}
		}
	}
	for _, c := range []struct {
		name, prefix, told string
		tensors            []safetensors.Tensor
	}{
		{"plain", "", "resnet18 width 2 channels 1 from safetensors", good},
		{"classifier", "", "; left out: fc (2)", append(slices.Clone(good), one("fc.weight"), one("fc.bias"))},
		{"data parallel", "module.", `with the prefix "module."`, renamed(good, "module.")},
		{"momentum contrast", "module.encoder_q.", "; left out: module.encoder_k (120), module.queue (1), module.encoder_q.fc (1)",
			slices.Concat(renamed(other, "module.encoder_k."), renamed(good, "module.encoder_q."), []safetensors.Tensor{one("module.queue"), one("module.encoder_q.fc.0.weight")})},
		{"online network", "online_network.", "left out: target_network (120), predictor (1)",
			slices.Concat(renamed(good, "online_network."), renamed(other, "target_network."), []safetensors.Tensor{one("predictor.0.weight")})},
		{"student", "student.backbone.", "left out: teacher (120), student.head (1)",
			slices.Concat([]safetensors.Tensor{one("student.head.mlp.0.weight")}, renamed(good, "student.backbone."), renamed(other, "teacher.backbone."))},
		{"moving average alone", "model_ema.", `"model_ema."`, renamed(good, "model_ema.")},
		{"state dictionary", "state_dict.model.", `"state_dict.model."`, renamed(good, "state_dict.model.")},
		{"children", "encoder.", "in the order of a torch.nn.Sequential", children},
		{"classifier of the children", "encoder.", "left out: encoder.9 (1)", append(slices.Clone(children), one("encoder.9.weight"))},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, found := features(writeTensors(t, c.tensors))
			if !slices.Equal(got, want) {
				t.Error("other features")
			}
			if s := found.String(); found.Prefix != c.prefix || !strings.Contains(s, c.told) || strings.Contains(s, "\n") {
				t.Errorf("prefix %q, told %q, expected %q and %q", found.Prefix, s, c.prefix, c.told)
			}
		})
	}
}

// TestTorchFiles: files that PyTorch wrote, in both forms, give the features that PyTorch computed.
func TestTorchFiles(t *testing.T) {
	folder := filepath.Join("torchfile", "testdata")
	text, err := os.ReadFile(filepath.Join(folder, "resnet18.features.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want struct{ Features []float64 }
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	const size = 32
	pixels := make([]float32, size*size)
	for i := range pixels {
		pixels[i] = float32(i*37%101)/50 - 1
	}
	dev := reference.New(kernels.Float32)
	for file, told := range map[string]string{
		"resnet18.pth": `resnet18 width 1 channels 1 from PyTorch, zip, names with the prefix "state_dict.module.encoder_q."` +
			"; left out: state_dict.module.encoder_q.fc (1), state_dict.module.encoder_k (2), state_dict.module.queue (1), optimizer (1)",
		"resnet18.legacy.pth": "resnet18 width 1 channels 1 from PyTorch, legacy, F16 turned into float32; left out: fc (2)",
	} {
		e, err := LoadEncoder(dev, filepath.Join(folder, file), 1, size, size)
		if err != nil {
			t.Fatal(err)
		}
		if s := e.Found().String(); s != told {
			t.Errorf("%s: told\n%s\nexpected\n%s", file, s, told)
		}
		got := make([]float32, len(want.Features))
		encode(t, e, got, pixels)
		var difference, norm float64
		for i, w := range want.Features {
			difference = math.Hypot(difference, float64(got[i])-w)
			norm = math.Hypot(norm, w)
		}
		if norm == 0 || difference > 1e-4*norm {
			t.Errorf("%s: features %v, PyTorch computes %v", file, got, want.Features)
		}
	}
}
